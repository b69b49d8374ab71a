#include "facegate/store.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace facegate {

namespace {

constexpr float no_bound = -std::numeric_limits<float>::infinity();

}  // namespace

Store::Store(std::size_t dim, Pages file, std::size_t header, std::size_t groups, std::size_t live)
    : layout_(dim),
      mapped_(true),
      groups_(groups),
      capacity_(groups),
      live_(live),
      group_pages_(std::move(file)) {
    bytes_ = group_pages_.start() + header;
    vectors_ = reinterpret_cast<float*>(bytes_ + groups * layout_.group());
    people_ = reinterpret_cast<std::int64_t*>(vectors_ + rows() * dim);
}

std::size_t Store::file_bytes(const Layout& layout, std::size_t groups) noexcept {
    const std::size_t per_row = layout.dim * sizeof(float) + sizeof(std::int64_t);
    return groups * (layout.group() + group_rows * per_row);
}

void Store::grow(std::size_t groups) {
    if (groups > capacity_) {
        const std::size_t capacity = std::max(groups, capacity_ * 2);
        group_pages_.grow(capacity * layout_.group());
        bytes_ = group_pages_.start();
        vector_pages_.grow(capacity * group_rows * layout_.dim * sizeof(float));
        vectors_ = reinterpret_cast<float*>(vector_pages_.start());
        people_pages_.grow(capacity * group_rows * sizeof(std::int64_t));
        people_ = reinterpret_cast<std::int64_t*>(people_pages_.start());
        capacity_ = capacity;
    }
    // New pages are zeros; all that is left to say is that nobody is there.
    for (; groups_ < groups; ++groups_) {
        auto* const errors =
            reinterpret_cast<float*>(bytes_ + groups_ * layout_.group()) + group_rows;
        std::fill_n(errors, group_rows, no_bound);
        std::fill_n(people_ + groups_ * group_rows, group_rows, std::int64_t{-1});
    }
}

std::vector<std::size_t> Store::free_rows(std::size_t count) {
    std::vector<std::size_t> found;
    found.reserve(count);
    if (live_ + count > rows()) grow((live_ + count + group_rows - 1) / group_rows);
    while (lowest_free_ < rows() && in_use(lowest_free_)) ++lowest_free_;
    for (std::size_t row = lowest_free_; found.size() < count; ++row) {
        if (!in_use(row)) found.push_back(row);
    }
    return found;
}

void Store::put(std::size_t row, const PackedRow& packed, std::int64_t person) noexcept {
    const std::size_t lane = row % group_rows;
    unsigned char* const group = bytes_ + row / group_rows * layout_.group();
    auto* const scales = reinterpret_cast<float*>(group);
    scales[lane] = packed.scale;
    scales[lane + group_rows] = packed.error;
    auto* const q = group + 2 * line_bytes + lane * 4;
    for (std::size_t i = 0; i < layout_.dim; ++i) {
        q[i / 4 * line_bytes + i % 4] = static_cast<unsigned char>(packed.q[i]);
    }
    std::copy_n(packed.vector, layout_.dim, vectors_ + row * layout_.dim);
    if (!in_use(row)) ++live_;
    people_[row] = person;
}

void Store::clear(std::size_t row) noexcept {
    forget(row);
    --live_;
    lowest_free_ = std::min(lowest_free_, row);
}

void Store::forget(std::size_t row) noexcept {
    const std::size_t lane = row % group_rows;
    unsigned char* const group = bytes_ + row / group_rows * layout_.group();
    auto* const scales = reinterpret_cast<float*>(group);
    scales[lane] = 0.0F;
    scales[lane + group_rows] = no_bound;
    for (std::size_t line = 0; line < layout_.lines; ++line) {
        std::memset(group + (2 + line) * line_bytes + lane * 4, 0, 4);
    }
    std::fill_n(vectors_ + row * layout_.dim, layout_.dim, 0.0F);
    people_[row] = -1;
}

void Store::take(const Store& from) {
    grow(from.groups_);
    std::memcpy(bytes_, from.bytes_, groups_ * layout_.group());
    std::copy_n(from.vectors_, rows() * layout_.dim, vectors_);
    std::copy_n(from.people_, rows(), people_);
    live_ = from.live_;
}

}  // namespace facegate
