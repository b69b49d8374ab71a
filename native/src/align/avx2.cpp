// Crops with AVX2: two samples to a register.
//
// The 8 + 8 bytes that a sample reads of two rows fill a lane. A shuffle makes 16-bit pairs of
// horizontal neighbours of it, channel by channel, and one multiply-add of pairs weighs them.
#include <immintrin.h>

#include "blocks.hpp"
#include "upright.hpp"

namespace facegate {
namespace {

class Avx2Taps {
  public:
    void add(const std::uint8_t* data, std::ptrdiff_t row_bytes, const Samples& samples,
             bool ahead) noexcept {
        const char z = -1;
        const __m256i forward = _mm256_broadcastsi128_si256(
            _mm_setr_epi8(0, z, 3, z, 1, z, 4, z, 2, z, 5, z, z, z, z, z));
        const __m256i eight = _mm256_set1_epi16(8);
        const __m256i two = _mm256_set1_epi16(2);
        const __m256i upper_bytes = ahead ? forward : _mm256_add_epi16(forward, two);
        const __m256i lower_bytes = _mm256_add_epi16(upper_bytes, eight);
        if (!ahead) data -= 2;
        const std::uint8_t* const below = data + row_bytes;
        const Numbers offset(samples.offset);
        for (int half = 0; half < 2; ++half) {
            const std::int32_t* const at = offset.at + 8 * half;
            __m256i* const sums = sums_ + 4 * half;
            const auto weighed = [&](int i, __m256i upper, __m256i lower) noexcept {
                const __m256i bytes = _mm256_inserti128_si256(
                    _mm256_castsi128_si256(both_rows(data + at[i], below + at[i])),
                    both_rows(data + at[i + 4], below + at[i + 4]), 1);
                const __m256i sum = _mm256_add_epi32(
                    _mm256_madd_epi16(_mm256_shuffle_epi8(bytes, upper_bytes), upper),
                    _mm256_madd_epi16(_mm256_shuffle_epi8(bytes, lower_bytes), lower));
                sums[i] = _mm256_add_epi32(sums[i], sum);
            };
            const __m256i a = reinterpret_cast<__m256i>(samples.upper[half]);
            const __m256i b = reinterpret_cast<__m256i>(samples.lower[half]);
            weighed(0, _mm256_shuffle_epi32(a, 0x00), _mm256_shuffle_epi32(b, 0x00));
            weighed(1, _mm256_shuffle_epi32(a, 0x55), _mm256_shuffle_epi32(b, 0x55));
            weighed(2, _mm256_shuffle_epi32(a, 0xaa), _mm256_shuffle_epi32(b, 0xaa));
            weighed(3, _mm256_shuffle_epi32(a, 0xff), _mm256_shuffle_epi32(b, 0xff));
        }
    }

    void channels(Ints (*sums)[parts]) const noexcept {
        for (int half = 0; half < 2; ++half) {
            const __m256i* const s = sums_ + 4 * half;
            const __m256i low[2] = {_mm256_unpacklo_epi32(s[0], s[1]),
                                    _mm256_unpacklo_epi32(s[2], s[3])};
            const __m256i high[2] = {_mm256_unpackhi_epi32(s[0], s[1]),
                                     _mm256_unpackhi_epi32(s[2], s[3])};
            const __m256i channel[3] = {_mm256_unpacklo_epi64(low[0], low[1]),
                                        _mm256_unpackhi_epi64(low[0], low[1]),
                                        _mm256_unpacklo_epi64(high[0], high[1])};
            for (int c = 0; c < 3; ++c) sums[c][half] = reinterpret_cast<Ints>(channel[c]);
        }
    }

  private:
    static __m128i both_rows(const std::uint8_t* upper, const std::uint8_t* lower) noexcept {
        const __m128i first = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(upper));
        return _mm_castps_si128(
            _mm_loadh_pi(_mm_castsi128_ps(first), reinterpret_cast<const __m64*>(lower)));
    }

    __m256i sums_[8] = {};  // of samples i and i + 4, for i of 0..3 and 8..11
};

struct WithAvx2 : Singly<Avx2Taps> {
    static constexpr auto average = average_plainly;
};

}  // namespace

const AlignKernels align_avx2 = {turned<WithAvx2>, turned_u8<WithAvx2>, upright, upright_u8};

}  // namespace facegate
