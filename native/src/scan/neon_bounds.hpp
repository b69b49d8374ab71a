// What the NEON variants share: from sums to bounds. `static`, so that each variant has its own
// copy, compiled with its own flags.
#pragma once

#include <arm_neon.h>

#include "facegate/scan.hpp"

namespace facegate {

// dot: of the four rows from `row` on. Writes their bounds and returns the higher of each and best.
static inline float32x4_t put_bounds(int32x4_t dot, const unsigned char* group, std::size_t row,
                                     const ProbeTerms& terms, float* out, float32x4_t best) {
    const float* const scales = reinterpret_cast<const float*>(group) + row;
    const float32x4_t extra =
        vfmaq_n_f32(vdupq_n_f32(terms.always), vld1q_f32(scales + group_rows), terms.per_error);
    const float32x4_t scale = vmulq_n_f32(vld1q_f32(scales), terms.scale);
    const float32x4_t upper = vfmaq_f32(extra, vcvtq_f32_s32(dot), scale);
    vst1q_f32(out + row, upper);
    return vmaxnmq_f32(best, upper);
}

static inline float32x4_t lowest() { return vdupq_n_f32(-__builtin_inff()); }

// The same four bytes of a probe against each of four rows.
static inline int8x16_t four_times(const std::int8_t* four) {
    return vreinterpretq_s8_s32(vld1q_dup_s32(reinterpret_cast<const std::int32_t*>(four)));
}

}  // namespace facegate
