// VPDPBUSD multiplies bytes without a sign by bytes with one: q + 128 is the former, and 128 times
// the sum of r is taken off again. |(q + 128).r| <= 255 * 127 * 4096 < 2^28 does not overflow.
//
// Tiles of up to six probes and three groups keep 18 sums in registers, so that what is loaded is
// used three or six times; with more of them GCC spills. One probe alone waits for memory: its sums
// are split eight ways only to hide the instruction's latency.
#include <immintrin.h>

#include "facegate/scan.hpp"

namespace facegate {

namespace {

constexpr std::size_t most_probes = 6;

struct Work {
    const unsigned char* groups;
    std::size_t count;
    std::size_t lines;
    const std::int8_t* values;  // of the tile's first probe
    const ProbeTerms* terms;
    float* upper;
    float* best;
};

__m512 bounds(__m512i dot, const unsigned char* group, const ProbeTerms& terms) noexcept {
    const __m512 scale = _mm512_load_ps(group);
    const __m512 error = _mm512_load_ps(group + line_bytes);
    const __m512 extra =
        _mm512_fmadd_ps(error, _mm512_set1_ps(terms.per_error), _mm512_set1_ps(terms.always));
    dot = _mm512_sub_epi32(dot, _mm512_set1_epi32(128 * terms.sum));
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot),
                           _mm512_mul_ps(scale, _mm512_set1_ps(terms.scale)), extra);
}

// P probes with G groups from group `first` on; each sum is split into S.
template <int P, int G, int S>
void tile(const Work& work, std::size_t first, __m512 (&best)[P]) noexcept {
    const std::size_t stride = group_bytes(work.lines);
    const unsigned char* const base = work.groups + first * stride;
    const unsigned char* const q = base + 2 * line_bytes;
    const __m512i sign = _mm512_set1_epi8(-128);
    __m512i sums[S][G][P];
    for (int s = 0; s < S; ++s) {
        for (int g = 0; g < G; ++g) {
            for (int p = 0; p < P; ++p) sums[s][g][p] = _mm512_setzero_si512();
        }
    }
    for (std::size_t line = 0; line < work.lines; line += S) {
#pragma GCC unroll 8
        for (int s = 0; s < S; ++s) {
            const std::size_t at = line + static_cast<std::size_t>(s);
            __m512i rows[G];
#pragma GCC unroll 3
            for (int g = 0; g < G; ++g) {
                const auto offset = static_cast<std::size_t>(g) * stride + at * line_bytes;
                rows[g] = _mm512_xor_si512(_mm512_load_si512(q + offset), sign);
            }
#pragma GCC unroll 6
            for (int p = 0; p < P; ++p) {
                std::int32_t four;
                __builtin_memcpy(
                    &four, work.values + (static_cast<std::size_t>(p) * work.lines + at) * 4, 4);
                const __m512i probe = _mm512_set1_epi32(four);
#pragma GCC unroll 3
                for (int g = 0; g < G; ++g) {
                    sums[s][g][p] = _mm512_dpbusd_epi32(sums[s][g][p], rows[g], probe);
                }
            }
        }
    }
    for (int g = 0; g < G; ++g) {
        for (int p = 0; p < P; ++p) {
            for (int s = 1; s < S; ++s) {
                sums[0][g][p] = _mm512_add_epi32(sums[0][g][p], sums[s][g][p]);
            }
            const std::size_t group = first + static_cast<std::size_t>(g);
            const __m512 upper =
                bounds(sums[0][g][p], base + static_cast<std::size_t>(g) * stride, work.terms[p]);
            _mm512_storeu_ps(
                work.upper + (static_cast<std::size_t>(p) * work.count + group) * group_rows,
                upper);
            best[p] = _mm512_max_ps(upper, best[p]);
        }
    }
}

template <int P>
void strip(const Work& work) noexcept {
    constexpr int groups = P == 1 ? 1 : 3;
    constexpr int split = P == 1 ? 8 : P == 2 ? 2 : 1;
    __m512 best[P];
    for (int p = 0; p < P; ++p) best[p] = _mm512_set1_ps(-__builtin_inff());
    std::size_t g = 0;
    for (; g + groups <= work.count; g += groups) tile<P, groups, split>(work, g, best);
    for (; g < work.count; ++g) tile<P, 1, split>(work, g, best);
    for (int p = 0; p < P; ++p) work.best[p] = _mm512_reduce_max_ps(best[p]);
}

constexpr void (*strips[])(const Work&) noexcept = {strip<1>, strip<2>, strip<3>,
                                                    strip<4>, strip<5>, strip<most_probes>};

}  // namespace

void scan_avx512vnni(const unsigned char* groups, std::size_t count, std::size_t lines,
                     const Probes& probes, float* upper, float* best) noexcept {
    std::size_t tiles = (probes.count + most_probes - 1) / most_probes;
    for (std::size_t p = 0; p < probes.count; --tiles) {
        // Tiles of equal width: seven probes are four and three, not six and one.
        const std::size_t width = (probes.count - p + tiles - 1) / tiles;
        strips[width - 1]({groups, count, lines, probes.values + p * lines * 4, probes.terms + p,
                           upper + p * count * group_rows, best + p});
        p += width;
    }
}

}  // namespace facegate
