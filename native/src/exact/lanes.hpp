// The source of every variant of exact.hpp; the compiler makes vector code of it with each
// variant's flags. All of it has internal linkage, and it includes nothing that has not.
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

Products multiply(const float* probe, const float* row, std::size_t dim) noexcept {
    double dot[lanes] = {};
    double norm2[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= dim; i += lanes) {
        for (std::size_t j = 0; j < lanes; ++j) {
            const double value = row[i + j];
            dot[j] += probe[i + j] * value;
            norm2[j] += value * value;
        }
    }
    for (std::size_t j = 0; i < dim; ++i, ++j) {
        const double value = row[i];
        dot[j] += probe[i] * value;
        norm2[j] += value * value;
    }
    return {total(dot), total(norm2)};
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
    const auto one = [=](float value, double& sum) noexcept {
        const double exact = value;
        const double whole = (exact * per_step + shift) - shift;
        const double rest = exact * per_norm - whole * step;
        sum += rest * rest;
        return static_cast<std::int32_t>(whole);
    };
    std::size_t i = 0;
    for (; i + lanes <= dim; i += lanes) {
        std::int32_t whole[lanes];
        for (std::size_t j = 0; j < lanes; ++j) whole[j] = one(vector[i + j], left[j]);
        for (std::size_t j = 0; j < lanes; ++j) q[i + j] = static_cast<std::int8_t>(whole[j]);
    }
    for (std::size_t j = 0; i < dim; ++i, ++j) {
        q[i] = static_cast<std::int8_t>(one(vector[i], left[j]));
    }
    return total(left);
}

}  // namespace

}  // namespace facegate
