#include "facegate/decode.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "boxes/plan.hpp"

namespace facegate {

namespace {

double sigmoid(double x) noexcept { return 1.0 / (1.0 + std::exp(-x)); }

std::size_t channels(const Head& head) noexcept { return head.kind == HeadKind::anchors ? 5 : 4; }

struct Place {
    std::size_t anchor;
    std::size_t row;
    std::size_t col;
    const float* first;   // its first channel
    std::size_t channel;  // from one channel to the next
};

Place locate(const Head& head, std::size_t place) noexcept {
    const std::size_t cells = head.rows * head.cols;
    const std::size_t anchor = head.planes ? place / cells : place % head.anchor_count;
    const std::size_t cell = head.planes ? place % cells : place / head.anchor_count;
    const float* const first = head.planes ? head.values + anchor * channels(head) * cells + cell
                                           : head.values + place * channels(head);
    return {anchor, cell / head.cols, cell % head.cols, first, head.planes ? cells : 1};
}

}  // namespace

float logit_of(double score) noexcept {
    const double exact = std::log(score / (1.0 - score));
    const auto nearest = static_cast<float>(exact);
    return nearest < exact ? std::nextafter(nearest, std::numeric_limits<float>::infinity())
                           : nearest;
}

float score_of(float logit) noexcept { return static_cast<float>(sigmoid(logit)); }

float logit_at(const Head& head, std::size_t place) noexcept {
    if (head.kind == HeadKind::distances) return head.logits[place];
    const Place at = locate(head, place);
    return at.first[4 * at.channel];
}

std::size_t survivors(const Head& head, float logit, std::uint32_t* places) {
    const BoxKernels& kernels = box_kernels();
    const std::size_t count = place_count(head);
    if (head.kind == HeadKind::distances) return kernels.list(head.logits, count, logit, 0, places);
    if (!head.planes) return kernels.list_fifths(head.values, count, logit, places);
    const std::size_t cells = head.rows * head.cols;
    std::size_t found = 0;
    for (std::size_t a = 0; a < head.anchor_count; ++a) {
        found += kernels.list(head.values + (a * 5 + 4) * cells, cells, logit,
                              static_cast<std::uint32_t>(a * cells), places + found);
    }
    return found;
}

bool decode_box(const Head& head, std::size_t place, float* box) noexcept {
    const Place at = locate(head, place);
    const auto rows = static_cast<double>(head.rows);
    const auto cols = static_cast<double>(head.cols);
    const auto col = static_cast<double>(at.col);
    const auto row = static_cast<double>(at.row);
    const auto t = [&](std::size_t channel) -> double { return at.first[channel * at.channel]; };
    double corners[4];
    bool finite = std::isfinite(logit_at(head, place));
    if (head.kind == HeadKind::anchors) {
        const float* const anchor = head.anchors + 2 * at.anchor;
        const double x = (col + sigmoid(t(0))) / cols;
        const double y = (row + sigmoid(t(1))) / rows;
        const double half_w = std::exp(t(2)) * anchor[0] / cols / 2.0;
        const double half_h = std::exp(t(3)) * anchor[1] / rows / 2.0;
        // A sigmoid hides an infinite input, so inputs are looked at as well as the box.
        finite = finite && std::isfinite(t(0)) && std::isfinite(t(1));
        corners[0] = x - half_w;
        corners[1] = y - half_h;
        corners[2] = x + half_w;
        corners[3] = y + half_h;
    } else {
        corners[0] = (col + head.centre - t(0)) / cols;
        corners[1] = (row + head.centre - t(1)) / rows;
        corners[2] = (col + head.centre + t(2)) / cols;
        corners[3] = (row + head.centre + t(3)) / rows;
    }
    for (std::size_t i = 0; i < 4; ++i) {
        // Written so that a NaN fails too.
        finite = finite && std::abs(corners[i]) <= std::numeric_limits<float>::max();
        if (finite) box[i] = static_cast<float>(corners[i]);
    }
    return finite;
}

bool decodes(const Head& head, std::size_t place) noexcept {
    const Place at = locate(head, place);
    bool plain = true;
    for (std::size_t c = 0; c < 4; ++c) {
        const float size = std::abs(at.first[c * at.channel]);
        // exp(40) is 2.4e17: with an anchor of up to 1e9 cells far from the largest float.
        plain = plain && size <= 40.0F;
    }
    plain = plain && std::isfinite(logit_at(head, place));
    if (plain && head.kind == HeadKind::anchors) {
        const float* const anchor = head.anchors + 2 * at.anchor;
        plain = anchor[0] <= 1e9F && anchor[1] <= 1e9F;
    }
    float box[4];
    return plain || decode_box(head, place, box);
}

std::size_t best_place(const Head& head, const std::uint32_t* places, std::size_t count) noexcept {
    std::size_t best = 0;
    float highest = logit_at(head, places[0]);
    for (std::size_t i = 1; i < count; ++i) {
        const float logit = logit_at(head, places[i]);
        if (logit > highest) {
            highest = logit;
            best = i;
        }
    }
    // Logits that differ may have one score. From here on they have that of the highest.
    const float score = score_of(highest);
    float low = highest;
    float step = std::max(std::abs(highest), 1.0F) * std::numeric_limits<float>::epsilon();
    while (score_of(highest - step) == score) {
        low = highest - step;
        step *= 2.0F;
    }
    const float below = highest - step;
    for (std::size_t i = 0; i < best; ++i) {
        const float logit = logit_at(head, places[i]);
        if (logit >= low || (logit > below && score_of(logit) == score)) return i;
    }
    return best;
}

}  // namespace facegate
