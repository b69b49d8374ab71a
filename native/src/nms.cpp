#include "facegate/nms.hpp"

#include <algorithm>

namespace facegate {

namespace {

bool has_area(const float* box) noexcept { return box[2] > box[0] && box[3] > box[1]; }

double area(const float* box) noexcept {
    return (static_cast<double>(box[2]) - box[0]) * (static_cast<double>(box[3]) - box[1]);
}

double overlap(const float* a, const float* b) noexcept {
    const double w = static_cast<double>(std::min(a[2], b[2])) - std::max(a[0], b[0]);
    const double h = static_cast<double>(std::min(a[3], b[3])) - std::max(a[1], b[1]);
    if (w <= 0.0 || h <= 0.0) return 0.0;
    const double common = w * h;
    return common / (area(a) + area(b) - common);
}

}  // namespace

std::size_t nms(const float* boxes, const float* scores, std::size_t count, float score_threshold,
                double iou_threshold, std::size_t top_k, std::int64_t* order) noexcept {
    const auto usable = [&](std::size_t i) noexcept {
        return scores[i] >= score_threshold && has_area(boxes + 4 * i);
    };
    if (top_k == 1) {
        std::size_t best = count;
        for (std::size_t i = 0; i < count; ++i) {
            if (usable(i) && (best == count || scores[i] > scores[best])) best = i;
        }
        if (best == count) return 0;
        order[0] = static_cast<std::int64_t>(best);
        return 1;
    }

    std::size_t candidates = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (usable(i)) order[candidates++] = static_cast<std::int64_t>(i);
    }
    std::sort(order, order + candidates, [scores](std::int64_t a, std::int64_t b) noexcept {
        return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
    });
    // The kept ones overwrite the front of the list, which the visit has already passed.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < candidates && kept < top_k; ++i) {
        const std::int64_t candidate = order[i];
        const auto suppresses = [&](std::int64_t k) noexcept {
            return overlap(boxes + 4 * k, boxes + 4 * candidate) > iou_threshold;
        };
        if (std::none_of(order, order + kept, suppresses)) order[kept++] = candidate;
    }
    return kept;
}

}  // namespace facegate
