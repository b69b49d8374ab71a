// Crops that are turned, or take one sample per pixel: fixed-point bilinear samples, 16 at a time.
//
// Positions are computed in double for the first pixel of a group and in whole 2^-21 image pixels
// from there; fractions are rounded to 2^-14. The four weights of a sample are whole numbers of
// 2^-14 that sum to exactly 1, so sums of products are exact: a level is off by at most
//   255 (2 (2^-15 + 2^-21) + 2^-15 + 2^-24 ...) < 0.03 grey levels
// (positions per axis, the product of the fractions, the conversion to float).
// Overflow: 512 samples of 255 * 2^14 stay below 2^31; then they are moved to floats.
//
// Beyond the edge only weights and positions change, not the way through: one that repeats is
// moved onto the edge, and a constant takes what weight falls outside.
//
// Included by one file per instruction set; everything here is that file's own. What the compiler
// does not find by itself is `Taps`:
//   void add(const std::uint8_t* data, std::ptrdiff_t row_bytes, const Samples&, bool ahead)
//     adds 16 samples. Each reads 8 bytes of each of two rows: pixel, right neighbour, and the two
//     bytes after them (ahead) or before them (not ahead), which must not count.
//   void channels(Ints (*sums)[parts]): the sums so far of each of three channels.
#pragma once

#include "store.hpp"

namespace facegate {
namespace {

constexpr std::int32_t one = 1 << weight_bits;
constexpr int most_samples = 512;

struct Samples {
    Ints offset[parts];  // bytes from `data` to the upper left pixel
    // Weights, two to a word, the left one low.
    Ints upper[parts];
    Ints lower[parts];
};

struct Places {
    Ints whole[parts];     // left or upper pixel
    Ints fraction[parts];  // weight of the right or lower one
    // Places change in one direction, so the ends of a group speak for it.
    std::int32_t lowest;
    std::int32_t highest;
};

struct Weights {
    Ints at[4][parts];  // upper left, upper right, lower left, lower right
    Ints outside[parts];
};

// Vectors as numbers in memory. Compilers would take them out of the registers one by one, which
// takes longer; an empty instruction that might read the memory keeps them from it.
struct Numbers {
    alignas(64) std::int32_t at[group];

    explicit Numbers(const Ints* vectors) noexcept {
        __builtin_memcpy(at, vectors, sizeof at);
        __asm__ volatile("" : : "r"(at) : "memory");
    }
};

inline void place(std::int64_t first, const std::int32_t* along, Places& places) noexcept {
    constexpr int shift = step_bits - weight_bits;
    const auto whole = static_cast<std::int32_t>(first >> place_bits);
    const auto start =
        static_cast<std::int32_t>(first >> (place_bits - step_bits) & ((1 << step_bits) - 1)) +
        (1 << (shift - 1));
    for (int p = 0; p < parts; ++p) {
        Ints at;
        __builtin_memcpy(&at, along + p * lanes, sizeof at);
        at += start;
        places.whole[p] = whole + (at >> step_bits);
        places.fraction[p] = (at >> shift) & (one - 1);
    }
    const std::int32_t end = whole + ((start + along[group - 1]) >> step_bits);
    const std::int32_t begin = whole + (start >> step_bits);
    places.lowest = begin < end ? begin : end;
    places.highest = begin < end ? end : begin;
}

// Where the i-th of n samples lies from the middle of a crop pixel, which takes `step`.
inline std::int64_t part(std::int64_t step, int i, int n) noexcept {
    return step * (2 * i + 1 - n) / (2 * n);
}

inline std::int32_t within(std::int32_t value, std::int32_t last) noexcept {
    return value < 0 ? 0 : value > last ? last : value;
}

// Moves places to where a pixel and its next one are read.
inline void hold(Places& places, int size) noexcept {
    const std::int32_t last = size > 1 ? size - 2 : 0;
    for (Ints& whole : places.whole) {
        whole = whole < 0 ? 0 : whole;
        whole = whole > last ? last : whole;
    }
    places.lowest = within(places.lowest, last);
    places.highest = within(places.highest, last);
}

// Onto the edge: between the last two pixels the fraction may be a whole one.
inline void repeat_edge(Places& places, int size) noexcept {
    const std::int32_t last = size > 1 ? size - 2 : 0;
    for (int p = 0; p < parts; ++p) {
        Ints& fraction = places.fraction[p];
        fraction = places.whole[p] > last ? one : fraction;
        fraction = places.whole[p] < 0 ? 0 : fraction;
    }
    hold(places, size);
}

inline void weigh(const Places& x, const Places& y, Weights& weights) noexcept {
    for (int p = 0; p < parts; ++p) {
        const Ints both = (x.fraction[p] * y.fraction[p] + one / 2) >> weight_bits;
        weights.at[0][p] = one - x.fraction[p] - y.fraction[p] + both;
        weights.at[1][p] = x.fraction[p] - both;
        weights.at[2][p] = y.fraction[p] - both;
        weights.at[3][p] = both;
    }
}

// Takes away what lies outside along one axis, of which `first` and `second` are neighbours. Where
// only one of the two is a pixel, the place moves by one so that both are, the other without
// weight.
inline void keep_inside(const Places& places, int size, Ints* first, Ints* second) noexcept {
    const std::int32_t last = size > 1 ? size - 2 : 0;
    for (int p = 0; p < parts; ++p) {
        const Ints whole = places.whole[p];
        const Ints kept_first = (whole >= 0) & (whole < size) & first[p];
        const Ints kept_second = (whole >= -1) & (whole < size - 1) & second[p];
        const Ints before = whole < 0;
        const Ints after = whole > last;
        first[p] = (before & kept_second) | (~(before | after) & kept_first);
        second[p] = (after & kept_first) | (~(before | after) & kept_second);
    }
}

// Any image: pixels are addressed one at a time, and one column or row is its own neighbour.
class PlainTaps {
  public:
    void add(const Crop& crop, const Places& x, const Places& y, const Weights& weights) noexcept {
        const std::ptrdiff_t right = crop.image.width > 1 ? 3 : 0;
        const std::ptrdiff_t below = crop.image.height > 1 ? crop.image.row_bytes : 0;
        const Numbers columns(x.whole);
        const Numbers rows(y.whole);
        const Numbers w[4] = {Numbers(weights.at[0]), Numbers(weights.at[1]),
                              Numbers(weights.at[2]), Numbers(weights.at[3])};
        for (int i = 0; i < group; ++i) {
            const std::uint8_t* const pixel = crop.image.data + rows.at[i] * crop.image.row_bytes +
                                              static_cast<std::ptrdiff_t>(columns.at[i]) * 3;
            for (int c = 0; c < 3; ++c) {
                const std::uint8_t* const q = pixel + c;
                sums_[c][i] += w[0].at[i] * q[0] + w[1].at[i] * q[right] + w[2].at[i] * q[below] +
                               w[3].at[i] * q[below + right];
            }
        }
    }

    void channels(Ints (*sums)[parts]) const noexcept {
        __builtin_memcpy(sums, sums_, sizeof sums_);
    }

  private:
    std::int32_t sums_[3][group] = {};
};

// Where all reads of a group stay within the image although each takes two bytes too many.
enum class Reach { ahead, behind, neither };

inline Reach reach(const Crop& crop, const Places& x, const Places& y) noexcept {
    const bool down = crop.image.row_bytes > 0;
    const bool at_top = y.lowest == 0;
    const bool at_bottom = y.highest == crop.image.height - 2;
    const bool at_highest_row = down ? at_bottom : at_top;
    const bool at_lowest_row = down ? at_top : at_bottom;
    if (!(at_highest_row && x.highest == crop.image.width - 2)) return Reach::ahead;
    if (!(at_lowest_row && x.lowest == 0)) return Reach::behind;
    return Reach::neither;
}

// What a group of samples needs to be added, apart from what has worked it out: processors find
// more to do at once in two short loops over groups than in one long one.
struct Prepared {
    Samples samples;
    const std::uint8_t* data;
    std::ptrdiff_t row_bytes;
    bool ahead;
    std::uint8_t copies[group][16];  // of the pixels, where none can be read in place
};

template <class Taps>
inline void prepare(const Crop& crop, const Places& x, const Places& y, const Weights& weights,
                    Taps&, Prepared& prepared) noexcept {
    Samples& samples = prepared.samples;
    for (int p = 0; p < parts; ++p) {
        samples.upper[p] = weights.at[0][p] | weights.at[1][p] << 16;
        samples.lower[p] = weights.at[2][p] | weights.at[3][p] << 16;
    }
    const Reach at = reach(crop, x, y);
    if (at != Reach::neither) {
        const auto row_bytes = static_cast<std::int32_t>(crop.image.row_bytes);
        for (int p = 0; p < parts; ++p) {
            samples.offset[p] = y.whole[p] * row_bytes + 3 * x.whole[p];
        }
        prepared.data = crop.image.data;
        prepared.row_bytes = crop.image.row_bytes;
        prepared.ahead = at == Reach::ahead;
        return;
    }
    const Numbers columns(x.whole);
    const Numbers rows(y.whole);
    alignas(64) std::int32_t offset[group];
    for (int i = 0; i < group; ++i) {
        const std::uint8_t* const pixel = crop.image.data + rows.at[i] * crop.image.row_bytes +
                                          static_cast<std::ptrdiff_t>(columns.at[i]) * 3;
        for (int b = 0; b < 6; ++b) {
            prepared.copies[i][b] = pixel[b];
            prepared.copies[i][8 + b] = pixel[crop.image.row_bytes + b];
        }
        offset[i] = 16 * i;
    }
    __builtin_memcpy(samples.offset, offset, sizeof offset);
    prepared.data = prepared.copies[0];
    prepared.row_bytes = 8;
    prepared.ahead = true;
}

template <class Taps>
inline void apply(const Prepared& prepared, Taps& taps) noexcept {
    taps.add(prepared.data, prepared.row_bytes, prepared.samples, prepared.ahead);
}

inline void prepare(const Crop& crop, const Places& x, const Places& y, const Weights& weights,
                    PlainTaps& taps, Prepared&) noexcept {
    taps.add(crop, x, y, weights);
}

inline void apply(const Prepared&, PlainTaps&) noexcept {}

// Weights and places of 16 samples on an image that they may reach beyond; `outside` grows by the
// weight that no pixel has.
inline void weigh_at_edge(const Crop& crop, Places& u, Places& v, Weights& weights) noexcept {
    const int width = crop.image.width;
    const int height = crop.image.height;
    if (!crop.edge.constant) {
        repeat_edge(u, width);
        repeat_edge(v, height);
        weigh(u, v, weights);
        return;
    }
    weigh(u, v, weights);
    keep_inside(u, width, weights.at[0], weights.at[1]);
    keep_inside(u, width, weights.at[2], weights.at[3]);
    keep_inside(v, height, weights.at[0], weights.at[2]);
    keep_inside(v, height, weights.at[1], weights.at[3]);
    hold(u, width);
    hold(v, height);
    for (int p = 0; p < parts; ++p) {
        weights.outside[p] +=
            one - weights.at[0][p] - weights.at[1][p] - weights.at[2][p] - weights.at[3][p];
    }
}

constexpr int strip = 8;  // groups side by side that are sampled together

// Levels of `count` <= strip groups of 16 crop pixels from (x, y) on. Those beyond the crop's width
// are computed as well.
template <class Taps>
void sample_strip(const Crop& crop, const int (&source)[3], int y, int x, int count,
                  Levels* levels) noexcept {
    const int across = crop.sampling.steps_x;
    const int down = crop.sampling.steps_y;
    const std::int64_t left_u = crop.u.start + x * crop.u.per_x + y * crop.u.per_y;
    const std::int64_t left_v = crop.v.start + x * crop.v.per_x + y * crop.v.per_y;
    Weights weights[strip];
    Taps taps[strip];
    Prepared prepared[strip];
    for (int g = 0; g < count; ++g) {
        for (Ints& outside : weights[g].outside) outside = Ints{};
        levels[g] = Levels{};
    }
    int pending = 0;
    const auto move = [&]() noexcept {
        for (int g = 0; g < count; ++g) {
            Ints sums[3][parts];
            taps[g].channels(sums);
            for (int c = 0; c < 3; ++c) {
                for (int p = 0; p < parts; ++p) {
                    levels[g].of[c][p] += __builtin_convertvector(sums[source[c]][p], Floats);
                }
            }
        }
    };
    for (int j = 0; j < down; ++j) {
        if (pending + across > most_samples) {
            move();
            for (Taps& each : taps) each = Taps();
            pending = 0;
        }
        pending += across;
        for (int i = 0; i < across; ++i) {
            const std::int64_t first_u =
                left_u + part(crop.u.per_x, i, across) + part(crop.u.per_y, j, down);
            const std::int64_t first_v =
                left_v + part(crop.v.per_x, i, across) + part(crop.v.per_y, j, down);
            for (int g = 0; g < count; ++g) {
                Places u;
                Places v;
                place(first_u + g * group * crop.u.per_x, crop.along_x, u);
                place(first_v + g * group * crop.v.per_x, crop.along_y, v);
                if (u.lowest >= 0 && u.highest < crop.image.width - 1 && v.lowest >= 0 &&
                    v.highest < crop.image.height - 1) {
                    weigh(u, v, weights[g]);
                } else {
                    weigh_at_edge(crop, u, v, weights[g]);
                }
                prepare(crop, u, v, weights[g], taps[g], prepared[g]);
            }
            for (int g = 0; g < count; ++g) apply(prepared[g], taps[g]);
        }
    }
    move();
    for (int g = 0; g < count; ++g) {
        for (int p = 0; p < parts; ++p) {
            const Floats border =
                crop.edge.level * __builtin_convertvector(weights[g].outside[p], Floats);
            for (Floats(&channel)[parts] : levels[g].of) channel[p] += border;
        }
    }
}

template <class Taps, class Store>
void sample_turned(const Crop& crop, Store store) noexcept {
    const int source[3] = {store.source(0), store.source(1), store.source(2)};
    Levels levels[strip];
    for (int y = 0; y < crop.height; ++y) {
        for (int x0 = 0; x0 < crop.width; x0 += strip * group) {
            const int left = (crop.width - x0 + group - 1) / group;
            const int count = left < strip ? left : strip;
            sample_strip<Taps>(crop, source, y, x0, count, levels);
            for (int g = 0; g < count; ++g) {
                const int x = x0 + g * group;
                store(y, x, crop.width - x < group ? crop.width - x : group, levels[g]);
            }
        }
    }
}

// Samples everything; the other ways to do so are as this one.
template <class Taps>
struct Singly {
    template <class Store>
    static void sample(const Crop& crop, Store store) noexcept {
        if (crop.plain_rows) {
            sample_turned<Taps>(crop, store);
        } else {
            sample_turned<PlainTaps>(crop, store);
        }
    }
};

}  // namespace
}  // namespace facegate
