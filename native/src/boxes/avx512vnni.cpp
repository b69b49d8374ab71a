// Box kernels with AVX-512.
#include <immintrin.h>

#include "../registers.hpp"

namespace facegate {
namespace {

constexpr int together = 4;

std::uint32_t* listed(const Floats& values, float bound, std::uint32_t first,
                      std::uint32_t* to) noexcept {
    const auto vector = reinterpret_cast<__m512>(values);
    const __mmask16 stays = _mm512_cmp_ps_mask(vector, _mm512_set1_ps(bound), _CMP_NLT_UQ);
    const __m512i numbers =
        _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                         _mm512_set1_epi32(static_cast<int>(first)));
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(stays, numbers));
    return to + __builtin_popcount(stays);
}

bool any(const Ints& truths) noexcept {
    const auto vector = reinterpret_cast<__m512i>(truths);
    return _mm512_test_epi32_mask(vector, vector) != 0;
}

bool all_below(const float* values, float bound) noexcept {
    const __m512 bounds = _mm512_set1_ps(bound);
    __mmask16 stay = _mm512_cmp_ps_mask(_mm512_loadu_ps(values), bounds, _CMP_NLT_UQ);
    for (int v = 1; v < together; ++v) {
        stay = static_cast<__mmask16>(
            stay | _mm512_cmp_ps_mask(_mm512_loadu_ps(values + v * lanes), bounds, _CMP_NLT_UQ));
    }
    return stay == 0;
}

}  // namespace
}  // namespace facegate

#include "kernels.hpp"

namespace facegate {

const BoxKernels boxes_avx512vnni = {count_values,  list_values, list_fifths,
                                     highest_value, all_finite,  is_suppressed};

}  // namespace facegate
