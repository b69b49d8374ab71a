// Where groups of 16 crop pixels lie in the image, worked out for eight at a time, a lane each; for
// avx512vbmi.cpp, which reads what they need of an image row at once.
#pragma once

#include <immintrin.h>

#include "plan.hpp"

namespace facegate {
namespace {

constexpr int run = 8;  // groups side by side whose places are worked out together

// The lanes of a piece that come first and last along an axis of the image.
template <int pieces>
struct Ends {
    std::int32_t low[pieces];
    std::int32_t high[pieces];

    explicit Ends(const std::int32_t* along) noexcept {
        constexpr int lanes_each = group / pieces;
        for (int p = 0; p < pieces; ++p) {
            const std::int32_t first = along[p * lanes_each];
            const std::int32_t last = along[(p + 1) * lanes_each - 1];
            low[p] = first < last ? first : last;
            high[p] = first < last ? last : first;
        }
    }

    // The most pixels that a piece reaches beyond its first.
    std::int32_t spread() const noexcept {
        std::int32_t most = 0;
        for (int p = 0; p < pieces; ++p) {
            const std::int32_t far = (high[p] - low[p] + (1 << step_bits) - 1) >> step_bits;
            most = far > most ? far : most;
        }
        return most;
    }
};

constexpr int batch = 56;  // groups that are sampled in one go: eight rows of 112 crop pixels

// Where pieces of up to `batch` groups lie, each in turn; a run more may be written.
template <int pieces>
struct Pieces {
    std::int64_t offset[pieces][batch + run];   // from the image's start to the piece's first byte
    std::int32_t begin_u[pieces][batch + run];  // of lane 0, from the piece's leftmost pixel
    std::int32_t begin_v[pieces][batch + run];  // of lane 0, from its topmost
    std::uint64_t outside;  // groups that must not be read from here, a bit each
    int count;

    void clear() noexcept {
        outside = 0;
        count = 0;
    }
};

// How far along one axis of the image the pieces of a run lie.
struct Extent {
    __m512i begin;    // of lane 0, from the lowest pixel
    __m512i lowest;   // pixel of the image
    __m512i further;  // pixels that the highest lies beyond it
};

inline Extent extent(__m512i start, std::int32_t low, std::int32_t high) noexcept {
    const __m512i fraction = _mm512_set1_epi64((1 << step_bits) - 1);
    const __m512i half = _mm512_set1_epi64(1 << (step_bits - weight_bits - 1));
    const __m512i begin = _mm512_add_epi64(
        _mm512_and_si512(_mm512_srli_epi64(start, place_bits - step_bits), fraction), half);
    const __m512i to_low = _mm512_add_epi64(begin, _mm512_set1_epi64(low));
    const __m512i to_high = _mm512_add_epi64(begin, _mm512_set1_epi64(high));
    const __m512i lowest = _mm512_srai_epi64(to_low, step_bits);
    return {_mm512_sub_epi64(begin, _mm512_andnot_si512(fraction, to_low)),
            _mm512_add_epi64(_mm512_srai_epi64(start, place_bits), lowest),
            _mm512_sub_epi64(_mm512_srai_epi64(to_high, step_bits), lowest)};
}

template <int rows, int pieces>
class Finder {
  public:
    explicit Finder(const Crop& crop) noexcept
        : crop_(crop), ends_u_(crop.along_x), ends_v_(crop.along_y) {
        const __m512i turn = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
        along_u_ = _mm512_mullo_epi64(turn, _mm512_set1_epi64(group * crop.u.per_x));
        along_v_ = _mm512_mullo_epi64(turn, _mm512_set1_epi64(group * crop.v.per_x));
        const ImageView& image = crop.image;
        // 64 bytes are read of every row, also where a piece has fewer, and none behind the image.
        const bool down = image.row_bytes > 0;
        const std::int64_t lowest_row = down ? (image.height - 1) * image.row_bytes : 0;
        const std::int64_t reach = down ? rows * image.row_bytes : 0;
        last_offset_ = lowest_row + 3 * image.width - 64 - reach;
    }

    // Adds those of `count` <= run groups from crop pixel (x, y) on.
    void add(int y, int x, int count, Pieces<pieces>& at) const noexcept {
        const ImageView& image = crop_.image;
        const std::int64_t first_u = crop_.u.start + y * crop_.u.per_y + x * crop_.u.per_x;
        const std::int64_t first_v = crop_.v.start + y * crop_.v.per_y + x * crop_.v.per_x;
        const __m512i u = _mm512_add_epi64(along_u_, _mm512_set1_epi64(first_u));
        const __m512i v = _mm512_add_epi64(along_v_, _mm512_set1_epi64(first_v));
        const __m512i last_column = _mm512_set1_epi64(image.width - 2);
        const __m512i last_row = _mm512_set1_epi64(image.height - 1 - rows);
        const __m512i last_offset = _mm512_set1_epi64(last_offset_);
        const __m512i none = _mm512_setzero_si512();
        unsigned outside = 0;
        for (int p = 0; p < pieces; ++p) {
            const Extent across = extent(u, ends_u_.low[p], ends_u_.high[p]);
            const Extent down = extent(v, ends_v_.low[p], ends_v_.high[p]);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(at.begin_u[p] + at.count),
                                _mm512_cvtepi64_epi32(across.begin));
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(at.begin_v[p] + at.count),
                                _mm512_cvtepi64_epi32(down.begin));
            const __m512i row = _mm512_mul_epi32(down.lowest, _mm512_set1_epi64(image.row_bytes));
            const __m512i offset = _mm512_add_epi64(row, triple(across.lowest));
            _mm512_storeu_si512(at.offset[p] + at.count, offset);
            outside |= static_cast<unsigned>(
                _mm512_cmplt_epi64_mask(_mm512_min_epi64(across.lowest, down.lowest), none) |
                _mm512_cmpgt_epi64_mask(_mm512_add_epi64(across.lowest, across.further),
                                        last_column) |
                _mm512_cmpgt_epi64_mask(down.lowest, last_row) |
                _mm512_cmpgt_epi64_mask(offset, last_offset));
        }
        at.outside |= static_cast<std::uint64_t>(outside & ((1U << count) - 1)) << at.count;
        at.count += count;
    }

  private:
    static __m512i triple(__m512i number) noexcept {
        return _mm512_add_epi64(_mm512_add_epi64(number, number), number);
    }

    const Crop& crop_;
    Ends<pieces> ends_u_;
    Ends<pieces> ends_v_;
    __m512i along_u_;
    __m512i along_v_;
    std::int64_t last_offset_;  // where a piece may begin
};

}  // namespace
}  // namespace facegate
