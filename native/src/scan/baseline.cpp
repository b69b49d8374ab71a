// The plain counterpart of every other variant, and what runs where none of them can.
#include <limits>

#include "facegate/scan.hpp"

namespace facegate {

void scan_baseline(const unsigned char* groups, std::size_t count, std::size_t lines,
                   const Probes& probes, float* upper, float* best) noexcept {
    for (std::size_t p = 0; p < probes.count; ++p) {
        const std::int8_t* const r = probes.values + p * lines * 4;
        const ProbeTerms& terms = probes.terms[p];
        best[p] = -std::numeric_limits<float>::infinity();
        for (std::size_t g = 0; g < count; ++g) {
            const unsigned char* const group = groups + g * group_bytes(lines);
            const auto* const scales = reinterpret_cast<const float*>(group);
            const auto* const errors = scales + group_rows;
            const auto* const q = reinterpret_cast<const std::int8_t*>(group + 2 * line_bytes);
            std::int32_t dot[group_rows] = {};
            for (std::size_t line = 0; line < lines; ++line) {
                for (std::size_t row = 0; row < group_rows; ++row) {
                    const std::int8_t* const four = q + line * line_bytes + row * 4;
                    for (std::size_t i = 0; i < 4; ++i) dot[row] += four[i] * r[line * 4 + i];
                }
            }
            float* const out = upper + (p * count + g) * group_rows;
            for (std::size_t row = 0; row < group_rows; ++row) {
                out[row] = static_cast<float>(dot[row]) * (scales[row] * terms.scale) +
                           (errors[row] * terms.per_error + terms.always);
                if (out[row] > best[p]) best[p] = out[row];
            }
        }
    }
}

}  // namespace facegate
