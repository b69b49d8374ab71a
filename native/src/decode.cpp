#include "facegate/decode.hpp"

#include <cmath>
#include <limits>

namespace facegate {

namespace {

double sigmoid(double x) noexcept { return 1.0 / (1.0 + std::exp(-x)); }

double grown(double t, double anchor) noexcept { return std::exp(t) * anchor; }

}  // namespace

float logit_of(double score) noexcept {
    const double exact = std::log(score / (1.0 - score));
    const auto nearest = static_cast<float>(exact);
    return nearest < exact ? std::nextafter(nearest, std::numeric_limits<float>::infinity())
                           : nearest;
}

std::size_t count_survivors(const Grid& grid, float logit) noexcept {
    const std::size_t cells = grid.rows * grid.cols;
    std::size_t count = 0;
    for (std::size_t a = 0; a < grid.anchor_count; ++a) {
        const float* to = grid.planes + (a * 5 + 4) * cells;
        for (std::size_t i = 0; i < cells; ++i) count += !(to[i] < logit);
    }
    return count;
}

bool decode_yolo(const Grid& grid, float logit, float* boxes, float* scores) noexcept {
    const std::size_t cells = grid.rows * grid.cols;
    const auto rows = static_cast<double>(grid.rows);
    const auto cols = static_cast<double>(grid.cols);
    for (std::size_t a = 0; a < grid.anchor_count; ++a) {
        const float* t = grid.planes + a * 5 * cells;
        for (std::size_t i = 0; i < cells; ++i) {
            const float to = t[4 * cells + i];
            if (to < logit) continue;
            const double x = (static_cast<double>(i % grid.cols) + sigmoid(t[i])) / cols;
            const double y = (static_cast<double>(i / grid.cols) + sigmoid(t[cells + i])) / rows;
            const double half_w = grown(t[2 * cells + i], grid.anchors[2 * a]) / cols / 2.0;
            const double half_h = grown(t[3 * cells + i], grid.anchors[2 * a + 1]) / rows / 2.0;
            // A sigmoid hides an infinite input, so inputs are looked at as well as the box.
            bool finite = std::isfinite(to) && std::isfinite(t[i]) && std::isfinite(t[cells + i]);
            const double box[4] = {x - half_w, y - half_h, x + half_w, y + half_h};
            for (const double corner : box) {
                // Written so that a NaN fails too.
                finite = finite && std::abs(corner) <= std::numeric_limits<float>::max();
                if (finite) *boxes++ = static_cast<float>(corner);
            }
            if (!finite) return false;
            *scores++ = static_cast<float>(sigmoid(to));
        }
    }
    return true;
}

}  // namespace facegate
