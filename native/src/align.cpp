#include "facegate/align.hpp"

#include <algorithm>
#include <cmath>

#include "align/plan.hpp"

namespace facegate {

namespace {

constexpr Variant<const AlignKernels*> variants[] = {
    {InstructionSet::baseline, &align_baseline},
#if defined(__x86_64__)
    {InstructionSet::avx2, &align_avx2},
    {InstructionSet::avx512vnni, &align_avx512vnni},
    {InstructionSet::avx512vbmi, &align_avx512vbmi},
#elif defined(__aarch64__)
    {InstructionSet::neon, &align_neon},
#endif
};

const Variant<const AlignKernels*>& chosen() {
    static const Variant<const AlignKernels*> variant = widest(variants);
    return variant;
}

// Without averages over a grid, the general path is the faster one for upright crops as well.
bool stands_on_grid(const Sampling& sampling) noexcept {
    return sampling.inverse[1] == 0.0 && sampling.inverse[3] == 0.0 &&
           (sampling.steps_x > 1 || sampling.steps_y > 1);
}

Line line(const double* m) noexcept {
    // Crops are at most 4096 pixels wide and high, which is 2^19 image pixels; so from 2^21 on all
    // of one lies beyond the same edge of any image, and farther is the same. Sums stay below 2^62.
    constexpr double far = 1 << 21;
    constexpr double unit = std::int64_t{1} << place_bits;
    const double start = m[2] > far ? far : m[2] < -far ? -far : m[2];
    return {std::llround(start * unit), std::llround(m[0] * unit), std::llround(m[1] * unit)};
}

// The side of the blocks that are averaged before sampling; see facegate/align.hpp.
int blocks_for(const double* m, double step_x, double step_y) noexcept {
    constexpr double most_left = 1.75;
    const double least = std::min(step_x, step_y);
    const bool upright = m[1] == 0.0 && m[3] == 0.0;
    if (upright || !(least > 2.0)) return 1;
    const double side = std::min(std::round(least), static_cast<double>(most_blocks));
    return std::max(step_x, step_y) < most_left * side ? static_cast<int>(side) : 1;
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
    // Not hypot, whose last bit differs between libraries.
    const double step_x = std::sqrt(m[0] * m[0] + m[3] * m[3]);
    const double step_y = std::sqrt(m[1] * m[1] + m[4] * m[4]);
    if (!(step_x <= max_shrink && step_y <= max_shrink)) return Plan::shrinks_far;
    if (!(std::isfinite(m[2]) && std::isfinite(m[5]))) return Plan::singular;
    sampling->blocks = blocks_for(m, step_x, step_y);
    sampling->steps_x = sampling->blocks > 1 ? 1 : samples_for(step_x);
    sampling->steps_y = sampling->blocks > 1 ? 1 : samples_for(step_y);
    return Plan::ok;
}

Crop plan_crop(const ImageView& image, const Sampling& sampling, Edge edge, int height,
               int width) noexcept {
    Crop crop{};
    crop.image = image;
    crop.edge = edge;
    crop.sampling = sampling;
    crop.height = height;
    crop.width = width;
    // A block's centre lies (side - 1) / 2 pixels from its first.
    const double side = sampling.blocks;
    double m[6];
    for (int i = 0; i < 6; ++i) {
        m[i] = (i % 3 == 2 ? sampling.inverse[i] - (side - 1) / 2 : sampling.inverse[i]) / side;
    }
    crop.u = line(m);
    crop.v = line(m + 3);
    const int samples = sampling.steps_x * sampling.steps_y;
    crop.share = 1.0F / static_cast<float>((1 << weight_bits) * samples);
    constexpr double unit = 1 << step_bits;
    for (int i = 0; i < group; ++i) {
        crop.along_x[i] = static_cast<std::int32_t>(std::lround(m[0] * i * unit));
        crop.along_y[i] = static_cast<std::int32_t>(std::lround(m[3] * i * unit));
    }
    const std::ptrdiff_t stride = std::abs(image.row_bytes);
    const std::ptrdiff_t dense = static_cast<std::ptrdiff_t>(image.width) * 3;
    constexpr std::ptrdiff_t most = 0x7fffffff;
    crop.plain_rows = image.width >= 2 && image.height >= 2 && stride >= dense &&
                      stride <= (most - dense) / image.height;
    return crop;
}

InstructionSet align_variant() { return chosen().set; }

void warp(const ImageView& image, const Sampling& sampling, Edge edge, const Normalise& normalise,
          int height, int width, float* out) {
    const AlignKernels& kernels = *chosen().run;
    const Crop crop = plan_crop(image, sampling, edge, height, width);
    (stands_on_grid(sampling) ? kernels.upright : kernels.turned)(crop, normalise, out);
}

void warp_u8(const ImageView& image, const Sampling& sampling, Edge edge, int height, int width,
             std::uint8_t* out) {
    const AlignKernels& kernels = *chosen().run;
    const Crop crop = plan_crop(image, sampling, edge, height, width);
    (stands_on_grid(sampling) ? kernels.upright_u8 : kernels.turned_u8)(crop, out);
}

}  // namespace facegate
