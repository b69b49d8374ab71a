#include "facegate/nms.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "boxes/plan.hpp"

namespace facegate {

namespace {

constexpr Variant<const BoxKernels*> variants[] = {
    {InstructionSet::baseline, &boxes_baseline},
#if defined(__x86_64__)
    {InstructionSet::avx2, &boxes_avx2},
    {InstructionSet::avx512vnni, &boxes_avx512vnni},
#endif
};

const Variant<const BoxKernels*>& chosen() {
    static const Variant<const BoxKernels*> variant = widest(variants);
    return variant;
}

bool has_area(const float* box) noexcept { return box[2] > box[0] && box[3] > box[1]; }

// Falling scores in rising order, and the index below it: sorting numbers is all that remains.
std::uint64_t key(float score, std::uint32_t index) noexcept {
    const float zero_has_no_sign = score + 0.0F;
    std::uint32_t bits = 0;
    std::memcpy(&bits, &zero_has_no_sign, sizeof bits);
    const std::uint32_t rising = (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
    return (static_cast<std::uint64_t>(~rising) << 32) | index;
}

std::size_t blocks(std::size_t count) noexcept { return (count + block - 1) / block * block; }

// The best box if it has area; its index, else `count`.
std::size_t best_of(const BoxKernels& kernels, const float* boxes, const float* scores,
                    std::size_t count, float threshold) noexcept {
    const float best = kernels.highest(scores, count);
    if (best < threshold) return count;
    const std::size_t index =
        static_cast<std::size_t>(std::find(scores, scores + count, best) - scores);
    return has_area(boxes + 4 * index) ? index : count;
}

}  // namespace

const BoxKernels& box_kernels() { return *chosen().run; }

InstructionSet boxes_variant() { return chosen().set; }

std::size_t count_scores(const float* scores, std::size_t count, float threshold) {
    return box_kernels().count(scores, count, threshold);
}

std::size_t nms_room(std::size_t candidates) noexcept {
    return candidates * sizeof(std::uint64_t) + 5 * blocks(candidates) * sizeof(float) +
           (candidates + block) * sizeof(std::uint32_t);
}

std::size_t nms(const float* boxes, const float* scores, std::size_t count, float score_threshold,
                double iou_threshold, std::size_t top_k, void* room, std::int64_t* kept) {
    if (count == 0) return 0;
    const BoxKernels& kernels = box_kernels();
    if (top_k == 1) {
        const std::size_t best = best_of(kernels, boxes, scores, count, score_threshold);
        if (best < count) {
            kept[0] = static_cast<std::int64_t>(best);
            return 1;
        }
    }

    const std::size_t candidates = kernels.count(scores, count, score_threshold);
    auto* const keys = static_cast<std::uint64_t*>(room);
    auto* const corners = reinterpret_cast<float*>(keys + candidates);
    const std::size_t most = blocks(candidates);
    auto* const indices = reinterpret_cast<std::uint32_t*>(corners + 5 * most);
    kernels.list(scores, count, score_threshold, 0, indices);
    std::size_t usable = 0;
    for (std::size_t i = 0; i < candidates; ++i) {
        const std::uint32_t index = indices[i];
        if (has_area(boxes + 4 * std::size_t{index})) keys[usable++] = key(scores[index], index);
    }
    std::sort(keys, keys + usable);

    // What fills the last block meets nothing: it ends before it begins.
    constexpr float far = std::numeric_limits<float>::max();
    Kept list{corners, corners + most, corners + 2 * most, corners + 3 * most, corners + 4 * most,
              0};
    std::fill(list.x1, list.x1 + 2 * most, far);
    std::fill(list.x2, list.x2 + 2 * most, -far);
    std::fill(list.area, list.area + most, 0.0F);
    for (std::size_t i = 0; i < usable && list.count < top_k; ++i) {
        const auto index = static_cast<std::uint32_t>(keys[i]);
        const float* const box = boxes + 4 * std::size_t{index};
        if (kernels.suppressed(list, box, iou_threshold)) continue;
        const std::size_t at = list.count++;
        list.x1[at] = box[0];
        list.y1[at] = box[1];
        list.x2[at] = box[2];
        list.y2[at] = box[3];
        list.area[at] = (box[2] - box[0]) * (box[3] - box[1]);
        kept[at] = static_cast<std::int64_t>(index);
    }
    return list.count;
}

}  // namespace facegate
