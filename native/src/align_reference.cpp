#include "align_reference.hpp"

#include <algorithm>
#include <cmath>

namespace facegate {

namespace {

double grey(const ImageView& image, Edge edge, double x, double y, int c) {
    const double last_x = image.width - 1;
    const double last_y = image.height - 1;
    if (edge.constant && (x < 0 || y < 0 || x > last_x || y > last_y)) return edge.level;
    const auto column = static_cast<std::ptrdiff_t>(std::clamp(x, 0.0, last_x));
    const auto row = static_cast<std::ptrdiff_t>(std::clamp(y, 0.0, last_y));
    return image.data[row * image.row_bytes + column * 3 + c];
}

// The image, or with side > 1 the mean of a block of it, rounded.
double level(const ImageView& image, Edge edge, int side, double x, double y, int c) {
    if (side == 1) return grey(image, edge, x, y, c);
    const Edge whole{edge.constant, std::floor(edge.level + 0.5F)};
    double sum = 0.0;
    for (int j = 0; j < side; ++j) {
        for (int i = 0; i < side; ++i) sum += grey(image, whole, x * side + i, y * side + j, c);
    }
    return std::floor(sum / (side * side) + 0.5);
}

double bilinear(const ImageView& image, Edge edge, int side, double x, double y, int c) {
    const double x0 = std::floor(x);
    const double y0 = std::floor(y);
    double value = 0.0;
    for (int dy = 0; dy < 2; ++dy) {
        for (int dx = 0; dx < 2; ++dx) {
            const double weight = (1.0 - std::abs(x - x0 - dx)) * (1.0 - std::abs(y - y0 - dy));
            value += weight * level(image, edge, side, x0 + dx, y0 + dy, c);
        }
    }
    return value;
}

}  // namespace

std::vector<double> resample_reference(const ImageView& image, const double* m, Edge edge,
                                       int height, int width) {
    const double det = m[0] * m[4] - m[1] * m[3];
    const auto source_x = [&](double x, double y) {
        return (m[4] * (x - m[2]) - m[1] * (y - m[5])) / det;
    };
    const auto source_y = [&](double x, double y) {
        return (m[0] * (y - m[5]) - m[3] * (x - m[2])) / det;
    };
    const double step_x = std::sqrt(m[4] / det * (m[4] / det) + m[3] / det * (m[3] / det));
    const double step_y = std::sqrt(m[1] / det * (m[1] / det) + m[0] / det * (m[0] / det));
    const double least = std::min(step_x, step_y);
    const bool upright = m[1] == 0.0 && m[3] == 0.0;
    int side = !upright && least > 2.0 ? static_cast<int>(std::min(16.0, std::round(least))) : 1;
    if (std::max(step_x, step_y) >= 1.75 * side) side = 1;
    const auto samples = [side](double step) {
        return side == 1 && step > 2.0 ? static_cast<int>(std::ceil(step)) : 1;
    };
    const int across = samples(step_x);
    const int down = samples(step_y);
    const auto place = [side](double pixel) { return (pixel - (side - 1) / 2.0) / side; };

    std::vector<double> out;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (int c = 0; c < 3; ++c) {
                double sum = 0.0;
                for (int j = 0; j < down; ++j) {
                    for (int i = 0; i < across; ++i) {
                        const double cx = x - 0.5 + (i + 0.5) / across;
                        const double cy = y - 0.5 + (j + 0.5) / down;
                        sum += bilinear(image, edge, side, place(source_x(cx, cy)),
                                        place(source_y(cx, cy)), c);
                    }
                }
                out.push_back(sum / (across * down));
            }
        }
    }
    return out;
}

std::vector<double> warp_reference(const ImageView& image, const double* matrix, Edge edge,
                                   const Normalise& normalise, int height, int width) {
    const std::vector<double> levels = resample_reference(image, matrix, edge, height, width);
    std::vector<double> out;
    for (std::size_t c = 0; c < 3; ++c) {
        const std::size_t channel = normalise.swap_rb ? 2 - c : c;
        for (std::size_t i = channel; i < levels.size(); i += 3) {
            out.push_back((levels[i] - normalise.mean[c]) / normalise.std[c]);
        }
    }
    return out;
}

}  // namespace facegate
