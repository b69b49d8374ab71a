// Boxes out of the raw planes of a one-class YOLO head.
//
// Per anchor a: five planes tx, ty, tw, th, to of rows x cols, anchors one after another. A cell
// holds the box centred at ((col + sigmoid(tx)) / cols, (row + sigmoid(ty)) / rows), of size
// (exp(tw) aw / cols, exp(th) ah / rows), with score sigmoid(to). The sigmoid is monotonic, so
// cells are sifted by comparing `to` itself; exponentials are spent on survivors only.
//
// A NaN score is not below any threshold, so it survives and is then reported: a broken network
// must stop the caller and not look like an empty doorstep.
#pragma once

#include <cstddef>

namespace facegate {

struct Grid {
    const float* planes;   // (anchors * 5, rows, cols)
    const float* anchors;  // (anchors, 2): width, height in cells
    std::size_t anchor_count;
    std::size_t rows;
    std::size_t cols;
};

// The smallest float whose sigmoid reaches `score`, 0 < score < 1.
float logit_of(double score) noexcept;

// How many cells are not below `logit`; sizes the buffers of decode_yolo.
std::size_t count_survivors(const Grid& grid, float logit) noexcept;

// boxes: count x 4 as x1, y1, x2, y2 in [0, 1] of the network's input, not clipped.
// scores: count. In the order of the planes: anchor, row, column.
// False when a survivor is not finite or too large for a float; the buffers are then unspecified.
bool decode_yolo(const Grid& grid, float logit, float* boxes, float* scores) noexcept;

}  // namespace facegate
