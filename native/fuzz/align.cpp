// Any picture, map and edge: no read outside the picture, the same bytes from every instruction
// set, and levels that a picture can have.
#include <cmath>

#include "align/plan.hpp"
#include "bytes.hpp"

using namespace facegate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Bytes bytes(data, size);
    const auto height = static_cast<int>(1 + bytes.below(40));
    const auto width = static_cast<int>(1 + bytes.below(40));
    const auto padding = static_cast<std::ptrdiff_t>(bytes.below(9));
    const std::ptrdiff_t row = bytes.below(8) == 0 ? 0 : width * 3 + padding;
    const bool upside_down = bytes.below(2) == 1;
    const Edge edge{bytes.below(2) == 1, static_cast<float>(bytes.below(256))};
    const auto crop_height = static_cast<int>(1 + bytes.below(20));
    const auto crop_width = static_cast<int>(1 + bytes.below(40));
    double matrix[6];
    const bool likely = bytes.below(4) != 0;
    for (double& value : matrix) {
        value =
            likely ? static_cast<double>(bytes.take<std::int16_t>()) / 512.0 : bytes.take<double>();
        if (!std::isfinite(value)) return 0;  // refused at the border
    }
    Sampling sampling{};
    if (plan_sampling(matrix, &sampling) != Plan::ok) return 0;

    const auto pixels =
        bytes.many<std::uint8_t>(static_cast<std::size_t>((height - 1) * row + width * 3));
    const ImageView image{upside_down ? pixels.data() + (height - 1) * row : pixels.data(),
                          upside_down ? -row : row, height, width};
    const Crop crop = plan_crop(image, sampling, edge, crop_height, crop_width);
    const Normalise plain{{0, 0, 0}, {1, 1, 1}, bytes.below(2) == 1};
    const auto count = static_cast<std::size_t>(3 * crop_height * crop_width);
    std::vector<float> want(count);
    std::vector<std::uint8_t> want_bytes(count);
    std::vector<float> got(count);
    std::vector<std::uint8_t> got_bytes(count);
    const bool upright = matrix[1] == 0.0 && matrix[3] == 0.0;
    const auto run = [&](const AlignKernels& kernels, float* out, std::uint8_t* out_bytes) {
        (upright ? kernels.upright : kernels.turned)(crop, plain, out);
        (upright ? kernels.upright_u8 : kernels.turned_u8)(crop, out_bytes);
    };
    run(align_baseline, want.data(), want_bytes.data());
    for (const float level : want) fuzz::demand(level >= 0.0F && level <= 255.01F);
    [[maybe_unused]] const auto compare = [&](InstructionSet set, const AlignKernels& kernels) {
        if (set > widest_present()) return;
        run(kernels, got.data(), got_bytes.data());
        fuzz::demand(got == want && got_bytes == want_bytes);
    };
#if defined(__x86_64__)
    compare(InstructionSet::avx2, align_avx2);
    compare(InstructionSet::avx512vnni, align_avx512vnni);
    compare(InstructionSet::avx512vbmi, align_avx512vbmi);
#elif defined(__aarch64__)
    compare(InstructionSet::neon, align_neon);
#endif
    warp(image, sampling, edge, plain, crop_height, crop_width, got.data());
    return 0;
}
