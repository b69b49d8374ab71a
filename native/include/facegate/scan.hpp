// Upper bounds of cosine similarities, out of 8-bit copies of the vectors.
//
// A row t of length 1 is kept as a q, q in -127..127, and the length |e| of what that leaves out,
// e = t - a q; a probe p of length 1 likewise as b r with f = p - b r. Then
//   t.p = a b (q.r) + (a q).f + e.p,   and by Cauchy-Schwarz
//   |t.p - a b (q.r)| <= |a q| |f| + |e| |p| <= (1 + |e|) |f| + |e|,
// so that   upper = a b (q.r) + |e| (1 + |f|) + |f|   is never below the similarity. q.r is an
// exact integer: at most 127 * 127 * 4096 < 2^27. The float arithmetic around it rounds at most
// eight times by 2^-24 of values below 2, and the similarity itself is rounded to float once:
// together less than `rounding`, which is part of every bound.
//
// Layout: 16 rows make a group of 64-byte lines: 16 scales a, 16 errors |e|, then for every four
// dimensions one line with these four of each row. One line is a register of AVX-512 or four of
// NEON, and no sum ever crosses lanes. Dimensions are padded with zeros to a multiple of 64. A
// row that is not in use has scale 0 and error minus infinity: its bound is minus infinity.
#pragma once

#include <cstddef>
#include <cstdint>

#include "facegate/dispatch.hpp"

namespace facegate {

inline constexpr std::size_t group_rows = 16;
inline constexpr std::size_t line_bytes = 64;
inline constexpr std::size_t longest_vector = 4096;
inline constexpr float rounding = 1e-6F;

// Lines of four dimensions in a group.
constexpr std::size_t lines_for(std::size_t dim) noexcept { return (dim + 63) / 64 * 16; }

constexpr std::size_t group_bytes(std::size_t lines) noexcept { return (2 + lines) * line_bytes; }

struct ProbeTerms {
    float scale;       // b
    float per_error;   // 1 + |f|
    float always;      // |f| + rounding
    std::int32_t sum;  // of all r, for variants that store rows without a sign
};

struct Probes {
    const std::int8_t* values;  // count times 4 * lines, 64-byte aligned
    const ProbeTerms* terms;    // count
    std::size_t count;
};

// groups: `count` of them, 64-byte aligned. upper: probes.count times 16 * count, the bounds by
// probe, then row. best: probes.count, the highest of each probe's.
using Scan = void (*)(const unsigned char* groups, std::size_t count, std::size_t lines,
                      const Probes& probes, float* upper, float* best) noexcept;

void scan_baseline(const unsigned char* groups, std::size_t count, std::size_t lines,
                   const Probes& probes, float* upper, float* best) noexcept;
#if defined(__x86_64__)
void scan_avx2(const unsigned char* groups, std::size_t count, std::size_t lines,
               const Probes& probes, float* upper, float* best) noexcept;
void scan_avx512vnni(const unsigned char* groups, std::size_t count, std::size_t lines,
                     const Probes& probes, float* upper, float* best) noexcept;
#elif defined(__aarch64__)
void scan_neon(const unsigned char* groups, std::size_t count, std::size_t lines,
               const Probes& probes, float* upper, float* best) noexcept;
void scan_dotprod(const unsigned char* groups, std::size_t count, std::size_t lines,
                  const Probes& probes, float* upper, float* best) noexcept;
void scan_i8mm(const unsigned char* groups, std::size_t count, std::size_t lines,
               const Probes& probes, float* upper, float* best) noexcept;
#endif

inline constexpr Variant<Scan> scan_variants[] = {
    {InstructionSet::baseline, scan_baseline},
#if defined(__x86_64__)
    {InstructionSet::avx2, scan_avx2},
    {InstructionSet::avx512vnni, scan_avx512vnni},
#elif defined(__aarch64__)
    {InstructionSet::neon, scan_neon},
    {InstructionSet::dotprod, scan_dotprod},
    {InstructionSet::i8mm, scan_i8mm},
#endif
};

}  // namespace facegate
