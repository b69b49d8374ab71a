// Where the rows of an index lie: in memory that grows, or in a mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "facegate/pages.hpp"
#include "facegate/scan.hpp"

namespace facegate {

struct Layout {
    explicit Layout(std::size_t dimensions) : dim(dimensions), lines(lines_for(dimensions)) {}

    std::size_t group() const noexcept { return group_bytes(lines); }

    std::size_t dim;
    std::size_t lines;
};

// One row, ready to be put in.
struct PackedRow {
    float scale;
    float error;
    const std::int8_t* q;  // dim
    const float* vector;   // dim
};

class Store {
  public:
    explicit Store(std::size_t dim) : layout_(dim) {}

    // file: a header of `header` bytes, then groups, vectors and people of `groups` groups.
    Store(std::size_t dim, Pages file, std::size_t header, std::size_t groups, std::size_t live);

    const Layout& layout() const noexcept { return layout_; }
    bool writable() const noexcept { return !mapped_; }
    std::size_t groups() const noexcept { return groups_; }
    std::size_t rows() const noexcept { return groups_ * group_rows; }
    std::size_t live() const noexcept { return live_; }

    const unsigned char* group(std::size_t index) const noexcept {
        return bytes_ + index * layout_.group();
    }
    const float* vector(std::size_t row) const noexcept { return vectors_ + row * layout_.dim; }
    const std::int64_t* people() const noexcept { return people_; }
    std::int64_t person(std::size_t row) const noexcept { return people_[row]; }
    bool in_use(std::size_t row) const noexcept { return people_[row] >= 0; }

    // The lowest `count` rows that are free, after growing if need be. Throws std::bad_alloc.
    std::vector<std::size_t> free_rows(std::size_t count);

    void put(std::size_t row, const PackedRow& packed, std::int64_t person) noexcept;
    void clear(std::size_t row) noexcept;

    // All rows of another store of the same layout. Only for a store that is empty.
    void take(const Store& from);

    // Groups, vectors and people together, as they lie in a file.
    static std::size_t file_bytes(const Layout& layout, std::size_t groups) noexcept;

  private:
    void grow(std::size_t groups);
    void forget(std::size_t row) noexcept;

    Layout layout_;
    bool mapped_ = false;
    std::size_t groups_ = 0;
    std::size_t capacity_ = 0;  // groups
    std::size_t live_ = 0;
    std::size_t lowest_free_ = 0;  // no row below is free
    Pages group_pages_, vector_pages_, people_pages_;
    unsigned char* bytes_ = nullptr;
    float* vectors_ = nullptr;
    std::int64_t* people_ = nullptr;
};

}  // namespace facegate
