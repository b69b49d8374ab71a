// Box kernels with AVX2.
#include <immintrin.h>

#include "../registers.hpp"

namespace facegate {
namespace {

constexpr int together = 4;

std::uint32_t* listed(const Floats& values, float bound, std::uint32_t first,
                      std::uint32_t* to) noexcept {
    const auto vector = reinterpret_cast<__m256>(values);
    const __m256 stays = _mm256_cmp_ps(vector, _mm256_set1_ps(bound), _CMP_NLT_UQ);
    auto mask = static_cast<unsigned>(_mm256_movemask_ps(stays));
    while (mask != 0) {
        *to++ = first + static_cast<std::uint32_t>(__builtin_ctz(mask));
        mask &= mask - 1;
    }
    return to;
}

bool any(const Ints& truths) noexcept {
    const auto vector = reinterpret_cast<__m256i>(truths);
    return _mm256_testz_si256(vector, vector) == 0;
}

bool all_below(const float* values, float bound) noexcept {
    const __m256 bounds = _mm256_set1_ps(bound);
    __m256 stay = _mm256_cmp_ps(_mm256_loadu_ps(values), bounds, _CMP_NLT_UQ);
    for (int v = 1; v < together; ++v) {
        const __m256 next = _mm256_cmp_ps(_mm256_loadu_ps(values + v * lanes), bounds, _CMP_NLT_UQ);
        stay = _mm256_or_ps(stay, next);
    }
    return _mm256_movemask_ps(stay) == 0;
}

}  // namespace
}  // namespace facegate

#include "kernels.hpp"

namespace facegate {

const BoxKernels boxes_avx2 = {count_values,  list_values, list_fifths,
                               highest_value, all_finite,  is_suppressed};

}  // namespace facegate
