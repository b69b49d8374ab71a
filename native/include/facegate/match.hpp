// Cosine similarity of one probe with every template, and the best few.
//
// Sums run in double. A product of two floats is exact there, so fusing or splitting it changes
// nothing, and the order of the sums is fixed: a score at the threshold is the same number on
// every board. Squares of the largest floats stay far below the largest double.
#pragma once

#include <cstddef>
#include <cstdint>

namespace facegate {

// Positive and finite exactly when the vector has a direction; 0, NaN or infinity when not.
double squared_norm(const float* vector, std::size_t dim) noexcept;

// templates: `count` rows of `dim`, row_floats apart. scores: count, each in [-1, 1].
// probe_norm2: squared_norm of the probe, positive and finite.
// Returns the first row without a direction, or `count` when there is none.
std::size_t cosine_scores(const float* probe, double probe_norm2, const float* templates,
                          std::ptrdiff_t row_floats, std::size_t count, std::size_t dim,
                          float* scores) noexcept;

// order: room for `count` entries; the `k` best rows, best first, equal scores by lowest row,
// end up at its front. 1 <= k <= count.
void best_rows(const float* scores, std::size_t count, std::size_t k, std::int64_t* order) noexcept;

}  // namespace facegate
