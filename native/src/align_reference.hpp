// Plain counterpart of facegate/align.hpp: everything in double, one pixel at a time.
#pragma once

#include <vector>

#include "facegate/align.hpp"

namespace facegate {

// Grey levels (height, width, 3) in the image's channel order, not rounded.
std::vector<double> resample_reference(const ImageView& image, const double* matrix, Edge edge,
                                       int height, int width);

// (3, height, width), as warp().
std::vector<double> warp_reference(const ImageView& image, const double* matrix, Edge edge,
                                   const Normalise& normalise, int height, int width);

}  // namespace facegate
