// Crops with AVX-512 where bytes cannot be permuted across a register.
#include "avx512_taps.hpp"
#include "blocks.hpp"
#include "upright.hpp"

namespace facegate {
namespace {

struct WithAvx512 : Singly<Avx512Taps> {
    static constexpr auto average = average_plainly;
};

}  // namespace

const AlignKernels align_avx512vnni = {turned<WithAvx512>, turned_u8<WithAvx512>, upright,
                                       upright_u8};

}  // namespace facegate
