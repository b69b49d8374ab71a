// Plain counterpart of facegate/decode.hpp.
#pragma once

#include <array>
#include <vector>

#include "facegate/decode.hpp"

namespace facegate {

struct DecodedBox {
    std::array<double, 4> corners;
    double score;
};

// Every cell is decoded, then those below `score_threshold` are left out. Finite planes only.
std::vector<DecodedBox> decode_reference(const Grid& grid, double score_threshold);

}  // namespace facegate
