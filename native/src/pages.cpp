#include "facegate/pages.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <new>
#include <system_error>

namespace facegate {

namespace {

// A scan reads hundreds of megabytes in order; with pages of 2 MiB it seldom waits for a
// translation. A kernel without them says no, and the scan is right all the same.
constexpr std::size_t worth_huge_pages = 4 << 20;

}  // namespace

Pages::Pages(int file, std::size_t bytes) : bytes_(bytes) {
    start_ = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
    if (start_ == MAP_FAILED) {
        start_ = nullptr;
        throw std::system_error(errno, std::generic_category(), "mmap");
    }
}

Pages::~Pages() {
    if (start_ != nullptr) munmap(start_, bytes_);
}

void Pages::grow(std::size_t bytes) {
    void* const next = start_ == nullptr ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                         : mremap(start_, bytes_, bytes, MREMAP_MAYMOVE);
    if (next == MAP_FAILED) throw std::bad_alloc();
    start_ = next;
    bytes_ = bytes;
    if (bytes >= worth_huge_pages) madvise(start_, bytes_, MADV_HUGEPAGE);
}

}  // namespace facegate
