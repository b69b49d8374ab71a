// What every variant of the crop kernels is given, and what it must compute to the last bit.
//
// A file per instruction set compiles the code of turned.hpp and upright.hpp with its
// own flags. Both are written so that the answer does not depend on the set: whole numbers where
// the order of operations would differ, one fixed order of float operations where it does not, and
// no fused multiply-add anywhere. A crop made on the workstation is the crop on the door.
#pragma once

#include <cstdint>

#include "facegate/align.hpp"
#include "facegate/dispatch.hpp"

namespace facegate {

// Crop pixels that are computed together, on every instruction set.
constexpr int group = 16;

// Positions are whole numbers of 2^-40 image pixels. Where a group starts is one of them; within it
// steps are whole 2^-21 from the pixel of its first sample: 15 of at most max_shrink pixels stay
// below 2^31.
constexpr int place_bits = 40;
constexpr int step_bits = 21;

// Blocks that are averaged have at most so many pixels a side; their sums fit 16 bits.
constexpr int most_blocks = 16;

// Weights of the fixed-point samples are whole numbers of 2^-14.
constexpr int weight_bits = 14;

// Where crop pixels lie along one axis of the image, or of what averaging its blocks makes of it.
struct Line {
    std::int64_t start;  // of crop pixel (0, 0)
    std::int64_t per_x;
    std::int64_t per_y;
};

struct Crop {
    ImageView image;
    Edge edge;
    Sampling sampling;
    int height;
    int width;
    Line u;       // image columns
    Line v;       // image rows
    float share;  // turns a sum of weighed samples into the mean
    // Where the i-th pixel of a group lies from the first, in 2^-step_bits such pixels.
    std::int32_t along_x[group];
    std::int32_t along_y[group];
    // Whether every pixel of the image has a right and a lower neighbour, rows do not overlap and
    // all offsets fit 32 bits; else pixels are addressed one at a time.
    bool plain_rows;
};

Crop plan_crop(const ImageView& image, const Sampling& sampling, Edge edge, int height,
               int width) noexcept;

struct AlignKernels {
    void (*turned)(const Crop&, const Normalise&, float* out) noexcept;
    void (*turned_u8)(const Crop&, std::uint8_t* out) noexcept;
    void (*upright)(const Crop&, const Normalise&, float* out) noexcept;
    void (*upright_u8)(const Crop&, std::uint8_t* out) noexcept;
};

extern const AlignKernels align_baseline;
#if defined(__x86_64__)
extern const AlignKernels align_avx2;
extern const AlignKernels align_avx512vnni;
extern const AlignKernels align_avx512vbmi;
#elif defined(__aarch64__)
extern const AlignKernels align_neon;
#endif

}  // namespace facegate
