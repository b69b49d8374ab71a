// Which instruction set the kernels use: probed once, or forced by FACEGATE_KERNELS.
//
// One binary runs on every board of an architecture, so the compiler's baseline is the floor
// (x86-64-v1, armv8-a) and faster code lies in one file per instruction set, compiled with that
// set's flags and called only where the processor has it. Such a file includes nothing with inline
// functions of others (no <algorithm>, no <vector>): the linker keeps one copy of each inline
// function for the whole program, and it must not be the one that an old processor cannot run.
#pragma once

#include <cstddef>
#include <cstdint>

namespace facegate {

// From narrow to wide; a processor that has one has those before it.
enum class InstructionSet : std::uint8_t {
    baseline,  // plain C++, compiled for the floor
#if defined(__x86_64__)
    avx2,        // AVX2 and FMA
    avx512vnni,  // AVX-512 F, BW, DQ, VL and VNNI
    avx512vbmi,  // and VBMI (Ice Lake, Zen 4)
#elif defined(__aarch64__)
    neon,     // intrinsics; every armv8-a has it (Pi 3, Pi 4)
    dotprod,  // SDOT (Pi 5, Jetson Orin)
    i8mm,     // SMMLA (armv8.6-a)
#endif
};

#if defined(__x86_64__)
inline constexpr std::size_t instruction_sets = 4;
#elif defined(__aarch64__)
inline constexpr std::size_t instruction_sets = 4;
#else
inline constexpr std::size_t instruction_sets = 1;
#endif

// As spelled in the enumeration.
const char* name_of(InstructionSet set) noexcept;

// The widest that this processor and its system allow.
InstructionSet widest_present() noexcept;

// The widest that kernels may use: the set that the environment variable FACEGATE_KERNELS names,
// else the widest present. Read at the first call; it stays.
// Throws std::runtime_error if the name is unknown or this processor lacks the set.
InstructionSet in_use();

// One way to run a kernel.
template <class Function>
struct Variant {
    InstructionSet set;
    Function run;
};

// The widest variant that may be used. `variants`: from narrow to wide, the first is `baseline`.
template <class Function, std::size_t N>
Variant<Function> widest(const Variant<Function> (&variants)[N]) {
    const InstructionSet most = in_use();
    std::size_t last = 0;
    for (std::size_t i = 1; i < N; ++i) {
        if (variants[i].set <= most) last = i;
    }
    return variants[last];
}

}  // namespace facegate
