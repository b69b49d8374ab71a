// Without SDOT: products of two lines share 16 bits before they are widened. A sum of two is at
// most 2 * 127 * 127 < 2^15, as no value is -128.
//
// SMULL takes eight bytes, so two of the four rows in a register, and leaves each row's dimensions
// in two halves that are added at the end.
#include "neon_bounds.hpp"

namespace facegate {

namespace {

void scan_one(const unsigned char* groups, std::size_t count, std::size_t lines,
              const std::int8_t* r, const ProbeTerms& terms, float* upper, float* best) noexcept {
    float32x4_t most = lowest();
    for (std::size_t g = 0; g < count; ++g) {
        const unsigned char* const group = groups + g * group_bytes(lines);
        const auto* const q = reinterpret_cast<const std::int8_t*>(group + 2 * line_bytes);
        int32x4_t sums[8];
        for (int32x4_t& sum : sums) sum = vdupq_n_s32(0);
        for (std::size_t line = 0; line < lines; line += 2) {
            const int8x16_t first = four_times(r + line * 4);
            const int8x16_t second = four_times(r + line * 4 + 4);
            const std::int8_t* const rows = q + line * line_bytes;
#pragma GCC unroll 4
            for (std::size_t i = 0; i < 4; ++i) {
                const int8x16_t a = vld1q_s8(rows + i * 16);
                const int8x16_t b = vld1q_s8(rows + line_bytes + i * 16);
                int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(first));
                int16x8_t high = vmull_high_s8(a, first);
                low = vmlal_s8(low, vget_low_s8(b), vget_low_s8(second));
                high = vmlal_high_s8(high, b, second);
                sums[2 * i] = vpadalq_s16(sums[2 * i], low);
                sums[2 * i + 1] = vpadalq_s16(sums[2 * i + 1], high);
            }
        }
        for (std::size_t i = 0; i < 4; ++i) {
            most = put_bounds(vpaddq_s32(sums[2 * i], sums[2 * i + 1]), group, 4 * i, terms,
                              upper + g * group_rows, most);
        }
    }
    *best = vmaxnmvq_f32(most);
}

}  // namespace

void scan_neon(const unsigned char* groups, std::size_t count, std::size_t lines,
               const Probes& probes, float* upper, float* best) noexcept {
    for (std::size_t p = 0; p < probes.count; ++p) {
        scan_one(groups, count, lines, probes.values + p * lines * 4, probes.terms[p],
                 upper + p * count * group_rows, best + p);
    }
}

}  // namespace facegate
