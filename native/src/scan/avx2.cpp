// VPMADDUBSW wants one factor without a sign: |q|, while the other takes the sign of q. No value is
// -128, so neither overflows, and its pair sums are at most 2 * 127 * 127 < 2^15: they never
// saturate.
//
// Tiles of up to four probes keep eight sums in registers.
#include <immintrin.h>

#include "facegate/scan.hpp"

namespace facegate {

namespace {

constexpr std::size_t most_probes = 4;

struct Work {
    const unsigned char* groups;
    std::size_t count;
    std::size_t lines;
    const std::int8_t* values;  // of the tile's first probe
    const ProbeTerms* terms;
    float* upper;
    float* best;
};

__m256 bounds(__m256i dot, const unsigned char* scales, const ProbeTerms& terms) noexcept {
    const auto* const floats = reinterpret_cast<const float*>(scales);
    const __m256 extra =
        _mm256_fmadd_ps(_mm256_load_ps(floats + group_rows), _mm256_set1_ps(terms.per_error),
                        _mm256_set1_ps(terms.always));
    const __m256 scale = _mm256_mul_ps(_mm256_load_ps(floats), _mm256_set1_ps(terms.scale));
    return _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), scale, extra);
}

float highest(__m256 values) noexcept {
    __m128 most = _mm_max_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
    most = _mm_max_ps(most, _mm_movehl_ps(most, most));
    return _mm_cvtss_f32(_mm_max_ss(most, _mm_movehdup_ps(most)));
}

template <int P>
void strip(const Work& work) noexcept {
    const std::size_t stride = group_bytes(work.lines);
    const __m256i ones = _mm256_set1_epi16(1);
    __m256 best[P];
    for (int p = 0; p < P; ++p) best[p] = _mm256_set1_ps(-__builtin_inff());
    for (std::size_t g = 0; g < work.count; ++g) {
        const unsigned char* const group = work.groups + g * stride;
        const unsigned char* const q = group + 2 * line_bytes;
        __m256i sums[P][2];
        for (int p = 0; p < P; ++p) sums[p][0] = sums[p][1] = _mm256_setzero_si256();
        for (std::size_t line = 0; line < work.lines; ++line) {
            const auto* const rows = reinterpret_cast<const __m256i*>(q + line * line_bytes);
            const __m256i half[2] = {_mm256_load_si256(rows), _mm256_load_si256(rows + 1)};
            const __m256i size[2] = {_mm256_abs_epi8(half[0]), _mm256_abs_epi8(half[1])};
#pragma GCC unroll 4
            for (int p = 0; p < P; ++p) {
                std::int32_t four;
                __builtin_memcpy(
                    &four, work.values + (static_cast<std::size_t>(p) * work.lines + line) * 4, 4);
                const __m256i probe = _mm256_set1_epi32(four);
#pragma GCC unroll 2
                for (int h = 0; h < 2; ++h) {
                    const __m256i pairs =
                        _mm256_maddubs_epi16(size[h], _mm256_sign_epi8(probe, half[h]));
                    sums[p][h] = _mm256_add_epi32(sums[p][h], _mm256_madd_epi16(pairs, ones));
                }
            }
        }
        for (int p = 0; p < P; ++p) {
            float* const out =
                work.upper + (static_cast<std::size_t>(p) * work.count + g) * group_rows;
            for (int h = 0; h < 2; ++h) {
                const __m256 upper = bounds(sums[p][h], group + h * 32, work.terms[p]);
                _mm256_storeu_ps(out + h * 8, upper);
                best[p] = _mm256_max_ps(upper, best[p]);
            }
        }
    }
    for (int p = 0; p < P; ++p) work.best[p] = highest(best[p]);
}

constexpr void (*strips[])(const Work&) noexcept = {strip<1>, strip<2>, strip<3>,
                                                    strip<most_probes>};

}  // namespace

void scan_avx2(const unsigned char* groups, std::size_t count, std::size_t lines,
               const Probes& probes, float* upper, float* best) noexcept {
    std::size_t tiles = (probes.count + most_probes - 1) / most_probes;
    for (std::size_t p = 0; p < probes.count; --tiles) {
        const std::size_t width = (probes.count - p + tiles - 1) / tiles;
        strips[width - 1]({groups, count, lines, probes.values + p * lines * 4, probes.terms + p,
                           upper + p * count * group_rows, best + p});
        p += width;
    }
}

}  // namespace facegate
