// The source of variants of exact.hpp; the compiler makes vector code of it with each
// variant's flags. All of it has internal linkage, and it includes nothing that has not.
#pragma once

#include "total.hpp"

namespace facegate {

namespace {

double squared_norm(const float* vector, std::size_t dim) noexcept {
    double sum[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= dim; i += lanes) {
        for (std::size_t j = 0; j < lanes; ++j) {
            const double value = vector[i + j];
            sum[j] += value * value;
        }
    }
    for (std::size_t j = 0; i < dim; ++i, ++j) {
        const double value = vector[i];
        sum[j] += value * value;
    }
    return total(sum);
}

double dot_product(const float* a, const float* b, std::size_t dim) noexcept {
    double sum[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= dim; i += lanes) {
        for (std::size_t j = 0; j < lanes; ++j) {
            const double value = a[i + j];
            sum[j] += value * b[i + j];
        }
    }
    for (std::size_t j = 0; i < dim; ++i, ++j) {
        const double value = a[i];
        sum[j] += value * b[i];
    }
    return total(sum);
}

// Two passes: GCC makes vector code of one array of sums in a loop, and not of two.
Products multiply(const float* probe, const float* row, std::size_t dim) noexcept {
    return {dot_product(probe, row, dim), squared_norm(row, dim)};
}

float size_of(float value) noexcept { return __builtin_fabsf(value); }

float larger(float a, float b) noexcept { return a > b ? a : b; }

float largest(const float* vector, std::size_t dim) noexcept {
    float most[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= dim; i += lanes) {
        for (std::size_t j = 0; j < lanes; ++j) most[j] = larger(size_of(vector[i + j]), most[j]);
    }
    for (; i < dim; ++i) most[0] = larger(size_of(vector[i]), most[0]);
    for (std::size_t j = 1; j < lanes; ++j) most[0] = larger(most[j], most[0]);
    return most[0];
}

double round(const float* vector, double per_norm, double step, std::size_t dim,
             std::int8_t* q) noexcept {
    // For magnitudes below 2^51 adding this leaves no bits for a fraction: the nearest integer,
    // and unlike nearbyint vector code for every floor.
    constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
    const double per_step = per_norm / step;
    double left[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= dim; i += lanes) {
        for (std::size_t j = 0; j < lanes; ++j) {
            const double value = vector[i + j];
            const double whole = (value * per_step + shift) - shift;
            const double rest = value * per_norm - whole * step;
            left[j] += rest * rest;
        }
    }
    // A pass of its own, as GCC makes no vector code of both.
    for (std::size_t at = 0; at < i; ++at) {
        const double whole = (vector[at] * per_step + shift) - shift;
        q[at] = static_cast<std::int8_t>(static_cast<std::int32_t>(whole));
    }
    for (std::size_t j = 0; i < dim; ++i, ++j) {
        const double value = vector[i];
        const double whole = (value * per_step + shift) - shift;
        const double rest = value * per_norm - whole * step;
        left[j] += rest * rest;
        q[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(whole));
    }
    return total(left);
}

}  // namespace

}  // namespace facegate
