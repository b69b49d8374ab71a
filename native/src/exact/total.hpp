// In which order sums are split and added up, on every instruction set. Included by one file per
// set; everything here is that file's own.
#pragma once

#include "exact.hpp"

namespace facegate {

namespace {

// Independent partial sums: the compiler may not reorder one sum, but can run these side by side.
constexpr std::size_t lanes = 8;

double total(const double (&lane)[lanes]) noexcept {
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

}  // namespace

}  // namespace facegate
