#include <algorithm>
#include <limits>
#include <vector>

#include "boxes/plan.hpp"
#include "check.hpp"
#include "facegate/nms.hpp"
#include "nms_reference.hpp"

namespace {

std::vector<std::int64_t> run(const std::vector<float>& boxes, const std::vector<float>& scores,
                              float score_threshold, double iou_threshold, std::size_t top_k) {
    const std::size_t most = facegate::count_scores(scores.data(), scores.size(), score_threshold);
    std::vector<std::uint64_t> room(facegate::nms_room(most) / 8 + 1);
    std::vector<std::int64_t> kept(std::min(top_k, most));
    kept.resize(facegate::nms(boxes.data(), scores.data(), scores.size(), score_threshold,
                              iou_threshold, top_k, room.data(), kept.data()));
    return kept;
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

// Overlaps around the bound, tiny and huge boxes: floats alone would decide these wrongly.
void near_and_far_from_the_bound_agree_with_reference() {
    check::Random random(12);
    for (int round = 0; round < 300; ++round) {
        std::vector<float> boxes;
        std::vector<float> scores;
        const double unit = std::pow(10.0, random.between(-24, 18));
        for (int i = 10 + random.below(90); i > 0; --i) {
            const double x = unit * (1.0 + random.below(3) * 1e-7);
            const double side = unit * (1.0 + random.below(4) * 0.5 + random.below(4) * 2e-7);
            boxes.insert(boxes.end(), {static_cast<float>(x), static_cast<float>(x),
                                       static_cast<float>(x + side), static_cast<float>(x + unit)});
            scores.push_back(static_cast<float>(random.between(0, 1)));
        }
        for (const double iou : {0.0, 1e-9, 0.4, 0.5, 2.0 / 3.0, 1.0}) {
            CHECK(run(boxes, scores, 0.1F, iou, 1000) ==
                  facegate::nms_reference(boxes.data(), scores.data(), scores.size(), 0.1F, iou,
                                          1000));
        }
    }
}

// Lengths around multiples of every register, values that are not numbers among them.
void every_instruction_set_scans_alike() {
    struct Named {
        facegate::InstructionSet set;
        const facegate::BoxKernels* kernels;
    };
    const std::vector<Named> variants = {
        {facegate::InstructionSet::baseline, &facegate::boxes_baseline},
#if defined(__x86_64__)
        {facegate::InstructionSet::avx2, &facegate::boxes_avx2},
        {facegate::InstructionSet::avx512vnni, &facegate::boxes_avx512vnni},
#endif
    };
    check::Random random(13);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    for (std::size_t size = 1; size < 120; ++size) {
        std::vector<float> values(size);
        for (float& value : values) value = static_cast<float>(random.between(-4, 4));
        const float best = *std::max_element(values.begin(), values.end());
        std::vector<float> broken = values;
        const std::vector<float> odd = {nan, inf, -inf, 1.0F};
        broken[static_cast<std::size_t>(random.below(static_cast<int>(size)))] =
            odd[size % odd.size()];
        std::vector<std::uint32_t> want;
        for (std::size_t i = 0; i < size; ++i) {
            if (!(broken[i] < 1.0F)) want.push_back(7 + static_cast<std::uint32_t>(i));
        }
        for (const Named& variant : variants) {
            if (variant.set > facegate::widest_present()) continue;
            const facegate::BoxKernels& kernels = *variant.kernels;
            CHECK(kernels.highest(values.data(), size) == best);
            CHECK(kernels.finite(values.data(), size));
            CHECK(kernels.finite(broken.data(), size) == (size % odd.size() == 3));
            CHECK(kernels.count(broken.data(), size, 1.0F) == want.size());
            std::vector<std::uint32_t> got(want.size() + facegate::block);
            got.resize(kernels.list(broken.data(), size, 1.0F, 7, got.data()));
            CHECK(got == want);
            std::vector<float> rows(5 * size, 9.0F);
            for (std::size_t i = 0; i < size; ++i) rows[5 * i + 4] = broken[i];
            got.resize(want.size() + facegate::block);
            got.resize(kernels.list_fifths(rows.data(), size, 1.0F, got.data()));
            for (std::uint32_t& index : got) index += 7;
            CHECK(got == want);
        }
    }
}

void every_instruction_set_suppresses_alike() {
    check::Random random(14);
    for (int round = 0; round < 500; ++round) {
        const auto count = static_cast<std::size_t>(1 + random.below(50));
        const std::size_t room = (count + facegate::block - 1) / facegate::block * facegate::block;
        std::vector<float> x1(room, 3e38F), y1(room, 3e38F), x2(room, -3e38F), y2(room, -3e38F);
        std::vector<float> area(room, 0.0F);
        for (std::size_t i = 0; i < count; ++i) {
            x1[i] = static_cast<float>(random.below(40));
            y1[i] = static_cast<float>(random.below(40));
            x2[i] = x1[i] + static_cast<float>(1 + random.below(12));
            y2[i] = y1[i] + static_cast<float>(1 + random.below(12));
            area[i] = (x2[i] - x1[i]) * (y2[i] - y1[i]);
        }
        const facegate::Kept kept{x1.data(), y1.data(), x2.data(), y2.data(), area.data(), count};
        const float x = static_cast<float>(random.below(40));
        const float box[4] = {x, x, x + 8.0F, x + 7.0F};
        const double bound = random.below(5) / 8.0;
        const bool want = facegate::boxes_baseline.suppressed(kept, box, bound);
#if defined(__x86_64__)
        if (facegate::widest_present() >= facegate::InstructionSet::avx2) {
            CHECK(facegate::boxes_avx2.suppressed(kept, box, bound) == want);
        }
        if (facegate::widest_present() >= facegate::InstructionSet::avx512vnni) {
            CHECK(facegate::boxes_avx512vnni.suppressed(kept, box, bound) == want);
        }
#endif
        bool direct = false;
        for (std::size_t i = 0; i < count; ++i) {
            const std::vector<float> pair = {x1[i],  y1[i],  x2[i],  y2[i],
                                             box[0], box[1], box[2], box[3]};
            const float scores[2] = {1.0F, 0.5F};
            direct =
                direct || facegate::nms_reference(pair.data(), scores, 2, 0, bound, 2).size() == 1;
        }
        CHECK(want == direct);
    }
}

}  // namespace

int main() {
    near_and_far_from_the_bound_agree_with_reference();
    every_instruction_set_scans_alike();
    every_instruction_set_suppresses_alike();
    agrees_with_reference();
    keeps_at_and_suppresses_above_the_threshold();
    ties_go_to_the_lower_index();
    nothing_gives_nothing();
    return check::verdict();
}
