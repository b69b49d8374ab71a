// How the grey levels of a run of crop pixels are written. Included by one file per instruction
// set; everything here is that file's own (see facegate/dispatch.hpp).
#pragma once

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "../registers.hpp"
#include "plan.hpp"

namespace facegate {
namespace {

constexpr int parts = group / lanes;  // vectors that a group fills

// Grey levels of a group of crop pixels, by output, in whatever unit the store was told.
struct Levels {
    Floats of[3][parts];
};

// Writes the first `count`.
inline void put(const Floats (&value)[parts], int count, float* to) noexcept {
#if defined(__AVX512F__)
    const auto all = reinterpret_cast<__m512>(value[0]);
    if (count == group) {
        _mm512_storeu_ps(to, all);
    } else {
        _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1U << count) - 1), all);
    }
#else
    if (count == group) {
        __builtin_memcpy(to, value, sizeof value);
    } else {
        __builtin_memcpy(to, value, static_cast<std::size_t>(count) * sizeof *to);
    }
#endif
}

// Planes of (level - mean) / std, in the network's channel order.
class FloatPlanes {
  public:
    // unit: grey levels per one of what is stored.
    FloatPlanes(const Crop& crop, const Normalise& normalise, float unit, float* out) noexcept
        : out_(out), width_(crop.width), plane_(static_cast<std::ptrdiff_t>(crop.height) * width_) {
        for (int c = 0; c < 3; ++c) {
            const float per_level = 1.0F / normalise.std[c];
            source_[c] = normalise.swap_rb ? 2 - c : c;
            scale_[c] = unit * per_level;
            zero_[c] = -normalise.mean[c] * per_level;
        }
    }

    // The channel of the image that output c is made of.
    int source(int c) const noexcept { return source_[c]; }

    // Pixels from one row of the crop to the next.
    int row() const noexcept { return width_; }

    // One for a part of the crop that begins at (x, y).
    FloatPlanes from(int y, int x) const noexcept {
        FloatPlanes part = *this;
        part.out_ += static_cast<std::ptrdiff_t>(y) * width_ + x;
        return part;
    }

    // levels: of `count` pixels from (x, y) on, by output. Always within the loop that calls it,
    // whose registers a call would empty.
    __attribute__((always_inline)) void operator()(int y, int x, int count,
                                                   const Levels& levels) const noexcept {
        float* const row = out_ + static_cast<std::ptrdiff_t>(y) * width_ + x;
        for (int c = 0; c < 3; ++c) {
            Floats value[parts];
            for (int p = 0; p < parts; ++p) value[p] = levels.of[c][p] * scale_[c] + zero_[c];
            put(value, count, row + c * plane_);
        }
    }

  private:
    float* out_;
    int width_;
    std::ptrdiff_t plane_;
    int source_[3];
    float scale_[3];
    float zero_[3];
};

// Interleaved pixels in the image's channel order, rounded to the nearest level.
class Pixels {
  public:
    Pixels(const Crop& crop, float unit, std::uint8_t* out) noexcept
        : out_(out), width_(crop.width), unit_(unit) {}

    int source(int c) const noexcept { return c; }
    int row() const noexcept { return width_; }

    Pixels from(int y, int x) const noexcept {
        Pixels part = *this;
        part.out_ += (static_cast<std::ptrdiff_t>(y) * width_ + x) * 3;
        return part;
    }

    void operator()(int y, int x, int count, const Levels& levels) const noexcept {
        float level[3][group];
        __builtin_memcpy(level, &levels, sizeof level);
        std::uint8_t* to = out_ + (static_cast<std::ptrdiff_t>(y) * width_ + x) * 3;
        for (int i = 0; i < count; ++i) {
            // Levels are never negative, so this is a floor.
            for (int c = 0; c < 3; ++c) {
                *to++ = static_cast<std::uint8_t>(level[c][i] * unit_ + 0.5F);
            }
        }
    }

  private:
    std::uint8_t* out_;
    int width_;
    float unit_;
};

}  // namespace
}  // namespace facegate
