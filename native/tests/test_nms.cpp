#include <limits>
#include <vector>

#include "check.hpp"
#include "facegate/nms.hpp"
#include "nms_reference.hpp"

namespace {

std::vector<std::int64_t> run(const std::vector<float>& boxes, const std::vector<float>& scores,
                              float score_threshold, double iou_threshold, std::size_t top_k) {
    std::vector<std::int64_t> order(scores.size());
    order.resize(facegate::nms(boxes.data(), scores.data(), scores.size(), score_threshold,
                               iou_threshold, top_k, order.data()));
    return order;
}

// Corners on a coarse grid and few distinct scores, so that ties, touching, equal and empty boxes
// and overlaps exactly at the threshold all occur.
void agrees_with_reference() {
    check::Random random(8);
    for (int round = 0; round < 2000; ++round) {
        std::vector<float> boxes;
        std::vector<float> scores;
        for (int i = random.below(30); i > 0; --i) {
            const int x = random.below(6);
            const int y = random.below(6);
            boxes.insert(boxes.end(),
                         {static_cast<float>(x), static_cast<float>(y),
                          static_cast<float>(x + random.below(5) - (i % 7 == 0 ? 1 : 0)),
                          static_cast<float>(y + random.below(5))});
            scores.push_back(static_cast<float>(random.below(8)) / 8.0F);
        }
        const double iou = random.below(5) / 4.0;
        for (const std::size_t top_k : {1U, 2U, 5U, 1000U}) {
            CHECK(run(boxes, scores, 0.25F, iou, top_k) ==
                  facegate::nms_reference(boxes.data(), scores.data(), scores.size(), 0.25F, iou,
                                          top_k));
        }
    }
}

void keeps_at_and_suppresses_above_the_threshold() {
    // 2 of 6 cells shared: IoU is exactly 1/3 as doubles divide it.
    const std::vector<float> boxes{0, 0, 2, 2, 1, 0, 3, 2};
    const std::vector<float> scores{0.9F, 0.8F};
    const double third = 2.0 / 6.0;
    CHECK(run(boxes, scores, 0, third, 9) == std::vector<std::int64_t>({0, 1}));
    CHECK(run(boxes, scores, 0, std::nextafter(third, 0.0), 9) == std::vector<std::int64_t>({0}));
}

void ties_go_to_the_lower_index() {
    const std::vector<float> boxes{0, 0, 1, 1, 5, 5, 6, 6, 9, 9, 10, 10};
    const std::vector<float> scores{0.5F, 0.7F, 0.7F};
    CHECK(run(boxes, scores, 0, 0.5, 1) == std::vector<std::int64_t>({1}));
    CHECK(run(boxes, scores, 0, 0.5, 3) == std::vector<std::int64_t>({1, 2, 0}));
}

void nothing_gives_nothing() {
    CHECK(run({}, {}, 0, 0.5, 1).empty());
    CHECK(run({}, {}, 0, 0.5, 5).empty());
    CHECK(run({3, 3, 3, 5}, {0.9F}, 0, 0.5, 1).empty());
}

}  // namespace

int main() {
    agrees_with_reference();
    keeps_at_and_suppresses_above_the_threshold();
    ties_go_to_the_lower_index();
    nothing_gives_nothing();
    return check::verdict();
}
