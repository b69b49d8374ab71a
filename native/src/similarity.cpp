#include "facegate/similarity.hpp"

#include <algorithm>
#include <cmath>

namespace facegate {

namespace {

// Spread below this share of the coordinates' size is what subtraction leaves of equal points.
constexpr double relative_noise = 1e-12;
// Points closer than a billionth of a pixel are one point, wherever they lie.
constexpr double absolute_noise = 1e-9;

struct Cloud {
    double x = 0.0;
    double y = 0.0;
    double spread = 0.0;  // sum of squared distances from the centre
    bool coincides = false;
};

Cloud describe(const double* points, std::size_t count) noexcept {
    Cloud cloud;
    double largest = 0.0;
    for (std::size_t i = 0; i < 2 * count; i += 2) {
        cloud.x += points[i];
        cloud.y += points[i + 1];
        largest = std::max({largest, std::abs(points[i]), std::abs(points[i + 1])});
    }
    const auto n = static_cast<double>(count);
    cloud.x /= n;
    cloud.y /= n;
    for (std::size_t i = 0; i < 2 * count; i += 2) {
        const double dx = points[i] - cloud.x;
        const double dy = points[i + 1] - cloud.y;
        cloud.spread += dx * dx + dy * dy;
    }
    const double noise = absolute_noise + relative_noise * largest;
    cloud.coincides = cloud.spread <= n * noise * noise;
    return cloud;
}

}  // namespace

Fit fit_similarity(const double* source, const double* target, std::size_t count,
                   double* matrix) noexcept {
    const Cloud p = describe(source, count);
    const Cloud q = describe(target, count);
    if (p.coincides) return Fit::source_coincides;
    if (q.coincides) return Fit::target_coincides;

    double real = 0.0;
    double imag = 0.0;
    for (std::size_t i = 0; i < 2 * count; i += 2) {
        const double px = source[i] - p.x;
        const double py = source[i + 1] - p.y;
        const double qx = target[i] - q.x;
        const double qy = target[i + 1] - q.y;
        real += px * qx + py * qy;
        imag += px * qy - py * qx;
    }
    // |z|^2 is at most spread_p * spread_q (Cauchy-Schwarz); near zero its angle is rounding noise.
    if (real * real + imag * imag <= relative_noise * relative_noise * p.spread * q.spread) {
        return Fit::mirrored;
    }
    const double a = real / p.spread;
    const double b = imag / p.spread;
    matrix[0] = a;
    matrix[1] = -b;
    matrix[2] = q.x - (a * p.x - b * p.y);
    matrix[3] = b;
    matrix[4] = a;
    matrix[5] = q.y - (b * p.x + a * p.y);
    return Fit::ok;
}

}  // namespace facegate
