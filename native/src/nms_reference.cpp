#include "nms_reference.hpp"

#include <algorithm>

namespace facegate {

namespace {

struct Box {
    double x1, y1, x2, y2;

    explicit Box(const float* b) : x1(b[0]), y1(b[1]), x2(b[2]), y2(b[3]) {}
    double area() const { return (x2 - x1) * (y2 - y1); }
};

double iou(const Box& a, const Box& b) {
    const double w = std::max(0.0, std::min(a.x2, b.x2) - std::max(a.x1, b.x1));
    const double h = std::max(0.0, std::min(a.y2, b.y2) - std::max(a.y1, b.y1));
    return w * h / (a.area() + b.area() - w * h);
}

}  // namespace

std::vector<std::int64_t> nms_reference(const float* boxes, const float* scores, std::size_t count,
                                        float score_threshold, double iou_threshold,
                                        std::size_t top_k) {
    std::vector<bool> left(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Box box(boxes + 4 * i);
        left[i] = scores[i] >= score_threshold && box.x2 > box.x1 && box.y2 > box.y1;
    }
    std::vector<std::int64_t> kept;
    for (;;) {
        std::size_t best = count;
        for (std::size_t i = 0; i < count; ++i) {
            if (left[i] && (best == count || scores[i] > scores[best])) best = i;
        }
        if (best == count) break;
        kept.push_back(static_cast<std::int64_t>(best));
        left[best] = false;
        for (std::size_t i = 0; i < count; ++i) {
            if (left[i] && iou(Box(boxes + 4 * best), Box(boxes + 4 * i)) > iou_threshold) {
                left[i] = false;
            }
        }
    }
    kept.resize(std::min(kept.size(), top_k));
    return kept;
}

}  // namespace facegate
