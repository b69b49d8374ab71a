// How the grey levels of a run of crop pixels are written. Included by one file per instruction
// set; everything here is that file's own (see facegate/dispatch.hpp).
#pragma once

#include "../registers.hpp"
#include "plan.hpp"

namespace facegate {
namespace {

constexpr int parts = group / lanes;  // vectors that a group fills

// Grey levels of a group of crop pixels, by channel.
struct Levels {
    Floats of[3][parts];
};

// Planes of (level - mean) / std, in the network's channel order.
class FloatPlanes {
  public:
    FloatPlanes(const Crop& crop, const Normalise& normalise, float* out) noexcept
        : out_(out), width_(crop.width), plane_(static_cast<std::ptrdiff_t>(crop.height) * width_) {
        for (int c = 0; c < 3; ++c) {
            source_[c] = normalise.swap_rb ? 2 - c : c;
            mean_[c] = normalise.mean[c];
            scale_[c] = 1.0F / normalise.std[c];
        }
    }

    // levels: of `count` pixels from (x, y) on.
    void operator()(int y, int x, int count, const Levels& levels) const noexcept {
        float* const row = out_ + static_cast<std::ptrdiff_t>(y) * width_ + x;
        for (int c = 0; c < 3; ++c) {
            Floats value[parts];
            for (int p = 0; p < parts; ++p) {
                value[p] = (levels.of[source_[c]][p] - mean_[c]) * scale_[c];
            }
            float* const to = row + c * plane_;
            if (count == group) {
                __builtin_memcpy(to, value, sizeof value);
            } else {
                __builtin_memcpy(to, value, static_cast<std::size_t>(count) * sizeof *to);
            }
        }
    }

  private:
    float* out_;
    int width_;
    std::ptrdiff_t plane_;
    int source_[3];
    float mean_[3];
    float scale_[3];
};

// Interleaved pixels in the image's channel order, rounded to the nearest level.
class Pixels {
  public:
    Pixels(const Crop& crop, std::uint8_t* out) noexcept : out_(out), width_(crop.width) {}

    void operator()(int y, int x, int count, const Levels& levels) const noexcept {
        float level[3][group];
        __builtin_memcpy(level, &levels, sizeof level);
        std::uint8_t* to = out_ + (static_cast<std::ptrdiff_t>(y) * width_ + x) * 3;
        for (int i = 0; i < count; ++i) {
            // Levels are never negative, so this is a floor.
            for (int c = 0; c < 3; ++c) *to++ = static_cast<std::uint8_t>(level[c][i] + 0.5F);
        }
    }

  private:
    std::uint8_t* out_;
    int width_;
};

}  // namespace
}  // namespace facegate
