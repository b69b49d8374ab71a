#include "facegate/align.hpp"

#include <algorithm>
#include <cmath>

namespace facegate {

namespace {

struct Taps {
    int first;       // left or upper pixel
    float fraction;  // weight of the right or lower one
};

// std::floor is a library call on the x86 baseline; the argument here always fits an int.
Taps split(double position) noexcept {
    auto whole = static_cast<int>(position);
    if (position < whole) --whole;
    return {whole, static_cast<float>(position - whole)};
}

float mix(float a, float b, float fraction) noexcept { return a + fraction * (b - a); }

void blend(const std::uint8_t* const taps[4], float fx, float fy, float* sum) noexcept {
    for (int c = 0; c < 3; ++c) {
        sum[c] += mix(mix(taps[0][c], taps[1][c], fx), mix(taps[2][c], taps[3][c], fx), fy);
    }
}

const std::uint8_t* pixel(const ImageView& image, int x, int y) noexcept {
    return image.data + y * image.row_bytes + static_cast<std::ptrdiff_t>(x) * 3;
}

// Moving the position onto the nearest edge gives what repeating the edge pixel would.
struct Replicate {
    void operator()(const ImageView& image, double u, double v, float* sum) const noexcept {
        const Taps x = split(std::clamp(u, 0.0, static_cast<double>(image.width - 1)));
        const Taps y = split(std::clamp(v, 0.0, static_cast<double>(image.height - 1)));
        const int right = std::min(x.first + 1, image.width - 1);
        const int below = std::min(y.first + 1, image.height - 1);
        const std::uint8_t* const taps[4] = {
            pixel(image, x.first, y.first), pixel(image, right, y.first),
            pixel(image, x.first, below), pixel(image, right, below)};
        blend(taps, x.fraction, y.fraction, sum);
    }
};

// One pixel beyond the edge everything is the constant, so positions are held within that.
struct Constant {
    float level;

    void operator()(const ImageView& image, double u, double v, float* sum) const noexcept {
        const Taps x = split(std::clamp(u, -1.0, static_cast<double>(image.width)));
        const Taps y = split(std::clamp(v, -1.0, static_cast<double>(image.height)));
        const bool inside =
            x.first >= 0 && y.first >= 0 && x.first + 1 < image.width && y.first + 1 < image.height;
        if (inside) {
            const std::uint8_t* const taps[4] = {
                pixel(image, x.first, y.first), pixel(image, x.first + 1, y.first),
                pixel(image, x.first, y.first + 1), pixel(image, x.first + 1, y.first + 1)};
            blend(taps, x.fraction, y.fraction, sum);
            return;
        }
        const auto at = [&](int px, int py, int c) noexcept {
            const bool known = px >= 0 && py >= 0 && px < image.width && py < image.height;
            return known ? static_cast<float>(pixel(image, px, py)[c]) : level;
        };
        for (int c = 0; c < 3; ++c) {
            const float upper =
                mix(at(x.first, y.first, c), at(x.first + 1, y.first, c), x.fraction);
            const float lower =
                mix(at(x.first, y.first + 1, c), at(x.first + 1, y.first + 1, c), x.fraction);
            sum[c] += mix(upper, lower, y.fraction);
        }
    }
};

// Middle of the i-th of equal parts of a crop pixel, from the pixel's own centre.
double part(int i, double size) noexcept { return (i + 0.5) * size - 0.5; }

template <class Sample, class Store>
void resample(const ImageView& image, const Sampling& sampling, int height, int width,
              Sample sample, Store store) noexcept {
    const double* m = sampling.inverse;
    const double part_x = 1.0 / sampling.steps_x;
    const double part_y = 1.0 / sampling.steps_y;
    const float share = 1.0F / static_cast<float>(sampling.steps_x * sampling.steps_y);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            float sum[3] = {0.0F, 0.0F, 0.0F};
            for (int j = 0; j < sampling.steps_y; ++j) {
                const double cy = y + part(j, part_y);
                for (int i = 0; i < sampling.steps_x; ++i) {
                    const double cx = x + part(i, part_x);
                    sample(image, m[0] * cx + m[1] * cy + m[2], m[3] * cx + m[4] * cy + m[5], sum);
                }
            }
            for (float& value : sum) value *= share;
            store(y, x, sum);
        }
    }
}

// Positions along one axis: what repeats the edge ends on the outermost pixels, a constant edge one
// pixel further out, where everything is the constant.
struct Span {
    double low;
    double high;

    Taps taps(double position) const noexcept { return split(std::clamp(position, low, high)); }
};

Span span(Edge edge, int size) noexcept {
    if (edge.constant) return {-1.0, static_cast<double>(size)};
    return {0.0, static_cast<double>(size - 1)};
}

constexpr int tile = 512;  // image columns that are held at once; a crop pixel spans 65 at most

// Adds `weight` times image row `y`, columns first..last, to the interleaved floats of `row`.
void add_row(const ImageView& image, Edge edge, int y, int first, int last, float weight,
             float* row) noexcept {
    if (weight == 0.0F) return;
    const bool beyond = y < 0 || y >= image.height;
    const int from = beyond ? last + 1 : std::max(first, 0);
    const int to = beyond ? last + 1 : std::min(last, image.width - 1) + 1;
    const float constant = weight * edge.level;
    for (int i = 0; i < (std::min(from, last + 1) - first) * 3; ++i) row[i] += constant;
    if (from < to) {
        const std::uint8_t* source = pixel(image, from, y);
        float* sums = row + static_cast<std::ptrdiff_t>(from - first) * 3;
        const int count = (to - from) * 3;
        for (int i = 0; i < count; ++i) sums[i] += weight * static_cast<float>(source[i]);
    }
    for (int i = (to - first) * 3; i < (last + 1 - first) * 3; ++i) row[i] += constant;
}

// The same samples where the crop stands upright in the image: then they lie on a grid, and an
// average over the grid is one over rows, which are read whole, and then one over columns.
template <class Store>
void resample_upright(const ImageView& image, const Sampling& sampling, Edge edge, int height,
                      int width, Store store) noexcept {
    const double* m = sampling.inverse;
    const Span columns = span(edge, image.width);
    const Span rows = span(edge, image.height);
    const double part_x = 1.0 / sampling.steps_x;
    const double part_y = 1.0 / sampling.steps_y;
    const float share_x = 1.0F / static_cast<float>(sampling.steps_x);
    const float share_y = 1.0F / static_cast<float>(sampling.steps_y);
    const auto column = [&](int x, int i) noexcept {
        return columns.taps(m[0] * (x + part(i, part_x)) + m[2]);
    };
    const int most = static_cast<int>(std::min((tile - 3) / std::abs(m[0]), 1.0 * width));
    for (int x0 = 0; x0 < width; x0 += most) {
        const int x1 = std::min(x0 + most, width);
        const int a = column(x0, 0).first;
        const int b = column(x1 - 1, sampling.steps_x - 1).first;
        const int first = std::min(a, b);
        const int last = std::max(a, b) + 1;
        float row[tile * 3];
        for (int y = 0; y < height; ++y) {
            std::fill(row, row + static_cast<std::ptrdiff_t>(last - first + 1) * 3, 0.0F);
            for (int j = 0; j < sampling.steps_y; ++j) {
                const Taps at = rows.taps(m[4] * (y + part(j, part_y)) + m[5]);
                add_row(image, edge, at.first, first, last, share_y * (1.0F - at.fraction), row);
                add_row(image, edge, at.first + 1, first, last, share_y * at.fraction, row);
            }
            for (int x = x0; x < x1; ++x) {
                float sum[3] = {0.0F, 0.0F, 0.0F};
                for (int i = 0; i < sampling.steps_x; ++i) {
                    const Taps at = column(x, i);
                    const float* left = row + static_cast<std::ptrdiff_t>(at.first - first) * 3;
                    for (int c = 0; c < 3; ++c) sum[c] += mix(left[c], left[c + 3], at.fraction);
                }
                for (float& value : sum) value *= share_x;
                store(y, x, sum);
            }
        }
    }
}

template <class Store>
void resample(const ImageView& image, const Sampling& sampling, Edge edge, int height, int width,
              Store store) noexcept {
    if (sampling.inverse[1] == 0.0 && sampling.inverse[3] == 0.0) {
        resample_upright(image, sampling, edge, height, width, store);
    } else if (edge.constant) {
        resample(image, sampling, height, width, Constant{edge.level}, store);
    } else {
        resample(image, sampling, height, width, Replicate{}, store);
    }
}

int samples_for(double step) noexcept { return step > 2.0 ? static_cast<int>(std::ceil(step)) : 1; }

}  // namespace

Plan plan_sampling(const double* matrix, Sampling* sampling) noexcept {
    const double a = matrix[0];
    const double b = matrix[1];
    const double c = matrix[3];
    const double d = matrix[4];
    const double det = a * d - b * c;
    // Written so that a NaN determinant, from entries that overflow, is refused as well.
    if (!(std::abs(det) > 1e-12 * (std::abs(a * d) + std::abs(b * c)))) return Plan::singular;

    double* m = sampling->inverse;
    m[0] = d / det;
    m[1] = -b / det;
    m[3] = -c / det;
    m[4] = a / det;
    m[2] = -(m[0] * matrix[2] + m[1] * matrix[5]);
    m[5] = -(m[3] * matrix[2] + m[4] * matrix[5]);
    const double step_x = std::hypot(m[0], m[3]);
    const double step_y = std::hypot(m[1], m[4]);
    if (!(step_x <= max_shrink && step_y <= max_shrink)) return Plan::shrinks_far;
    if (!(std::isfinite(m[2]) && std::isfinite(m[5]))) return Plan::singular;
    sampling->steps_x = samples_for(step_x);
    sampling->steps_y = samples_for(step_y);
    return Plan::ok;
}

void warp(const ImageView& image, const Sampling& sampling, Edge edge, const Normalise& normalise,
          int height, int width, float* out) noexcept {
    const auto plane = static_cast<std::ptrdiff_t>(height) * width;
    const int first = normalise.swap_rb ? 2 : 0;
    const int step = normalise.swap_rb ? -1 : 1;
    float scale[3];
    for (int c = 0; c < 3; ++c) scale[c] = 1.0F / normalise.std[c];
    resample(image, sampling, edge, height, width, [&](int y, int x, const float* value) noexcept {
        float* cell = out + static_cast<std::ptrdiff_t>(y) * width + x;
        for (int c = 0; c < 3; ++c) {
            cell[c * plane] = (value[first + c * step] - normalise.mean[c]) * scale[c];
        }
    });
}

void warp_u8(const ImageView& image, const Sampling& sampling, Edge edge, int height, int width,
             std::uint8_t* out) noexcept {
    resample(image, sampling, edge, height, width, [&](int y, int x, const float* value) noexcept {
        std::uint8_t* cell = out + (static_cast<std::ptrdiff_t>(y) * width + x) * 3;
        // Interpolated grey levels are never negative by more than rounding, so this is a floor.
        for (int c = 0; c < 3; ++c) cell[c] = static_cast<std::uint8_t>(value[c] + 0.5F);
    });
}

}  // namespace facegate
