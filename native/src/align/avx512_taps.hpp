// Samples with AVX-512: four to a register, as in avx2.cpp. VNNI adds the products of two pairs to
// the sums in one instruction.
//
// Included by one file per instruction set; everything here is that file's own.
#pragma once

#include <immintrin.h>

#include "turned.hpp"

namespace facegate {
namespace {

class Avx512Taps {
  public:
    void add(const std::uint8_t* data, std::ptrdiff_t row_bytes, const Samples& samples,
             bool ahead) noexcept {
        const char z = -1;
        const __m512i forward =
            _mm512_broadcast_i32x4(_mm_setr_epi8(0, z, 3, z, 1, z, 4, z, 2, z, 5, z, z, z, z, z));
        const __m512i upper_bytes =
            ahead ? forward : _mm512_add_epi16(forward, _mm512_set1_epi16(2));
        const __m512i lower_bytes = _mm512_add_epi16(upper_bytes, _mm512_set1_epi16(8));
        const auto above = reinterpret_cast<__m512i>(samples.upper[0]);
        const auto under = reinterpret_cast<__m512i>(samples.lower[0]);
        const Numbers offset(samples.offset);
        const std::int32_t* const at = offset.at;
        if (!ahead) data -= 2;
        const std::uint8_t* const below = data + row_bytes;
        const auto weighed = [&](int i, __m512i upper, __m512i lower) noexcept {
            const __m256i low = _mm256_inserti128_si256(
                _mm256_castsi128_si256(both_rows(data + at[i], below + at[i])),
                both_rows(data + at[i + 4], below + at[i + 4]), 1);
            const __m256i high = _mm256_inserti128_si256(
                _mm256_castsi128_si256(both_rows(data + at[i + 8], below + at[i + 8])),
                both_rows(data + at[i + 12], below + at[i + 12]), 1);
            const __m512i bytes = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
            const __m512i sum =
                _mm512_dpwssd_epi32(sums_[i], _mm512_shuffle_epi8(bytes, upper_bytes), upper);
            sums_[i] = _mm512_dpwssd_epi32(sum, _mm512_shuffle_epi8(bytes, lower_bytes), lower);
        };
        weighed(0, _mm512_shuffle_epi32(above, _MM_PERM_AAAA),
                _mm512_shuffle_epi32(under, _MM_PERM_AAAA));
        weighed(1, _mm512_shuffle_epi32(above, _MM_PERM_BBBB),
                _mm512_shuffle_epi32(under, _MM_PERM_BBBB));
        weighed(2, _mm512_shuffle_epi32(above, _MM_PERM_CCCC),
                _mm512_shuffle_epi32(under, _MM_PERM_CCCC));
        weighed(3, _mm512_shuffle_epi32(above, _MM_PERM_DDDD),
                _mm512_shuffle_epi32(under, _MM_PERM_DDDD));
    }

    void channels(Ints (*sums)[parts]) const noexcept {
        const __m512i low[2] = {_mm512_unpacklo_epi32(sums_[0], sums_[1]),
                                _mm512_unpacklo_epi32(sums_[2], sums_[3])};
        const __m512i high[2] = {_mm512_unpackhi_epi32(sums_[0], sums_[1]),
                                 _mm512_unpackhi_epi32(sums_[2], sums_[3])};
        sums[0][0] = reinterpret_cast<Ints>(_mm512_unpacklo_epi64(low[0], low[1]));
        sums[1][0] = reinterpret_cast<Ints>(_mm512_unpackhi_epi64(low[0], low[1]));
        sums[2][0] = reinterpret_cast<Ints>(_mm512_unpacklo_epi64(high[0], high[1]));
    }

  private:
    static __m128i both_rows(const std::uint8_t* upper, const std::uint8_t* lower) noexcept {
        const __m128i first = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(upper));
        return _mm_castps_si128(
            _mm_loadh_pi(_mm_castsi128_ps(first), reinterpret_cast<const __m64*>(lower)));
    }

    __m512i sums_[4] = {};  // of samples i, i + 4, i + 8 and i + 12
};

}  // namespace
}  // namespace facegate
