// The arithmetic that answers rest on: sums in double, eight side by side and added up in one fixed
// order, so that wider registers change how fast they are and not one bit of what they are.
//
// A product of two floats is exact in double. Everything else rounds where the source says, since
// contraction is off for our own code.
#pragma once

#include <cstddef>
#include <cstdint>

#include "facegate/dispatch.hpp"

namespace facegate {

struct Products {
    double dot;
    double norm2;  // of the row
};

struct Exact {
    double (*squared_norm)(const float* vector, std::size_t dim) noexcept;
    Products (*multiply)(const float* probe, const float* row, std::size_t dim) noexcept;
    float (*largest)(const float* vector, std::size_t dim) noexcept;  // magnitude
    // q: the nearest integers to vector * per_norm / step, each in -127..127. Returns the squared
    // length of what that leaves out of vector * per_norm.
    double (*round)(const float* vector, double per_norm, double step, std::size_t dim,
                    std::int8_t* q) noexcept;
};

extern const Exact exact_baseline;
#if defined(__x86_64__)
extern const Exact exact_avx2;
extern const Exact exact_avx512vnni;
#endif

inline constexpr Variant<const Exact*> exact_variants[] = {
    {InstructionSet::baseline, &exact_baseline},
#if defined(__x86_64__)
    {InstructionSet::avx2, &exact_avx2},
    {InstructionSet::avx512vnni, &exact_avx512vnni},
#endif
};

// The variant in use.
const Exact& exact();

}  // namespace facegate
