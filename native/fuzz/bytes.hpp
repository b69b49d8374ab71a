// What a fuzz target reads its arguments from: the fuzzer's bytes, and zeros once they are spent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace fuzz {

class Bytes {
  public:
    Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

    template <class T>
    T take() {
        T value{};
        const std::size_t size = left_ < sizeof value ? left_ : sizeof value;
        std::memcpy(&value, data_, size);
        data_ += size;
        left_ -= size;
        return value;
    }

    // 0 .. bound - 1
    std::size_t below(std::size_t bound) { return take<std::uint16_t>() % bound; }

    // Exactly as long as asked for, so that a sanitizer sees a read beyond it.
    template <class T>
    std::vector<T> many(std::size_t count) {
        std::vector<T> values(count);
        for (T& value : values) value = take<T>();
        return values;
    }

  private:
    const std::uint8_t* data_;
    std::size_t left_;
};

// Stops the fuzzer, whatever the build's flags say of assertions.
inline void demand(bool holds) {
    if (!holds) __builtin_trap();
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
