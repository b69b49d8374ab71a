// Greedy non-maximum suppression: of boxes that overlap too much, only the best-scored stays.
//
// Boxes are visited by falling score, the lower index first among equals; one is kept unless its
// intersection over union with a box already kept is greater than the threshold. Stopping after
// top_k kept boxes gives the first top_k of the full answer, because later boxes cannot undo
// earlier ones. For top_k = 1 that is the best box alone, found without sorting.
//
// A box without area (x2 <= x1 or y2 <= y1) is dropped: it is never kept and suppresses nothing.
// Overlaps are decided in double, where corners given as floats subtract without error.
#pragma once

#include <cstddef>
#include <cstdint>

#include "facegate/dispatch.hpp"

namespace facegate {

// The instruction set that boxes are decoded and suppressed with.
// Throws as in_use() does, and so do the functions below.
InstructionSet boxes_variant();

// How many of the scores are at least `threshold`: the `count` of nms_room.
std::size_t count_scores(const float* scores, std::size_t count, float threshold);

// Bytes of working memory, aligned for std::uint64_t, that nms needs for so many boxes.
std::size_t nms_room(std::size_t candidates) noexcept;

// boxes: count x 4 as x1, y1, x2, y2, finite; scores: count, finite; keeps score >= threshold.
// count: below 2^32. room: nms_room(count_scores(scores, count, threshold)) bytes.
// kept: room for the lesser of top_k and those candidates; gets the kept indices, best first.
// Returns how many were kept.
std::size_t nms(const float* boxes, const float* scores, std::size_t count, float score_threshold,
                double iou_threshold, std::size_t top_k, void* room, std::int64_t* kept);

}  // namespace facegate
