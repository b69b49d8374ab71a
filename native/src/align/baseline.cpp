// Crops in plain C++, for whatever the compiler's floor is.
#include "turned.hpp"
#include "upright.hpp"

namespace facegate {

const AlignKernels align_baseline = {turned<PlainTaps>, turned_u8<PlainTaps>, upright, upright_u8};

}  // namespace facegate
