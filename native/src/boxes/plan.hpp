// What the variants of the box kernels do, one set of functions per instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "facegate/dispatch.hpp"

namespace facegate {

// Boxes are compared this many at a time; lists of kept boxes have room for whole blocks.
constexpr std::size_t block = 16;

// Corners and areas of the boxes kept so far, each an array of its own. Entries up to the next
// multiple of `block` must hold boxes that meet nothing.
struct Kept {
    float* x1;
    float* y1;
    float* x2;
    float* y2;
    float* area;
    std::size_t count;
};

struct BoxKernels {
    // How many values are not below `bound`. A NaN is not below anything.
    std::size_t (*count)(const float* values, std::size_t size, float bound) noexcept;
    // Their indices plus `first`, in order, and how many they are; there must be room for `block`
    // more.
    std::size_t (*list)(const float* values, std::size_t size, float bound, std::uint32_t first,
                        std::uint32_t* indices) noexcept;
    // The indices of rows of five values whose last one is not below `bound`, likewise.
    std::size_t (*list_fifths)(const float* rows, std::size_t size, float bound,
                               std::uint32_t* indices) noexcept;
    // The highest of finite values; size >= 1.
    float (*highest)(const float* values, std::size_t size) noexcept;
    bool (*finite)(const float* values, std::size_t size) noexcept;
    // Whether the intersection of `box` with a kept one over their union is above `bound`, computed
    // in double.
    bool (*suppressed)(const Kept& kept, const float* box, double bound) noexcept;
};

extern const BoxKernels boxes_baseline;
#if defined(__x86_64__)
extern const BoxKernels boxes_avx2;
extern const BoxKernels boxes_avx512vnni;
#endif

const BoxKernels& box_kernels();

}  // namespace facegate
