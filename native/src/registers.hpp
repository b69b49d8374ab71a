// As many numbers as a register of the including file's instruction set holds. Each file is
// compiled with its own flags, so everything here is that file's own (see facegate/dispatch.hpp).
#pragma once

#include <cstdint>

namespace facegate {
namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
using Ints = std::int32_t __attribute__((vector_size(lanes * 4)));
using Floats = float __attribute__((vector_size(lanes * 4)));

}  // namespace
}  // namespace facegate
