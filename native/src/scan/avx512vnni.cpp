// VPDPBUSD multiplies bytes without a sign by bytes with one: q + 128 is the former, and 128 times
// the sum of r is taken off again. |(q + 128).r| <= 255 * 127 * 4096 < 2^28 does not overflow.
//
// Tiles of up to six probes and three groups keep 18 sums in registers, so that what is loaded is
// used three or six times. All probes pass over the same three groups, which stay in the nearest
// cache, before the next; these are asked for meanwhile, so that nobody waits for the memory. One
// probe alone is as fast as the memory: its sums are split eight ways only to hide the
// instruction's latency.
#include <immintrin.h>

#include "facegate/scan.hpp"

namespace facegate {

namespace {

constexpr std::size_t most_probes = 6;     // of a tile
constexpr std::size_t most_together = 24;  // that pass over the same groups in turn
constexpr std::size_t side = 3;            // groups of a tile, for more than one probe
// How far ahead one probe alone asks for what it will read: as far as a page, where processors stop
// doing so by themselves.
constexpr std::size_t one_ahead = 4096;

// What probes that pass over the groups together have in common.
struct Work {
    const unsigned char* groups;
    std::size_t count;
    std::size_t lines;
    const std::int8_t* values;  // of the first probe
    const ProbeTerms* terms;
    float* upper;
    std::size_t ahead;  // bytes that a tile asks the memory for with every line
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

// As _mm512_dpbusd_epi32, for which GCC moves every sum into another register and back.
inline __m512i add_products(__m512i sum, __m512i rows, __m512i probe) noexcept {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(rows), "v"(probe));
    return sum;
}

// P probes from `probe` on with G groups from group `first` on; each sum is split into S. `next`:
// the bytes that are asked for meanwhile.
template <int P, int G, int S>
void tile(const Work& work, std::size_t first, std::size_t probe, const unsigned char* next,
          __m512* best) noexcept {
    const std::size_t stride = group_bytes(work.lines);
    const unsigned char* const base = work.groups + first * stride;
    const unsigned char* const q = base + 2 * line_bytes;
    const std::int8_t* const values = work.values + probe * work.lines * 4;
    const __m512i sign = _mm512_set1_epi8(-128);
    __m512i sums[S][G][P];
#pragma GCC unroll 8
    for (int s = 0; s < S; ++s) {
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) {
#pragma GCC unroll 6
            for (int p = 0; p < P; ++p) sums[s][g][p] = _mm512_setzero_si512();
        }
    }
    for (std::size_t line = 0; line < work.lines; line += S) {
#pragma GCC unroll 8
        for (int s = 0; s < S; ++s) {
            const std::size_t at = line + static_cast<std::size_t>(s);
            for (std::size_t b = 0; b < work.ahead; b += line_bytes, next += line_bytes) {
                _mm_prefetch(reinterpret_cast<const char*>(next), _MM_HINT_T0);
            }
            __m512i rows[G];
#pragma GCC unroll 4
            for (int g = 0; g < G; ++g) {
                const auto offset = static_cast<std::size_t>(g) * stride + at * line_bytes;
                rows[g] = _mm512_xor_si512(_mm512_load_si512(q + offset), sign);
            }
#pragma GCC unroll 6
            for (int p = 0; p < P; ++p) {
                std::int32_t four;
                __builtin_memcpy(&four,
                                 values + (static_cast<std::size_t>(p) * work.lines + at) * 4, 4);
                const __m512i one = _mm512_set1_epi32(four);
#pragma GCC unroll 4
                for (int g = 0; g < G; ++g) {
                    sums[s][g][p] = add_products(sums[s][g][p], rows[g], one);
                }
            }
        }
    }
#pragma GCC unroll 6
    for (int p = 0; p < P; ++p) {
        const std::size_t which = probe + static_cast<std::size_t>(p);
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) {
#pragma GCC unroll 8
            for (int s = 1; s < S; ++s) {
                sums[0][g][p] = _mm512_add_epi32(sums[0][g][p], sums[s][g][p]);
            }
            const std::size_t group = first + static_cast<std::size_t>(g);
            const __m512 upper = bounds(sums[0][g][p], base + static_cast<std::size_t>(g) * stride,
                                        work.terms[which]);
            _mm512_storeu_ps(work.upper + (which * work.count + group) * group_rows, upper);
            best[which] = _mm512_max_ps(upper, best[which]);
        }
    }
}

using Tile = void (*)(const Work&, std::size_t, std::size_t, const unsigned char*,
                      __m512*) noexcept;

// Of two probes and more.
constexpr Tile wide[] = {tile<2, side, 2>, tile<3, side, 1>, tile<4, side, 1>, tile<5, side, 1>,
                         tile<most_probes, side, 1>};
constexpr Tile narrow[] = {tile<2, 1, 2>, tile<3, 1, 1>, tile<4, 1, 1>, tile<5, 1, 1>,
                           tile<most_probes, 1, 1>};

// How many of `things` the first of `parts` has, which differ by one at most.
constexpr std::size_t first_of(std::size_t things, std::size_t parts) noexcept {
    return (things + parts - 1) / parts;
}

void scan_one(Work work, __m512* best) noexcept {
    work.ahead = line_bytes;
    for (std::size_t g = 0; g < work.count; ++g) {
        const unsigned char* const group = work.groups + g * group_bytes(work.lines);
        tile<1, 1, 8>(work, g, 0, group + one_ahead, best);
    }
}

// Two probes up to most_together.
void scan_more(Work work, std::size_t probes, __m512* best) noexcept {
    const std::size_t stride = group_bytes(work.lines);
    const std::size_t tiles = first_of(probes, most_probes);
    work.ahead = first_of(side * (work.lines + 2), tiles * work.lines) * line_bytes;
    for (std::size_t g = 0; g < work.count;) {
        const bool full = g + side <= work.count;
        const unsigned char* next = work.groups + (g + side) * stride;
        std::size_t left = tiles;
        for (std::size_t p = 0; p < probes; --left) {
            // Seven probes are four and three, not six and one.
            const std::size_t width = first_of(probes - p, left);
            (full ? wide : narrow)[width - 2](work, g, p, next, best);
            next += work.ahead * work.lines;
            p += width;
        }
        g += full ? side : 1;
    }
}

}  // namespace

void scan_avx512vnni(const unsigned char* groups, std::size_t count, std::size_t lines,
                     const Probes& probes, float* upper, float* best) noexcept {
    std::size_t passes = first_of(probes.count, most_together);
    for (std::size_t p = 0; p < probes.count; --passes) {
        const std::size_t together = first_of(probes.count - p, passes);
        __m512 highest[most_together];
        for (__m512& one : highest) one = _mm512_set1_ps(-__builtin_inff());
        const Work work{groups,
                        count,
                        lines,
                        probes.values + p * lines * 4,
                        probes.terms + p,
                        upper + p * count * group_rows,
                        0};
        together == 1 ? scan_one(work, highest) : scan_more(work, together, highest);
        for (std::size_t i = 0; i < together; ++i) best[p + i] = _mm512_reduce_max_ps(highest[i]);
        p += together;
    }
}

}  // namespace facegate
