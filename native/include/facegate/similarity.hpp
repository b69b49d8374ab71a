// The rotation, uniform scale and shift that best carry one set of points onto another.
//
// Least squares over the points (Umeyama, 1991). In the plane a rotation with scale is one complex
// factor z, so the optimum needs no SVD: with both sets centred, z = sum(conj(p) q) / sum(|p|^2).
// A mirror image is not a complex factor, so a reflection can never come out.
//
// Bounds: coordinates up to 1e9 in magnitude keep every square far inside a double.
#pragma once

#include <cstddef>

namespace facegate {

enum class Fit {
    ok,
    source_coincides,  // all source points are one point: no scale or rotation can be read off
    target_coincides,  // all target points are one point: the result would collapse the plane
    mirrored,          // no rotation does better than any other, as for a pure mirror image
};

// source, target: `count` >= 2 pairs x,y, finite. matrix: 2x3 by rows, target ~ M (x, y, 1).
// The matrix is written only when the answer is `ok`.
Fit fit_similarity(const double* source, const double* target, std::size_t count,
                   double* matrix) noexcept;

}  // namespace facegate
