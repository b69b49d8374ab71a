// Crops in plain C++, for whatever the compiler's floor is.
#include "blocks.hpp"
#include "upright.hpp"

namespace facegate {
namespace {

struct Plainly : Singly<PlainTaps> {
    static constexpr auto average = average_plainly;
};

}  // namespace

const AlignKernels align_baseline = {turned<Plainly>, turned_u8<Plainly>, upright, upright_u8};

}  // namespace facegate
