// Crops with AVX-512 VBMI, which permutes the bytes of a register as an index says: 16 neighbours
// in a crop come from few image rows and, unless it shrinks much, from 64 bytes of each. These are
// loaded whole; per channel and pair of rows one permutation then fetches the four pixels of every
// sample. Groups that shrink more are taken as two halves.
//
// Upper and lower neighbours lie in turn, so that a mask and a shift make words of them, as VNNI
// takes them.
#include "avx512_taps.hpp"
#include "blocks.hpp"
#include "upright.hpp"
#include "vbmi_places.hpp"

namespace facegate {
namespace {

constexpr std::int32_t columns = 21;  // image pixels in a register
constexpr int most_rows = 8;          // pairs that a piece lies in; beyond, pixels are read singly

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

// Groups that must not be read in pieces, pixel by pixel.
template <int rows, int pieces, class Store>
__attribute__((noinline)) void sample_outside(const Crop& crop, Store store) noexcept {
    const Finder<rows, pieces> finder(crop);
    const int source[3] = {store.source(0), store.source(1), store.source(2)};
    for (int y = 0; y < crop.height; ++y) {
        for (int x0 = 0; x0 < crop.width; x0 += run * group) {
            Pieces<pieces> at;
            finder.find(y, x0, at);
            for (int g = 0; g < run && x0 + g * group < crop.width; ++g) {
                if ((at.outside >> g & 1) == 0) continue;
                const int x = x0 + g * group;
                Levels levels;
                sample_strip<Avx512Taps>(crop, source, y, x, 1, &levels);
                store(y, x, crop.width - x < group ? crop.width - x : group, levels);
            }
        }
    }
}

// A run from (x, y) on, but groups that must not be read in pieces. A function of its own, so that
// what is the same for all groups has the registers.
template <int rows, int pieces, class Store>
__attribute__((noinline)) void sample_run(const ImageView& image, const Constants& constants,
                                          const Pieces<pieces>& at, const Store& store, int y,
                                          int x, int width) noexcept {
    const Constants k = constants;
    const Store to = store;
    const ImageView from = image;
    const int left = (width - x + group - 1) / group;
    const int count = left < run ? left : run;
    if (at.outside != 0) {
        for (int g = 0; g < count; ++g) {
            if ((at.outside >> g & 1) != 0) continue;
            const Samples16 sample = samples(k, at, g);
            const int end = width - x - g * group;
            to(y, x + g * group, end < group ? end : group,
               weighed(k, pixels<rows>(from, k, at, g, sample), sample));
        }
        return;
    }
    // One group is looked for, one is read and one is weighed at a time: what depends on each other
    // lies far apart.
    Samples16 next = samples(k, at, 0);
    Samples16 last = next;
    Pixels16 pixel = pixels<rows>(from, k, at, 0, next);
    next = samples(k, at, 1);
    for (int g = 1; g < count; ++g, x += group) {
        const Pixels16 read = pixels<rows>(from, k, at, g, next);
        to(y, x, group, weighed(k, pixel, last));
        last = next;
        pixel = read;
        next = samples(k, at, g + 1);
    }
    to(y, x, width - x < group ? width - x : group, weighed(k, pixel, last));
}

template <int rows, int pieces, class Store>
void sample_bands(const Crop& crop, Store store) noexcept {
    const Finder<rows, pieces> finder(crop);
    const Constants constants(crop, store);
    Pieces<pieces> runs[2] = {};
    finder.find(0, 0, runs[0]);
    int turn = 0;
    unsigned outside = 0;
    for (int y = 0; y < crop.height; ++y) {
        for (int x = 0; x < crop.width; x += run * group, turn ^= 1) {
            // One run ahead, so that no group waits for it.
            const bool same_row = x + run * group < crop.width;
            finder.find(same_row ? y : y + 1, same_row ? x + run * group : 0, runs[turn ^ 1]);
            sample_run<rows>(crop.image, constants, runs[turn], store, y, x, crop.width);
            outside |= runs[turn].outside;
        }
    }
    if (outside != 0) sample_outside<rows, pieces>(crop, store);
}

template <int pieces, class Store>
bool sample_pieces(const Crop& crop, Store store) noexcept {
    constexpr void (*bands[most_rows])(const Crop&, Store) noexcept = {
        sample_bands<1, pieces, Store>, sample_bands<2, pieces, Store>,
        sample_bands<3, pieces, Store>, sample_bands<4, pieces, Store>,
        sample_bands<5, pieces, Store>, sample_bands<6, pieces, Store>,
        sample_bands<7, pieces, Store>, sample_bands<8, pieces, Store>};
    const std::int32_t rows = Ends<pieces>(crop.along_y).spread();
    if (Ends<pieces>(crop.along_x).spread() + 2 > columns || rows >= most_rows) return false;
    bands[rows](crop, store);
    return true;
}

// One of 15 channels of 5 blocks: which bytes of a row of up to 8 pixels a block belong to it, four
// from the `first` pixel of the block on.
__m512i block_bytes(int side, int first) noexcept {
    alignas(64) std::uint8_t index[64] = {};
    for (int i = 0; i < 15; ++i) {
        for (int j = 0; j < 4; ++j) {
            const int pixel = first + j < side ? i / 3 * side + first + j : 0;
            index[4 * i + j] = static_cast<std::uint8_t>(3 * pixel + i % 3);
        }
    }
    return _mm512_load_si512(index);
}

// Blocks of up to 8 pixels a side.
template <int side>
void average_blocks(const Blocks& blocks) noexcept {
    constexpr bool wide = side > 4;
    constexpr int five = 5 * side * 3;
    const auto ones = [](int pixels) {
        return static_cast<std::int32_t>(0x01010101U >> 8 * (pixels < 4 ? 4 - pixels : 0));
    };
    const __m512i bytes[2] = {block_bytes(side, 0), block_bytes(side, 4)};
    const __m512i once[2] = {_mm512_set1_epi32(ones(side)),
                             _mm512_set1_epi32(wide ? ones(side - 4) : 0)};
    const __m512i factor = _mm512_set1_epi32(static_cast<std::int32_t>(reciprocal(side)));
    const __m512i half = _mm512_set1_epi32(1 << 23);
    const auto average = [&](const std::uint8_t* row, int length, std::uint8_t* to) noexcept {
        const __mmask64 low = ~0ULL >> (length < 64 ? 64 - length : 0);
        const __mmask64 high = length > 64 ? ~0ULL >> (128 - length) : 0;
        __m512i sum = _mm512_setzero_si512();
#pragma GCC unroll 8
        for (int j = 0; j < side; ++j, row += blocks.row_bytes) {
            // A row is too short for processors to see what comes next.
            _mm_prefetch(reinterpret_cast<const char*>(row + side * blocks.row_bytes), _MM_HINT_T0);
            const __m512i near = _mm512_maskz_loadu_epi8(low, row);
            if (wide) {
                const __m512i far = _mm512_maskz_loadu_epi8(high, row + 64);
                for (int part = 0; part < 2; ++part) {
                    const __m512i taken = _mm512_permutex2var_epi8(near, bytes[part], far);
                    sum = _mm512_dpbusd_epi32(sum, taken, once[part]);
                }
            } else {
                sum = _mm512_dpbusd_epi32(sum, _mm512_permutexvar_epi8(bytes[0], near), once[0]);
            }
        }
        const __m512i mean =
            _mm512_srli_epi32(_mm512_add_epi32(_mm512_mullo_epi32(sum, factor), half), 24);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(mean));
    };
    for (int y = 0; y < blocks.height; ++y) {
        const std::uint8_t* from = blocks.from + y * side * blocks.row_bytes;
        std::uint8_t* to = blocks.to + y * blocks.to_row_bytes;
        int left = blocks.width;
        for (; left >= 5; left -= 5, from += five, to += 15) average(from, five, to);
        if (left > 0) average(from, left * side * 3, to);
    }
}

struct WithVbmi {
    template <class Store>
    static void sample(const Crop& crop, Store store) noexcept {
        const bool one_each = crop.sampling.steps_x == 1 && crop.sampling.steps_y == 1;
        const bool done = crop.plain_rows && one_each &&
                          (sample_pieces<1>(crop, store) || sample_pieces<2>(crop, store));
        if (!done) Singly<Avx512Taps>::sample(crop, store);
    }

    static void average(const Blocks& blocks) noexcept {
        constexpr void (*sides[])(const Blocks&) noexcept = {
            average_blocks<2>, average_blocks<3>, average_blocks<4>, average_blocks<5>,
            average_blocks<6>, average_blocks<7>, average_blocks<8>};
        (blocks.side <= 8 ? sides[blocks.side - 2] : average_plainly)(blocks);
    }
};

}  // namespace

const AlignKernels align_avx512vbmi = {turned<WithVbmi>, turned_u8<WithVbmi>, upright, upright_u8};

}  // namespace facegate
