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

double bilinear(const ImageView& image, Edge edge, double x, double y, int c) {
    const double x0 = std::floor(x);
    const double y0 = std::floor(y);
    double value = 0.0;
    for (int dy = 0; dy < 2; ++dy) {
        for (int dx = 0; dx < 2; ++dx) {
            const double weight = (1.0 - std::abs(x - x0 - dx)) * (1.0 - std::abs(y - y0 - dy));
            value += weight * grey(image, edge, x0 + dx, y0 + dy, c);
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
    const auto samples = [](double dx, double dy) {
        const double step = std::sqrt(dx * dx + dy * dy);
        return step > 2.0 ? static_cast<int>(std::ceil(step)) : 1;
    };
    const int across = samples(m[4] / det, m[3] / det);
    const int down = samples(m[1] / det, m[0] / det);

    std::vector<double> out;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (int c = 0; c < 3; ++c) {
                double sum = 0.0;
                for (int j = 0; j < down; ++j) {
                    for (int i = 0; i < across; ++i) {
                        const double cx = x - 0.5 + (i + 0.5) / across;
                        const double cy = y - 0.5 + (j + 0.5) / down;
                        sum += bilinear(image, edge, source_x(cx, cy), source_y(cx, cy), c);
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
