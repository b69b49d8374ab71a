// Plain counterpart of facegate/nms.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace facegate {

// The textbook loop: take the best box left, strike out what it overlaps, repeat; cut at top_k.
std::vector<std::int64_t> nms_reference(const float* boxes, const float* scores, std::size_t count,
                                        float score_threshold, double iou_threshold,
                                        std::size_t top_k);

}  // namespace facegate
