#include "decode_reference.hpp"

#include <cmath>

namespace facegate {

std::vector<DecodedBox> decode_reference(const Grid& grid, double score_threshold) {
    const auto sigmoid = [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
    std::vector<DecodedBox> result;
    for (std::size_t a = 0; a < grid.anchor_count; ++a) {
        for (std::size_t row = 0; row < grid.rows; ++row) {
            for (std::size_t col = 0; col < grid.cols; ++col) {
                const auto t = [&](std::size_t channel) -> double {
                    return grid.planes[((a * 5 + channel) * grid.rows + row) * grid.cols + col];
                };
                const auto gw = static_cast<double>(grid.cols);
                const auto gh = static_cast<double>(grid.rows);
                const double x = (static_cast<double>(col) + sigmoid(t(0))) / gw;
                const double y = (static_cast<double>(row) + sigmoid(t(1))) / gh;
                const double w = std::exp(t(2)) * grid.anchors[2 * a] / gw;
                const double h = std::exp(t(3)) * grid.anchors[2 * a + 1] / gh;
                const DecodedBox box{{x - w / 2, y - h / 2, x + w / 2, y + h / 2}, sigmoid(t(4))};
                if (box.score >= score_threshold) result.push_back(box);
            }
        }
    }
    return result;
}

}  // namespace facegate
