// Box kernels for the compiler's floor, which on 64-bit ARM includes NEON.
#include "../registers.hpp"

namespace facegate {
namespace {

constexpr int together = 4;

// Writing always and stepping sometimes is quicker than a jump that is hard to foresee.
std::uint32_t* listed(const Floats& values, float bound, std::uint32_t first,
                      std::uint32_t* to) noexcept {
    for (int i = 0; i < lanes; ++i) {
        *to = first + static_cast<std::uint32_t>(i);
        to += !(values[i] < bound);
    }
    return to;
}

bool any(const Ints& truths) noexcept {
    std::uint64_t halves[2];
    static_assert(sizeof halves == sizeof truths);
    __builtin_memcpy(halves, &truths, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

bool all_below(const float* values, float bound) noexcept {
    Ints below = {-1, -1, -1, -1};
    for (int v = 0; v < together; ++v) {
        Floats vector;
        __builtin_memcpy(&vector, values + v * lanes, sizeof vector);
        below &= vector < bound;
    }
    return !any(~below);
}

}  // namespace
}  // namespace facegate

#include "kernels.hpp"

namespace facegate {

const BoxKernels boxes_baseline = {count_values,  list_values, list_fifths,
                                   highest_value, all_finite,  is_suppressed};

}  // namespace facegate
