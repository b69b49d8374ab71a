// Boxes out of the raw numbers of a one-class detector head.
//
// Anchor boxes (YOLOv2, Redmon and Farhadi 2017; YOLOv3, 2018): per anchor and cell the numbers
// tx, ty, tw, th, to. The box is centred at ((col + sigmoid(tx)) / cols, (row + sigmoid(ty)) /
// rows), of size (exp(tw) aw / cols, exp(th) ah / rows), with score sigmoid(to).
//
// Distances (FCOS, Tian et al. 2019; SCRFD, Guo et al. 2021): per anchor and cell the logit of a
// score, and distances l, t, r, b in cells from the cell's point (col + centre, row + centre) to
// the box's sides: x1 = (col + centre - l) / cols, and so on.
//
// Numbers lie in planes, anchors one after another and in each its channels, or in rows: cell after
// cell, in each the anchors, in each its channels. A place is an anchor of a cell, numbered as it
// lies in memory.
//
// The sigmoid is monotonic, so places are sifted by comparing logits; exponentials are spent on
// survivors only. A NaN score is not below any threshold, so it survives and is then reported: a
// broken network must stop the caller and not look like an empty doorstep.
#pragma once

#include <cstddef>
#include <cstdint>

namespace facegate {

enum class HeadKind { anchors, distances };

struct Head {
    HeadKind kind;
    bool planes;
    const float* logits;   // distances: a score of every place; anchors: null
    const float* values;   // 5 channels of anchors, 4 of distances
    const float* anchors;  // (anchor_count, 2): width, height in cells; distances: null
    std::size_t anchor_count;
    std::size_t rows;
    std::size_t cols;
    double centre;  // of distances, in cells
};

inline std::size_t place_count(const Head& head) noexcept {
    return head.anchor_count * head.rows * head.cols;
}

// The smallest float whose sigmoid reaches `score`, 0 < score < 1.
float logit_of(double score) noexcept;

// The sigmoid, rounded to float.
float score_of(float logit) noexcept;

float logit_at(const Head& head, std::size_t place) noexcept;

// Entries beyond their count that survivors() may write to.
constexpr std::size_t spare_places = 16;

// The places that are not below `logit`, in order, and how many they are. places: room for
// place_count, below 2^32, and spare_places more. Throws as in_use() does.
std::size_t survivors(const Head& head, float logit, std::uint32_t* places);

// box: x1, y1, x2, y2 in [0, 1] of the network's input, not clipped. False when a number that makes
// the box or its score is not finite, or a corner is too large for a float; box is then
// unspecified.
bool decode_box(const Head& head, std::size_t place, float* box) noexcept;

// Whether decode_box would succeed, mostly without its exponentials.
bool decodes(const Head& head, std::size_t place) noexcept;

// Index of the place with the highest score_of among `count` >= 1, the first of equals. None is
// NaN.
std::size_t best_place(const Head& head, const std::uint32_t* places, std::size_t count) noexcept;

}  // namespace facegate
