// Greedy non-maximum suppression: of boxes that overlap too much, only the best-scored stays.
//
// Boxes are visited by falling score, the lower index first among equals; one is kept unless its
// intersection over union with a box already kept is greater than the threshold. Stopping after
// top_k kept boxes gives the first top_k of the full answer, because later boxes cannot undo
// earlier ones. For top_k = 1 that is the best box alone, found in one scan without sorting.
//
// A box without area (x2 <= x1 or y2 <= y1) is dropped: it is never kept and suppresses nothing.
// Overlaps are computed in double, where corners given as floats subtract without error.
#pragma once

#include <cstddef>
#include <cstdint>

namespace facegate {

// boxes: count x 4 as x1, y1, x2, y2, finite; scores: count, finite; keeps score >= threshold.
// order: room for `count` entries; the kept indices, best first, end up at its front.
// Returns how many were kept.
std::size_t nms(const float* boxes, const float* scores, std::size_t count, float score_threshold,
                double iou_threshold, std::size_t top_k, std::int64_t* order) noexcept;

}  // namespace facegate
