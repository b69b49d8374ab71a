// Plain counterpart of facegate/match.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace facegate {

// Cosine similarity with each dense row, in long double.
std::vector<double> cosine_reference(const float* probe, const float* templates, std::size_t count,
                                     std::size_t dim);

// All rows by falling score, equal scores by row.
std::vector<std::int64_t> order_reference(const std::vector<float>& scores);

}  // namespace facegate
