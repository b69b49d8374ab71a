#include "match_reference.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace facegate {

std::vector<double> cosine_reference(const float* probe, const float* templates, std::size_t count,
                                     std::size_t dim) {
    const auto dot = [dim](const float* a, const float* b) {
        long double sum = 0.0L;
        for (std::size_t i = 0; i < dim; ++i) sum += static_cast<long double>(a[i]) * b[i];
        return sum;
    };
    std::vector<double> scores(count);
    for (std::size_t row = 0; row < count; ++row) {
        const float* t = templates + row * dim;
        const long double norms = std::sqrt(dot(probe, probe)) * std::sqrt(dot(t, t));
        scores[row] = static_cast<double>(dot(probe, t) / norms);
    }
    return scores;
}

std::vector<std::int64_t> order_reference(const std::vector<float>& scores) {
    std::vector<std::int64_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&scores](std::int64_t a, std::int64_t b) {
        return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
    });
    return order;
}

}  // namespace facegate
