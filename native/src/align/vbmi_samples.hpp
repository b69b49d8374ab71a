// How the neighbours of 16 crop pixels are fetched and weighed with AVX-512 VBMI and VNNI, in three
// steps: look for them, read, weigh. For avx512vbmi.cpp.
#pragma once

#include <immintrin.h>

#include "store.hpp"
#include "turned.hpp"
#include "vbmi_places.hpp"

namespace facegate {
namespace {

// A number that the compiler does not know, so that it keeps it instead of making it again.
inline __m512i kept(std::int32_t number) noexcept {
    __m512i all = _mm512_set1_epi32(number);
    __asm__("" : "+v"(all));
    return all;
}

// What reading and weighing take that is the same for every group.
struct Constants {
    __m512i along_u;
    __m512i along_v;
    __m512i neighbours[3];  // of a pixel's channels: left, lower left, right, lower right
    __m512i thrice = kept(0x03030303);
    __m512i words = kept(0xffff);
    __m512i fraction = kept(one - 1);
    __m512i whole = kept(one);
    __m512i even = kept(0x00ff00ff);

    template <class Store>
    Constants(const Crop& crop, const Store& store) noexcept
        : along_u(_mm512_loadu_si512(crop.along_x)), along_v(_mm512_loadu_si512(crop.along_y)) {
        for (int c = 0; c < 3; ++c) neighbours[c] = kept(0x43034000 + 0x01010101 * store.source(c));
    }
};

// Where the neighbours of 16 crop pixels lie in their piece, and what they weigh.
struct Samples16 {
    __m512i column;  // of a pixel's left neighbour, three times, in every byte
    __m512i v;       // how far down it is
    __m512i above;   // weights, two to a word, the left one low
    __m512i below;
};

template <int pieces>
inline __attribute__((always_inline)) Samples16 samples(const Constants& k,
                                                        const Pieces<pieces>& at, int g) noexcept {
    __m512i u = _mm512_add_epi32(k.along_u, _mm512_set1_epi32(at.begin_u[0][g]));
    __m512i v = _mm512_add_epi32(k.along_v, _mm512_set1_epi32(at.begin_v[0][g]));
    if (pieces == 2) {
        u = _mm512_mask_add_epi32(u, 0xff00, k.along_u,
                                  _mm512_set1_epi32(at.begin_u[pieces - 1][g]));
        v = _mm512_mask_add_epi32(v, 0xff00, k.along_v,
                                  _mm512_set1_epi32(at.begin_v[pieces - 1][g]));
    }
    const __m512i column = _mm512_mullo_epi32(_mm512_srai_epi32(u, step_bits), k.thrice);
    // As `weigh` does; (a << 16) - a is a * 65535.
    constexpr int shift = step_bits - weight_bits;
    const __m512i x = _mm512_and_si512(_mm512_srli_epi32(u, shift), k.fraction);
    const __m512i y = _mm512_and_si512(_mm512_srli_epi32(v, shift), k.fraction);
    const __m512i both = _mm512_mulhrs_epi16(x, _mm512_add_epi32(y, y));
    const __m512i right = _mm512_sub_epi32(x, both);
    return {column, v,
            _mm512_add_epi32(_mm512_mullo_epi32(right, k.words), _mm512_sub_epi32(k.whole, y)),
            _mm512_add_epi32(_mm512_mullo_epi32(both, k.words), y)};
}

struct Pixels16 {
    __m512i of[3];  // by output channel: upper left, lower left, upper right, lower right
};

// Of group g.
template <int rows, int pieces>
inline __attribute__((always_inline)) Pixels16 pixels(const ImageView& image, const Constants& k,
                                                      const Pieces<pieces>& at, int g,
                                                      const Samples16& sample) noexcept {
    const __m512i index[3] = {_mm512_add_epi32(sample.column, k.neighbours[0]),
                              _mm512_add_epi32(sample.column, k.neighbours[1]),
                              _mm512_add_epi32(sample.column, k.neighbours[2])};
    Pixels16 found;
#pragma GCC unroll 2
    for (int p = 0; p < pieces; ++p) {
        const std::uint8_t* from = image.data + at.offset[p][g];
        const __mmask16 lanes_here = pieces == 1 ? 0xffff : p == 0 ? 0x00ff : 0xff00;
        __m512i upper = _mm512_loadu_si512(from);
#pragma GCC unroll 8
        for (int r = 0; r < rows; ++r) {
            from += image.row_bytes;
            const __m512i lower = _mm512_loadu_si512(from);
            // Lanes farther down are written again by the next turn.
            const __mmask16 here =
                p + r == 0 ? 0xffff
                           : _mm512_mask_cmpge_epi32_mask(lanes_here, sample.v,
                                                          _mm512_set1_epi32(r * (1 << step_bits)));
#pragma GCC unroll 3
            for (int c = 0; c < 3; ++c) {
                const __m512i both = _mm512_permutex2var_epi8(upper, index[c], lower);
                found.of[c] = p + r == 0 ? both : _mm512_mask_mov_epi32(found.of[c], here, both);
            }
            upper = lower;
        }
    }
    return found;
}

inline __attribute__((always_inline)) Levels weighed(const Constants& k, const Pixels16& pixel,
                                                     const Samples16& sample) noexcept {
    Levels levels;
#pragma GCC unroll 3
    for (int c = 0; c < 3; ++c) {
        const __m512i upper =
            _mm512_madd_epi16(_mm512_and_si512(pixel.of[c], k.even), sample.above);
        const __m512i both =
            _mm512_dpwssd_epi32(upper, _mm512_srli_epi16(pixel.of[c], 8), sample.below);
        levels.of[c][0] = reinterpret_cast<Floats>(_mm512_cvtepi32_ps(both));
    }
    return levels;
}

}  // namespace
}  // namespace facegate
