// Scans over scores, and the overlap of one box with many.
//
// Overlap: what decides is intersection / union > bound in double, as in the textbook. Most pairs
// are far from the bound, and for them floats suffice. With sides, areas and their sum each rounded
// to 2^-24, intersection and union are off by less than 2e-6 of themselves (a union is at least
// half the sum that it is taken from). A pair is looked at in double unless floats say that it
// stays below the bound by more than 1e-5 of it. Very small unions and bounds, where floats lose
// their precision, and numbers that overflow are always looked at.
//
// Included by one file per instruction set; everything here is that file's own. Three parts differ:
// `listed` writes the indices of a vector's values that are not below the bound, `all_below` says
// whether the values of `together` vectors all are, and `any` whether one of a vector's truths
// holds.
#pragma once

#include "../registers.hpp"
#include "plan.hpp"

namespace facegate {
namespace {

Floats load(const float* from) noexcept {
    Floats values;
    __builtin_memcpy(&values, from, sizeof values);
    return values;
}

Floats lesser(const Floats& a, const Floats& b) noexcept { return a < b ? a : b; }
Floats greater(const Floats& a, const Floats& b) noexcept { return a < b ? b : a; }

std::size_t count_values(const float* values, std::size_t size, float bound) noexcept {
    Ints counts = {};
    std::size_t i = 0;
    for (; i + lanes <= size; i += lanes) counts -= ~(load(values + i) < bound);
    std::size_t count = 0;
    for (int k = 0; k < lanes; ++k) count += static_cast<std::size_t>(counts[k]);
    for (; i < size; ++i) count += !(values[i] < bound);
    return count;
}

std::size_t list_values(const float* values, std::size_t size, float bound, std::uint32_t first,
                        std::uint32_t* indices) noexcept {
    std::uint32_t* to = indices;
    std::size_t i = 0;
    // Mostly nothing is there, and then no vector waits for where the one before it has written.
    for (; i + together * lanes <= size; i += together * lanes) {
        if (all_below(values + i, bound)) continue;
        for (std::size_t k = i; k < i + together * lanes; k += lanes) {
            to = listed(load(values + k), bound, first + static_cast<std::uint32_t>(k), to);
        }
    }
    for (; i + lanes <= size; i += lanes) {
        to = listed(load(values + i), bound, first + static_cast<std::uint32_t>(i), to);
    }
    for (; i < size; ++i) {
        *to = first + static_cast<std::uint32_t>(i);
        to += !(values[i] < bound);
    }
    return static_cast<std::size_t>(to - indices);
}

// The same for the last of every five values. Which ones those are repeats after five vectors.
std::size_t list_fifths(const float* rows, std::size_t size, float bound,
                        std::uint32_t* indices) noexcept {
    constexpr int width = 5;
    Ints counts[width];
    for (int v = 0; v < width; ++v) {
        for (int k = 0; k < lanes; ++k) {
            counts[v][k] = (v * lanes + k) % width == width - 1 ? -1 : 0;
        }
    }
    std::uint32_t* to = indices;
    for (std::size_t first = 0; first < size; first += lanes) {
        const float* const from = rows + first * width;
        std::size_t end = size;
        if (first + lanes <= size) {
            Ints found = {};
            for (int v = 0; v < width; ++v) {
                found |= ~(load(from + v * lanes) < bound) & counts[v];
            }
            if (!any(found)) continue;
            end = first + lanes;
        }
        for (std::size_t i = first; i < end; ++i) {
            if (!(rows[i * width + width - 1] < bound)) *to++ = static_cast<std::uint32_t>(i);
        }
    }
    return static_cast<std::size_t>(to - indices);
}

float highest_value(const float* values, std::size_t size) noexcept {
    float best = values[0];
    std::size_t i = 0;
    if (size >= 2 * lanes) {
        // Two, so that one comparison need not wait for the other.
        Floats even = load(values);
        Floats odd = load(values + lanes);
        for (i = 2 * lanes; i + 2 * lanes <= size; i += 2 * lanes) {
            even = greater(even, load(values + i));
            odd = greater(odd, load(values + i + lanes));
        }
        const Floats all = greater(even, odd);
        for (int k = 0; k < lanes; ++k) best = best < all[k] ? all[k] : best;
    }
    for (; i < size; ++i) best = best < values[i] ? values[i] : best;
    return best;
}

bool all_finite(const float* values, std::size_t size) noexcept {
    constexpr std::int32_t exponent = 0x7f800000;
    Ints bad = {};
    std::size_t i = 0;
    for (; i + lanes <= size; i += lanes) {
        Ints bits;
        __builtin_memcpy(&bits, values + i, sizeof bits);
        bad |= (bits & exponent) == exponent;
    }
    if (any(bad)) return false;
    for (; i < size; ++i) {
        std::int32_t bits = 0;
        __builtin_memcpy(&bits, values + i, sizeof bits);
        if ((bits & exponent) == exponent) return false;
    }
    return true;
}

// Intersection over union of two boxes with area, in double, where corners given as floats
// subtract without error.
double overlap(const Kept& kept, std::size_t i, const float* box) noexcept {
    const double x1 = kept.x1[i] > box[0] ? kept.x1[i] : box[0];
    const double y1 = kept.y1[i] > box[1] ? kept.y1[i] : box[1];
    const double x2 = kept.x2[i] < box[2] ? kept.x2[i] : box[2];
    const double y2 = kept.y2[i] < box[3] ? kept.y2[i] : box[3];
    const double w = x2 - x1;
    const double h = y2 - y1;
    if (w <= 0.0 || h <= 0.0) return 0.0;
    const double common = w * h;
    const double kept_area = (static_cast<double>(kept.x2[i]) - kept.x1[i]) *
                             (static_cast<double>(kept.y2[i]) - kept.y1[i]);
    const double area =
        (static_cast<double>(box[2]) - box[0]) * (static_cast<double>(box[3]) - box[1]);
    return common / (kept_area + area - common);
}

bool is_suppressed(const Kept& kept, const float* box, double bound) noexcept {
    constexpr double margin = 1e-5;
    constexpr double smallest_bound = 1e-6;
    const float low = bound < smallest_bound ? 0.0F : static_cast<float>(bound * (1.0 - margin));
    constexpr float smallest_union = 1e-30F;
    const float area = (box[2] - box[0]) * (box[3] - box[1]);
    for (std::size_t first = 0; first < kept.count; first += block) {
        for (std::size_t at = first; at < first + block; at += lanes) {
            const Floats w = lesser(load(kept.x2 + at), Floats{} + box[2]) -
                             greater(load(kept.x1 + at), Floats{} + box[0]);
            const Floats h = lesser(load(kept.y2 + at), Floats{} + box[3]) -
                             greater(load(kept.y1 + at), Floats{} + box[1]);
            const Ints meets = (w > 0.0F) & (h > 0.0F);
            const Floats common = w * h;
            const Floats joined = load(kept.area + at) + area - common;
            const Ints looked_at = meets & (~(common < low * joined) | ~(joined > smallest_union));
            if (!any(looked_at)) continue;
            for (int k = 0; k < lanes; ++k) {
                const std::size_t i = at + static_cast<std::size_t>(k);
                if (looked_at[k] != 0 && i < kept.count && overlap(kept, i, box) > bound) {
                    return true;
                }
            }
        }
    }
    return false;
}

}  // namespace
}  // namespace facegate
