#include "decode_reference.hpp"

#include <cmath>

namespace facegate {

namespace {

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

DecodedBox decode(const Head& head, std::size_t a, std::size_t row, std::size_t col) {
    const std::size_t channels = head.kind == HeadKind::anchors ? 5 : 4;
    const auto t = [&](std::size_t channel) -> double {
        return head.planes
                   ? head.values[((a * channels + channel) * head.rows + row) * head.cols + col]
                   : head.values[((row * head.cols + col) * head.anchor_count + a) * channels +
                                 channel];
    };
    const auto gw = static_cast<double>(head.cols);
    const auto gh = static_cast<double>(head.rows);
    const auto x = static_cast<double>(col);
    const auto y = static_cast<double>(row);
    if (head.kind == HeadKind::anchors) {
        const double cx = (x + sigmoid(t(0))) / gw;
        const double cy = (y + sigmoid(t(1))) / gh;
        const double w = std::exp(t(2)) * head.anchors[2 * a] / gw;
        const double h = std::exp(t(3)) * head.anchors[2 * a + 1] / gh;
        return {{cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2}, sigmoid(t(4))};
    }
    const std::size_t place = head.planes ? (a * head.rows + row) * head.cols + col
                                          : (row * head.cols + col) * head.anchor_count + a;
    const double px = x + head.centre;
    const double py = y + head.centre;
    return {{(px - t(0)) / gw, (py - t(1)) / gh, (px + t(2)) / gw, (py + t(3)) / gh},
            sigmoid(head.logits[place])};
}

}  // namespace

std::vector<DecodedBox> decode_reference(const Head& head, double score_threshold) {
    std::vector<DecodedBox> result;
    const auto visit = [&](std::size_t a, std::size_t row, std::size_t col) {
        const DecodedBox box = decode(head, a, row, col);
        if (box.score >= score_threshold) result.push_back(box);
    };
    const std::size_t cells = head.rows * head.cols;
    if (head.planes) {
        for (std::size_t a = 0; a < head.anchor_count; ++a) {
            for (std::size_t i = 0; i < cells; ++i) visit(a, i / head.cols, i % head.cols);
        }
    } else {
        for (std::size_t i = 0; i < cells; ++i) {
            for (std::size_t a = 0; a < head.anchor_count; ++a)
                visit(a, i / head.cols, i % head.cols);
        }
    }
    return result;
}

}  // namespace facegate
