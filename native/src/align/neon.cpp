// Crops with NEON, which every armv8-a has: one sample to a register.
//
// A table look-up makes four pixels of the 8 + 8 bytes that a sample reads of two rows; each is
// multiplied by its weight, a lane of a register that holds those of four samples.
#include <arm_neon.h>

#include "blocks.hpp"
#include "upright.hpp"

namespace facegate {
namespace {

class NeonTaps {
  public:
    void add(const std::uint8_t* data, std::ptrdiff_t row_bytes, const Samples& samples,
             bool ahead) noexcept {
        const std::uint8_t z = 255;
        const std::uint8_t forward[16] = {0, 1, 2, z, 3, 4, 5, z, 8, 9, 10, z, 11, 12, 13, z};
        const uint8x16_t place = vld1q_u8(forward);

        const uint8x16_t bytes = ahead ? place : vqaddq_u8(place, vdupq_n_u8(2));
        if (!ahead) data -= 2;
        const Numbers offset(samples.offset);
        for (int quad = 0; quad < 4; ++quad) {
            const uint16x8_t a = reinterpret_cast<uint16x8_t>(samples.upper[quad]);
            const uint16x8_t b = reinterpret_cast<uint16x8_t>(samples.lower[quad]);
            const std::int32_t* const at = offset.at + 4 * quad;
            uint32x4_t* const sums = sums_ + 4 * quad;
            sums[0] = one_sample<0>(sums[0], data + at[0], row_bytes, bytes, a, b);
            sums[1] = one_sample<2>(sums[1], data + at[1], row_bytes, bytes, a, b);
            sums[2] = one_sample<4>(sums[2], data + at[2], row_bytes, bytes, a, b);
            sums[3] = one_sample<6>(sums[3], data + at[3], row_bytes, bytes, a, b);
        }
    }

    void channels(Ints (*sums)[parts]) const noexcept {
        std::uint32_t rows[4 * group];
        for (int i = 0; i < group; ++i) vst1q_u32(rows + 4 * i, sums_[i]);
        for (int quad = 0; quad < 4; ++quad) {
            const uint32x4x4_t four = vld4q_u32(rows + 16 * quad);
            for (int c = 0; c < 3; ++c) sums[c][quad] = reinterpret_cast<Ints>(four.val[c]);
        }
    }

  private:
    template <int lane>
    static uint32x4_t one_sample(uint32x4_t sum, const std::uint8_t* data, std::ptrdiff_t row_bytes,
                                 uint8x16_t bytes, uint16x8_t upper, uint16x8_t lower) noexcept {
        const uint8x16_t read = vcombine_u8(vld1_u8(data), vld1_u8(data + row_bytes));
        const uint8x16_t pixels = vqtbl1q_u8(read, bytes);
        const uint16x8_t above = vmovl_u8(vget_low_u8(pixels));
        const uint16x8_t below = vmovl_u8(vget_high_u8(pixels));
        sum = vmlal_laneq_u16(sum, vget_low_u16(above), upper, lane);
        sum = vmlal_laneq_u16(sum, vget_high_u16(above), upper, lane + 1);
        sum = vmlal_laneq_u16(sum, vget_low_u16(below), lower, lane);
        return vmlal_laneq_u16(sum, vget_high_u16(below), lower, lane + 1);
    }

    uint32x4_t sums_[group] = {};
};

struct WithNeon : Singly<NeonTaps> {
    static constexpr auto average = average_plainly;
};

}  // namespace

const AlignKernels align_neon = {turned<WithNeon>, turned_u8<WithNeon>, upright, upright_u8};

}  // namespace facegate
