// Runs a fuzz target on files, for compilers without libFuzzer: the seeds, and what it once found.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "bytes.hpp"

int main(int count, char** files) {
    if (count < 2) {
        std::fprintf(stderr, "usage: %s FILE...\n", files[0]);
        return 2;
    }
    for (int i = 1; i < count; ++i) {
        std::ifstream file(files[i], std::ios::binary);
        const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
        if (!file) {
            std::fprintf(stderr, "%s: cannot be read\n", files[i]);
            return 1;
        }
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
    std::printf("%d inputs\n", count - 1);
    return 0;
}
