// SMMLA multiplies two rows of eight dimensions by two probes, twice the work of SDOT. Eight
// dimensions of a row lie in two lines; ZIP brings them together. Four probes are two pairs that
// share what was zipped, in 16 sums. A probe without a partner gains nothing and goes to SDOT.
#include "neon_bounds.hpp"

namespace facegate {

namespace {

struct Work {
    const unsigned char* groups;
    std::size_t count;
    std::size_t lines;
    const std::int8_t* values;  // of the tile's first probe
    const ProbeTerms* terms;
    float* upper;
    float* best;
};

int8x16_t zip_low(int8x16_t a, int8x16_t b) noexcept {
    return vreinterpretq_s8_s32(vzip1q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}

int8x16_t zip_high(int8x16_t a, int8x16_t b) noexcept {
    return vreinterpretq_s8_s32(vzip2q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}

template <std::size_t Pairs>
void strip(const Work& work) noexcept {
    const std::size_t length = work.lines * 4;
    float32x4_t most[2 * Pairs];
    for (float32x4_t& one : most) one = lowest();
    for (std::size_t g = 0; g < work.count; ++g) {
        const unsigned char* const group = work.groups + g * group_bytes(work.lines);
        const auto* const q = reinterpret_cast<const std::int8_t*>(group + 2 * line_bytes);
        int32x4_t sums[Pairs][8];  // per two rows: row 0 with both probes, row 1 with both
        for (auto& pair : sums) {
            for (int32x4_t& sum : pair) sum = vdupq_n_s32(0);
        }
        for (std::size_t line = 0; line < work.lines; line += 2) {
            const std::int8_t* const rows = q + line * line_bytes;
            int8x16_t probes[Pairs];
#pragma GCC unroll 2
            for (std::size_t p = 0; p < Pairs; ++p) {
                const std::int8_t* const r = work.values + 2 * p * length + line * 4;
                probes[p] = vcombine_s8(vld1_s8(r), vld1_s8(r + length));
            }
#pragma GCC unroll 4
            for (std::size_t i = 0; i < 4; ++i) {
                const int8x16_t a = vld1q_s8(rows + i * 16);
                const int8x16_t b = vld1q_s8(rows + line_bytes + i * 16);
                const int8x16_t low = zip_low(a, b);
                const int8x16_t high = zip_high(a, b);
#pragma GCC unroll 2
                for (std::size_t p = 0; p < Pairs; ++p) {
                    sums[p][2 * i] = vmmlaq_s32(sums[p][2 * i], low, probes[p]);
                    sums[p][2 * i + 1] = vmmlaq_s32(sums[p][2 * i + 1], high, probes[p]);
                }
            }
        }
        for (std::size_t p = 0; p < Pairs; ++p) {
            float* const out = work.upper + (2 * p * work.count + g) * group_rows;
            float* const next = out + work.count * group_rows;
            for (std::size_t i = 0; i < 4; ++i) {
                const int32x4_t even = vuzp1q_s32(sums[p][2 * i], sums[p][2 * i + 1]);
                const int32x4_t odd = vuzp2q_s32(sums[p][2 * i], sums[p][2 * i + 1]);
                most[2 * p] = put_bounds(even, group, 4 * i, work.terms[2 * p], out, most[2 * p]);
                most[2 * p + 1] =
                    put_bounds(odd, group, 4 * i, work.terms[2 * p + 1], next, most[2 * p + 1]);
            }
        }
    }
    for (std::size_t p = 0; p < 2 * Pairs; ++p) work.best[p] = vmaxnmvq_f32(most[p]);
}

}  // namespace

void scan_i8mm(const unsigned char* groups, std::size_t count, std::size_t lines,
               const Probes& probes, float* upper, float* best) noexcept {
    std::size_t p = 0;
    const auto from = [&](std::size_t first) noexcept {
        return Work{groups,
                    count,
                    lines,
                    probes.values + first * lines * 4,
                    probes.terms + first,
                    upper + first * count * group_rows,
                    best + first};
    };
    for (; p + 4 <= probes.count; p += 4) strip<2>(from(p));
    for (; p + 2 <= probes.count; p += 2) strip<1>(from(p));
    if (p < probes.count) {
        const Work last = from(p);
        scan_dotprod(groups, count, lines, {last.values, last.terms, 1}, last.upper, last.best);
    }
}

}  // namespace facegate
