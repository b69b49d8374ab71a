#include "facegate/dispatch.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace facegate {

namespace {

#if defined(__x86_64__)

constexpr const char* names[instruction_sets] = {"baseline", "avx2", "avx512vnni", "avx512vbmi"};

// The compiler's own probe also asks whether the system saves the wide registers.
InstructionSet probe() noexcept {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        return InstructionSet::baseline;
    }
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512vnni");
    if (!wide) return InstructionSet::avx2;
    return __builtin_cpu_supports("avx512vbmi") ? InstructionSet::avx512vbmi
                                                : InstructionSet::avx512vnni;
}

#elif defined(__aarch64__)

constexpr const char* names[instruction_sets] = {"baseline", "neon", "dotprod", "i8mm"};

InstructionSet probe() noexcept {
    if ((getauxval(AT_HWCAP) & HWCAP_ASIMDDP) == 0) return InstructionSet::neon;
    if ((getauxval(AT_HWCAP2) & HWCAP2_I8MM) == 0) return InstructionSet::dotprod;
    return InstructionSet::i8mm;
}

#else

constexpr const char* names[instruction_sets] = {"baseline"};

InstructionSet probe() noexcept { return InstructionSet::baseline; }

#endif

InstructionSet chosen() {
    const char* const forced = std::getenv("FACEGATE_KERNELS");
    const InstructionSet most = widest_present();
    if (forced == nullptr) return most;
    std::string known;
    for (std::size_t i = 0; i < instruction_sets; ++i) {
        const auto set = static_cast<InstructionSet>(i);
        if (std::string(forced) == names[i]) {
            if (set <= most) return set;
            throw std::runtime_error(std::string("FACEGATE_KERNELS: this processor has no ") +
                                     names[i] + "; its widest is " + name_of(most));
        }
        known += (i == 0 ? "" : ", ") + std::string(names[i]);
    }
    throw std::runtime_error(std::string("FACEGATE_KERNELS: need one of ") + known + ", got '" +
                             forced + "'; leave it unset to use what the processor has");
}

}  // namespace

const char* name_of(InstructionSet set) noexcept { return names[static_cast<std::size_t>(set)]; }

InstructionSet widest_present() noexcept {
    static const InstructionSet present = probe();
    return present;
}

InstructionSet in_use() {
    static const InstructionSet set = chosen();
    return set;
}

}  // namespace facegate
