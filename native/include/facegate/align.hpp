// Cut a face out of a frame: resample by an affine map and normalise for a network, in one pass.
//
// Pixel centres lie at integer coordinates. The matrix maps image to crop; each crop pixel asks its
// inverse where to look and interpolates bilinearly between four pixels. The result is the exact
// bilinear value to within 0.03 grey levels (src/align/turned.hpp), and it is the same to the last
// bit on every instruction set and architecture.
//
// Aliasing: a crop pixel steps |dx| image pixels to its right-hand and |dy| to its lower neighbour
// (the column lengths of the inverse). Up to 2 the four pixels read by each still cover every pixel
// of the image, and one sample is taken. Beyond 2, two rules:
// - Turned crops that shrink about alike in both directions, as faces do: the image is first made
//   smaller by k = round(min(|dx|, |dy|)), at most 16. Blocks of k by k pixels, the first at the
//   image's corner, are averaged and rounded to the nearest level, halves up; beyond the edge lie
//   its nearest pixel or its level, rounded. One sample of that picture, whose steps are
//   below 1.75, is taken as above.
// - All others (a frame that becomes a detector's input stands upright): ceil(|dx|) by ceil(|dy|)
//   samples, spread evenly over the area of the crop pixel and so at most one image pixel apart,
//   are averaged: a box filter.
#pragma once

#include <cstddef>
#include <cstdint>

#include "facegate/dispatch.hpp"

namespace facegate {

// Three interleaved 8-bit channels; rows may lie any distance apart, also backwards.
struct ImageView {
    const std::uint8_t* data;
    std::ptrdiff_t row_bytes;
    int height;
    int width;
};

// What lies beyond the edge of the image: its nearest pixel, or one grey level.
struct Edge {
    bool constant;
    float level;
};

// out[c] = (in[swap_rb ? 2 - c : c] - mean[c]) / std[c], in grey levels 0..255.
struct Normalise {
    float mean[3];
    float std[3];
    bool swap_rb;
};

// Where crop pixels look in the image, how many samples each averages, and the side of the blocks
// that are averaged before (1: none).
struct Sampling {
    double inverse[6];
    int steps_x;
    int steps_y;
    int blocks;
};

enum class Plan {
    ok,
    singular,     // the matrix has no usable inverse
    shrinks_far,  // more than max_shrink image pixels per crop pixel
};

// No face crop shrinks this far (a 4K frame onto 80 pixels is 51); it bounds the time of one call.
constexpr int max_shrink = 64;

// matrix: 2x3 by rows, image to crop, finite.
Plan plan_sampling(const double* matrix, Sampling* sampling) noexcept;

// The instruction set that crops are made with. Throws as in_use() does, and so do the next two.
InstructionSet align_variant();

// out: 3 planes of height x width, not overlapping the image.
void warp(const ImageView& image, const Sampling& sampling, Edge edge, const Normalise& normalise,
          int height, int width, float* out);

// The same samples as interleaved 8-bit pixels, rounded to nearest, channels in the image's order.
void warp_u8(const ImageView& image, const Sampling& sampling, Edge edge, int height, int width,
             std::uint8_t* out);

}  // namespace facegate
