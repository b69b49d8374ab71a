// SDOT: a quarter of a line, four rows, against four bytes of a probe. Up to four probes share what
// was loaded, in 16 sums; one alone splits its sums in two to hide the latency.
#include "neon_bounds.hpp"

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

// P probes; each sum is split into S.
template <std::size_t P, std::size_t S>
void strip(const Work& work) noexcept {
    float32x4_t most[P];
    for (float32x4_t& one : most) one = lowest();
    for (std::size_t g = 0; g < work.count; ++g) {
        const unsigned char* const group = work.groups + g * group_bytes(work.lines);
        const auto* const q = reinterpret_cast<const std::int8_t*>(group + 2 * line_bytes);
        int32x4_t sums[S][P][4];
        for (auto& part : sums) {
            for (auto& probe : part) {
                for (int32x4_t& sum : probe) sum = vdupq_n_s32(0);
            }
        }
        for (std::size_t line = 0; line < work.lines; line += S) {
#pragma GCC unroll 2
            for (std::size_t s = 0; s < S; ++s) {
                const std::int8_t* const at = q + (line + s) * line_bytes;
                int8x16_t rows[4];
#pragma GCC unroll 4
                for (std::size_t i = 0; i < 4; ++i) rows[i] = vld1q_s8(at + i * 16);
#pragma GCC unroll 4
                for (std::size_t p = 0; p < P; ++p) {
                    const int8x16_t probe =
                        four_times(work.values + (p * work.lines + line + s) * 4);
#pragma GCC unroll 4
                    for (std::size_t i = 0; i < 4; ++i) {
                        sums[s][p][i] = vdotq_s32(sums[s][p][i], rows[i], probe);
                    }
                }
            }
        }
        for (std::size_t p = 0; p < P; ++p) {
            float* const out = work.upper + (p * work.count + g) * group_rows;
            for (std::size_t i = 0; i < 4; ++i) {
                int32x4_t dot = sums[0][p][i];
                for (std::size_t s = 1; s < S; ++s) dot = vaddq_s32(dot, sums[s][p][i]);
                most[p] = put_bounds(dot, group, 4 * i, work.terms[p], out, most[p]);
            }
        }
    }
    for (std::size_t p = 0; p < P; ++p) work.best[p] = vmaxnmvq_f32(most[p]);
}

constexpr void (*strips[])(const Work&) noexcept = {strip<1, 2>, strip<2, 1>, strip<3, 1>,
                                                    strip<most_probes, 1>};

}  // namespace

void scan_dotprod(const unsigned char* groups, std::size_t count, std::size_t lines,
                  const Probes& probes, float* upper, float* best) noexcept {
    std::size_t tiles = (probes.count + most_probes - 1) / most_probes;
    for (std::size_t p = 0; p < probes.count; --tiles) {
        // Tiles of equal width: five probes are three and two, not four and one.
        const std::size_t width = (probes.count - p + tiles - 1) / tiles;
        strips[width - 1]({groups, count, lines, probes.values + p * lines * 4, probes.terms + p,
                           upper + p * count * group_rows, best + p});
        p += width;
    }
}

}  // namespace facegate
