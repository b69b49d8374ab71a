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
#include "vbmi_samples.hpp"

namespace facegate {
namespace {

constexpr std::int32_t columns = 21;  // image pixels in a register
constexpr int most_rows = 8;          // pairs that a piece lies in; beyond, pixels are read singly

// Groups that there are from crop pixel x to the end of its row, a run at most.
inline int groups_left(int x, int width) noexcept {
    const int left = (width - x + group - 1) / group;
    return left < run ? left : run;
}

// Groups that must not be read in pieces, pixel by pixel.
template <int rows, int pieces, class Store>
__attribute__((noinline)) void sample_outside(const Crop& crop, Store store) noexcept {
    const Finder<rows, pieces> finder(crop);
    const int source[3] = {store.source(0), store.source(1), store.source(2)};
    Pieces<pieces> at;
    for (int y = 0; y < crop.height; ++y) {
        for (int x0 = 0; x0 < crop.width; x0 += run * group) {
            at.clear();
            finder.add(y, x0, groups_left(x0, crop.width), at);
            for (int g = 0; g < at.count; ++g) {
                if ((at.outside >> g & 1) == 0) continue;
                const int x = x0 + g * group;
                Levels levels;
                sample_strip<Avx512Taps>(crop, source, y, x, 1, &levels);
                store(y, x, crop.width - x < group ? crop.width - x : group, levels);
            }
        }
    }
}

// The first pixel of a group: in its row, and among all that are written, whose rows may be longer.
struct Corner {
    int x;
    int index;

    int count(int width) const noexcept { return width - x < group ? width - x : group; }

    void move_on(int width, int row) noexcept {
        const int passed = count(width);
        x += passed;
        index += passed;
        if (x == width) {
            x = 0;
            index += row - width;
        }
    }
};

template <class Store>
inline __attribute__((always_inline)) void write(const Store& store, const Levels& levels,
                                                 int width, Corner& corner) noexcept {
    store(0, corner.index, corner.count(width), levels);
    corner.move_on(width, store.row());
}

// A batch from `corner` on, but groups that must not be read in pieces. A function of its own, so
// that what is the same for all groups has the registers.
template <int rows, int pieces, class Store>
__attribute__((noinline)) void sample_batch(const ImageView& image, const Constants& constants,
                                            const Pieces<pieces>& at, const Store& store,
                                            Corner corner, int width) noexcept {
    const Constants k = constants;
    const Store to = store;
    const ImageView from = image;
    if (at.outside != 0) {
        for (int g = 0; g < at.count; ++g) {
            if ((at.outside >> g & 1) != 0) {
                corner.move_on(width, to.row());
                continue;
            }
            const Samples16 sample = samples(k, at, g);
            write(to, weighed(k, pixels<rows>(from, k, at, g, sample), sample), width, corner);
        }
        return;
    }
    // One group is looked for, one is read and one is weighed at a time: what depends on each other
    // lies far apart.
    Samples16 last = samples(k, at, 0);
    Pixels16 pixel = pixels<rows>(from, k, at, 0, last);
    Samples16 next = samples(k, at, 1);
    for (int g = 1; g < at.count; ++g) {
        const Pixels16 read = pixels<rows>(from, k, at, g, next);
        write(to, weighed(k, pixel, last), width, corner);
        last = next;
        pixel = read;
        next = samples(k, at, g + 1);
    }
    write(to, weighed(k, pixel, last), width, corner);
}

template <int rows, int pieces, class Store>
void sample_bands(const Crop& crop, Store store) noexcept {
    const Finder<rows, pieces> finder(crop);
    const Constants constants(crop, store);
    Pieces<pieces> at = {};
    Corner corner{0, 0};
    bool outside = false;
    const auto sample = [&]() noexcept {
        sample_batch<rows>(crop.image, constants, at, store, corner, crop.width);
        outside = outside || at.outside != 0;
        at.clear();
    };
    for (int y = 0; y < crop.height; ++y) {
        for (int x = 0; x < crop.width; x += run * group) {
            const int count = groups_left(x, crop.width);
            if (at.count + count > batch) sample();
            if (at.count == 0) corner = {x, y * store.row() + x};
            finder.add(y, x, count, at);
        }
    }
    sample();
    if (outside) sample_outside<rows, pieces>(crop, store);
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
