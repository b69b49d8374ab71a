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

// Every place is decoded, in order; those below `score_threshold` are left out. Finite heads only.
std::vector<DecodedBox> decode_reference(const Head& head, double score_threshold);

}  // namespace facegate
