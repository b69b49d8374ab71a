// Memory by the page: zeroed and growing in place, or a file's.
#pragma once

#include <cstddef>
#include <utility>

namespace facegate {

class Pages {
  public:
    Pages() = default;
    // All of an open file, read-only. Throws std::system_error.
    Pages(int file, std::size_t bytes);
    Pages(Pages&& other) noexcept
        : start_(std::exchange(other.start_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Pages& operator=(Pages&& other) noexcept {
        std::swap(start_, other.start_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~Pages();

    // Zeros are added; what was there stays, perhaps elsewhere. Throws std::bad_alloc.
    void grow(std::size_t bytes);

    unsigned char* start() const noexcept { return static_cast<unsigned char*>(start_); }

  private:
    void* start_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace facegate
