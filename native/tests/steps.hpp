// Counts the instructions that this very processor executes, by its trap flag: it then stops after
// each, and a signal handler counts. For instruction sets that no emulator knows (AVX-512).
//
// A repeated string instruction counts once for each repetition.
#pragma once

#if defined(__x86_64__)

#include <x86intrin.h>

#include <csignal>
#include <cstdint>

namespace steps {

inline volatile std::uint64_t taken = 0;
inline constexpr std::uint64_t trap_flag = 0x100;

// The kernel clears the flag for the handler, and restores it when that returns.
inline void on_step(int) { taken = taken + 1; }

template <class Function>
std::uint64_t count(const Function& function) {
    struct sigaction action{}, before{};
    action.sa_handler = on_step;
    sigaction(SIGTRAP, &action, &before);
    taken = 0;
    __writeeflags(__readeflags() | trap_flag);
    function();
    __writeeflags(__readeflags() & ~trap_flag);
    sigaction(SIGTRAP, &before, nullptr);
    return taken;
}

}  // namespace steps

#endif
