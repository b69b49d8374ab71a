#include "facegate/quantise.hpp"

#include <cmath>
#include <limits>

#include "exact/exact.hpp"

namespace facegate {

Quantised quantise(const float* vector, double norm2, std::size_t dim, std::int8_t* q) noexcept {
    const double per_norm = 1.0 / std::sqrt(norm2);
    const double most = static_cast<double>(exact().largest(vector, dim)) * per_norm;
    // Rounding to float makes the largest value 127 * (1 + 2^-23) at most, which rounds to 127.
    const auto scale = static_cast<float>(most / 127.0);
    const double error = std::sqrt(exact().round(vector, per_norm, scale, dim, q));
    // Two steps up: one for the rounding to float, one for those of the sums, which are far less.
    constexpr float up = std::numeric_limits<float>::infinity();
    return {scale, std::nextafter(std::nextafter(static_cast<float>(error), up), up)};
}

}  // namespace facegate
