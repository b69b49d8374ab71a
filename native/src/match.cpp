#include "facegate/match.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "exact/exact.hpp"

namespace facegate {

const Exact& exact() {
    static const Exact& kernels = *widest(exact_variants).run;
    return kernels;
}

namespace {

bool has_direction(double norm2) noexcept {
    return norm2 > 0.0 && norm2 < std::numeric_limits<double>::infinity();
}

}  // namespace

double squared_norm(const float* vector, std::size_t dim) noexcept {
    return exact().squared_norm(vector, dim);
}

std::size_t cosine_scores(const float* probe, double probe_norm2, const float* templates,
                          std::ptrdiff_t row_floats, std::size_t count, std::size_t dim,
                          float* scores) noexcept {
    for (std::size_t row = 0; row < count; ++row) {
        const Products p =
            exact().multiply(probe, templates + static_cast<std::ptrdiff_t>(row) * row_floats, dim);
        if (!has_direction(p.norm2)) return row;
        const double cosine = p.dot / std::sqrt(probe_norm2 * p.norm2);
        scores[row] = static_cast<float>(std::clamp(cosine, -1.0, 1.0));
    }
    return count;
}

void best_rows(const float* scores, std::size_t count, std::size_t k,
               std::int64_t* order) noexcept {
    if (k == 1) {
        order[0] = std::max_element(scores, scores + count) - scores;
        return;
    }
    std::iota(order, order + count, std::int64_t{0});
    std::partial_sort(order, order + k, order + count,
                      [scores](std::int64_t a, std::int64_t b) noexcept {
                          return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
                      });
}

}  // namespace facegate
