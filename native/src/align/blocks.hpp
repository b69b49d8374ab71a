// Crops that shrink much: blocks of the image are averaged into a smaller picture, tile by tile,
// and that is sampled (the rule is in facegate/align.hpp).
//
// A mean is (sum * ceil(2^24 / pixels) + 2^23) >> 24. With sides up to 16 that is the nearest whole
// level, halves up: the factor adds less to sum / pixels than what is missing to the next half.
//
// Included by one file per instruction set; everything here is that file's own. `Way` is how a file
// does it:
//   static void sample(const Crop&, Store)     samples a crop that takes no blocks
//   static void average(const Blocks&)         averages blocks that lie within the image
#pragma once

#include "turned.hpp"

namespace facegate {
namespace {

constexpr int tile_width = 64;
constexpr int tile_height = 56;          // a crop of 112 pixels has two of each
constexpr int picture_bytes = 64 << 10;  // on the stack
constexpr int spare = 64;                // that may be written behind a row's end
constexpr int block_columns = 1024;      // image columns that are summed at once

using Sums = std::uint16_t __attribute__((vector_size(16)));

// height rows of width blocks, and where their means are to go; `spare` bytes behind each of those
// rows may be written as well.
struct Blocks {
    const std::uint8_t* from;
    std::ptrdiff_t row_bytes;
    int side;
    int width;
    int height;
    std::uint8_t* to;
    std::ptrdiff_t to_row_bytes;
};

inline std::uint32_t reciprocal(int side) noexcept {
    const auto pixels = static_cast<std::uint32_t>(side * side);
    return ((1U << 24) + pixels - 1) / pixels;
}

// Adds a row of bytes to a row of sums.
inline void add_bytes(const std::uint8_t* from, int count, std::uint16_t* sums) noexcept {
    for (int i = 0; i < count; ++i) {
        sums[i] = static_cast<std::uint16_t>(sums[i] + from[i]);
    }
}

// Means of `count` blocks out of the sums of their columns, behind which `spare` more can be read.
inline void average_sums(const std::uint16_t* sums, int side, int count,
                         std::uint8_t* to) noexcept {
    const std::uint32_t factor = reciprocal(side);
    for (int i = 0; i < count; ++i) {
        Sums total = {};
        for (int j = 0; j < side; ++j, sums += 3) {
            Sums pixel;
            __builtin_memcpy(&pixel, sums, sizeof pixel);
            total += pixel;
        }
        for (int c = 0; c < 3; ++c) {
            to[3 * i + c] = static_cast<std::uint8_t>((total[c] * factor + (1U << 23)) >> 24);
        }
    }
}

inline void average_plainly(const Blocks& blocks) noexcept {
    const int each = block_columns / blocks.side;
    std::uint16_t sums[block_columns * 3 + spare];
    for (int y = 0; y < blocks.height; ++y) {
        const std::uint8_t* const row = blocks.from + y * blocks.side * blocks.row_bytes;
        for (int x = 0; x < blocks.width; x += each) {
            const int count = blocks.width - x < each ? blocks.width - x : each;
            const int bytes = count * blocks.side * 3;
            for (int i = 0; i < bytes + spare; ++i) sums[i] = 0;
            for (int j = 0; j < blocks.side; ++j) {
                add_bytes(row + j * blocks.row_bytes + x * blocks.side * 3, bytes, sums);
            }
            average_sums(sums, blocks.side, count, blocks.to + y * blocks.to_row_bytes + 3 * x);
        }
    }
}

// `count` pixels from (x, y) on, of the image with what lies beyond its edges, are added.
inline void add_pixels(const Crop& crop, int y, int x, int count, std::uint16_t* sums) noexcept {
    const ImageView& image = crop.image;
    const auto level = static_cast<std::uint8_t>(crop.edge.level + 0.5F);
    const int last = image.width - 1;
    const std::uint8_t* const row = image.data + within(y, image.height - 1) * image.row_bytes;
    const bool beyond = crop.edge.constant && (y < 0 || y >= image.height);
    for (int i = 0; i < count;) {
        const int at = x + i;
        if (!beyond && at >= 0 && at <= last) {
            const int most = last + 1 - at < count - i ? last + 1 - at : count - i;
            add_bytes(row + static_cast<std::ptrdiff_t>(at) * 3, most * 3, sums + i * 3);
            i += most;
            continue;
        }
        const std::uint8_t* const pixel = row + static_cast<std::ptrdiff_t>(within(at, last)) * 3;
        for (int c = 0; c < 3; ++c) {
            const std::uint8_t value = crop.edge.constant ? level : pixel[c];
            sums[i * 3 + c] = static_cast<std::uint16_t>(sums[i * 3 + c] + value);
        }
        ++i;
    }
}

// The blocks from (x, y) on, in blocks, which lie partly or wholly beyond the edges.
inline void average_at_edge(const Crop& crop, const Blocks& blocks, int x, int y) noexcept {
    const int each = block_columns / blocks.side;
    for (int row = 0; row < blocks.height; ++row) {
        for (int column = 0; column < blocks.width; column += each) {
            const int count = blocks.width - column < each ? blocks.width - column : each;
            std::uint16_t sums[block_columns * 3 + spare] = {};
            for (int j = 0; j < blocks.side; ++j) {
                add_pixels(crop, (y + row) * blocks.side + j, (x + column) * blocks.side,
                           count * blocks.side, sums);
            }
            average_sums(sums, blocks.side, count,
                         blocks.to + row * blocks.to_row_bytes + 3 * column);
        }
    }
}

// The pixels of the picture that positions from `low` to `high` on one axis look at.
inline void span(std::int64_t start, std::int64_t along, std::int64_t across, int* first,
                 int* count) noexcept {
    std::int64_t low = start;
    std::int64_t high = start;
    (along < 0 ? low : high) += along;
    (across < 0 ? low : high) += across;
    // One more on either side, as places are rounded within a group.
    *first = static_cast<int>(low >> place_bits) - 1;
    *count = static_cast<int>(high >> place_bits) + 3 - *first;
}

// Picture pixels from (x, y) on.
struct Part {
    int x;
    int y;
    int width;
    int height;
};

template <class Way, class Store>
void sample_blocks(const Crop& crop, Store store) noexcept {
    alignas(64) std::uint8_t picture[picture_bytes];
    int height = tile_height;
    for (int y = 0; y < crop.height; y += height) {
        for (int x = 0; x < crop.width; x += tile_width) {
            Crop tile = crop;
            Part part{};
            const auto plan = [&]() noexcept {
                tile.height = crop.height - y < height ? crop.height - y : height;
                tile.width = crop.width - x < tile_width ? crop.width - x : tile_width;
                const int lanes_used = (tile.width + group - 1) / group * group;
                tile.u.start = crop.u.start + x * crop.u.per_x + y * crop.u.per_y;
                tile.v.start = crop.v.start + x * crop.v.per_x + y * crop.v.per_y;
                span(tile.u.start, (lanes_used - 1) * crop.u.per_x,
                     (tile.height - 1) * crop.u.per_y, &part.x, &part.width);
                span(tile.v.start, (lanes_used - 1) * crop.v.per_x,
                     (tile.height - 1) * crop.v.per_y, &part.y, &part.height);
                return (part.width * 3 + spare) * part.height <= picture_bytes;
            };
            // Steps are below 1.75, so that one row of a tile fits for certain.
            while (!plan()) height /= 2;
            const int side = crop.sampling.blocks;
            const std::ptrdiff_t row_bytes = part.width * 3 + spare;
            Blocks blocks{crop.image.data, crop.image.row_bytes, side,
                          part.width,      part.height,          picture,
                          row_bytes};
            if (part.x >= 0 && part.y >= 0 && (part.x + part.width) * side <= crop.image.width &&
                (part.y + part.height) * side <= crop.image.height) {
                blocks.from += part.y * side * crop.image.row_bytes +
                               static_cast<std::ptrdiff_t>(part.x) * side * 3;
                Way::average(blocks);
            } else {
                average_at_edge(crop, blocks, part.x, part.y);
            }
            tile.u.start -= part.x * (std::int64_t{1} << place_bits);
            tile.v.start -= part.y * (std::int64_t{1} << place_bits);
            tile.sampling.blocks = 1;
            tile.image = {picture, row_bytes, part.height, part.width};
            tile.plain_rows = true;
            Way::sample(tile, store.from(y, x));
        }
    }
}

template <class Way>
void turned(const Crop& crop, const Normalise& normalise, float* out) noexcept {
    const FloatPlanes store(crop, normalise, crop.share, out);
    if (crop.sampling.blocks > 1) {
        sample_blocks<Way>(crop, store);
    } else {
        Way::sample(crop, store);
    }
}

template <class Way>
void turned_u8(const Crop& crop, std::uint8_t* out) noexcept {
    const Pixels store(crop, crop.share, out);
    if (crop.sampling.blocks > 1) {
        sample_blocks<Way>(crop, store);
    } else {
        Way::sample(crop, store);
    }
}

}  // namespace
}  // namespace facegate
