// Crops that stand upright in the image and average several samples: these lie on a grid, so an
// average over it is one over rows, which are read whole, and then one over columns.
//
// Samples that share a row or column share its weight: n of them, at most a pixel apart, need
// n + 1. Each level is a sum of floats in one fixed order, whatever the instruction set, and exact
// to within 1e-4 grey levels.
//
// Included by one file per instruction set; everything here is that file's own.
#pragma once

#include "store.hpp"

namespace facegate {
namespace {

constexpr int tile = 512;  // image columns that are held at once; a crop pixel spans 65 at most
constexpr int most_taps = max_shrink + 1;  // pixels along an axis that one crop pixel averages

// Three channels and one number without meaning: one register.
using Four = float __attribute__((vector_size(16)));

struct Axis {
    double slope;
    double start;
    double low;  // positions are held to what repeats the edge, or one pixel further out
    double high;
    int samples;
};

inline Axis axis(double slope, double start, int samples, int size, Edge edge) noexcept {
    return {slope, start, edge.constant ? -1.0 : 0.0,
            static_cast<double>(edge.constant ? size : size - 1), samples};
}

struct Window {
    int first;
    int count;
};

struct Hold {
    int first;
    float fraction;
};

inline Hold hold(const Axis& along, int at, int i) noexcept {
    const double offset = (i + 0.5) * (1.0 / along.samples) - 0.5;
    double position = along.slope * (at + offset) + along.start;
    position = position < along.low ? along.low : position > along.high ? along.high : position;
    auto whole = static_cast<int>(position);
    if (position < whole) --whole;
    return {whole, static_cast<float>(position - whole)};
}

// The pixels that crop pixel `at` averages; weights: room for samples + 1, others are set to 0.
inline Window window(const Axis& along, int at, float* weights) noexcept {
    const int begin = hold(along, at, 0).first;
    const int end = hold(along, at, along.samples - 1).first;
    const int first = begin < end ? begin : end;
    for (int i = 0; i <= along.samples; ++i) weights[i] = 0.0F;
    const float share = 1.0F / static_cast<float>(along.samples);
    for (int i = 0; i < along.samples; ++i) {
        const Hold sample = hold(along, at, i);
        weights[sample.first - first] += share * (1.0F - sample.fraction);
        weights[sample.first - first + 1] += share * sample.fraction;
    }
    return {first, along.samples + 1};
}

// Adds `weight` times image row `y`, columns first..last, to the interleaved floats of `row`.
inline void add_row(const Crop& crop, int y, int first, int last, float weight,
                    float* row) noexcept {
    if (weight == 0.0F) return;
    const ImageView& image = crop.image;
    const bool beyond = y < 0 || y >= image.height;
    const int from = beyond ? last + 1 : first > 0 ? first : 0;
    const int to = beyond ? last + 1 : (last < image.width - 1 ? last : image.width - 1) + 1;
    const float constant = weight * crop.edge.level;
    const int left = ((from < last + 1 ? from : last + 1) - first) * 3;
    for (int i = 0; i < left; ++i) row[i] += constant;
    if (from < to) {
        const std::uint8_t* const source =
            image.data + y * image.row_bytes + static_cast<std::ptrdiff_t>(from) * 3;
        float* const sums = row + static_cast<std::ptrdiff_t>(from - first) * 3;
        const int count = (to - from) * 3;
        for (int i = 0; i < count; ++i) sums[i] += weight * static_cast<float>(source[i]);
    }
    for (int i = (to - first) * 3; i < (last + 1 - first) * 3; ++i) row[i] += constant;
}

inline Four load(const float* from) noexcept {
    Four value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

template <class Store>
void sample_upright(const Crop& crop, Store store) noexcept {
    const double* const m = crop.sampling.inverse;
    const Axis columns = axis(m[0], m[2], crop.sampling.steps_x, crop.image.width, crop.edge);
    const Axis rows = axis(m[4], m[5], crop.sampling.steps_y, crop.image.height, crop.edge);
    const int taps = columns.samples + 1;
    const double wide = m[0] < 0 ? -m[0] : m[0];
    const double room = (tile - 3) / wide;
    const int fitting = room < tile ? static_cast<int>(room) : tile;
    const int most = fitting < crop.width ? fitting : crop.width;

    float row[tile * 3 + 1];  // one more, since pixels are read as four numbers
    float weights[2 * tile];  // of two or more samples there are at most wide + 1 per pixel
    int places[tile];
    float row_weights[most_taps];
    alignas(64) float sums[3][group] = {};
    Levels levels;
    for (int x0 = 0; x0 < crop.width; x0 += most) {
        const int x1 = x0 + most < crop.width ? x0 + most : crop.width;
        int first = crop.image.width;
        int last = -1;
        for (int x = x0; x < x1; ++x) {
            const Window at = window(columns, x, weights + (x - x0) * taps);
            places[x - x0] = at.first;
            if (at.first < first) first = at.first;
            if (at.first + taps - 1 > last) last = at.first + taps - 1;
        }
        for (int y = 0; y < crop.height; ++y) {
            for (int i = 0; i < (last - first + 1) * 3 + 1; ++i) row[i] = 0.0F;
            const Window at = window(rows, y, row_weights);
            for (int j = 0; j < at.count; ++j) {
                add_row(crop, at.first + j, first, last, row_weights[j], row);
            }
            for (int x = x0; x < x1; x += group) {
                const int count = x1 - x < group ? x1 - x : group;
                for (int i = 0; i < count; ++i) {
                    const float* const from = row + (places[x - x0 + i] - first) * 3;
                    const float* const weight = weights + (x - x0 + i) * taps;
                    Four sum = {};
                    for (int k = 0; k < taps; ++k) sum += weight[k] * load(from + 3 * k);
                    for (int c = 0; c < 3; ++c) sums[c][i] = sum[store.source(c)];
                }
                __builtin_memcpy(&levels, sums, sizeof levels);
                store(y, x, count, levels);
            }
        }
    }
}

void upright(const Crop& crop, const Normalise& normalise, float* out) noexcept {
    sample_upright(crop, FloatPlanes(crop, normalise, 1.0F, out));
}

void upright_u8(const Crop& crop, std::uint8_t* out) noexcept {
    sample_upright(crop, Pixels(crop, 1.0F, out));
}

}  // namespace
}  // namespace facegate
