// A vector, scaled to length 1, as 8-bit values, a scale and what that leaves out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace facegate {

struct Quantised {
    float scale;  // the unit vector is about scale * q
    float error;  // the length of the difference, rounded up
};

// vector: `dim` floats with a direction, norm2 their squared_norm. q: dim, each in -127..127.
// The scale is the largest magnitude / 127. Sums run in double in a fixed order: the same bytes on
// every board.
Quantised quantise(const float* vector, double norm2, std::size_t dim, std::int8_t* q) noexcept;

}  // namespace facegate
