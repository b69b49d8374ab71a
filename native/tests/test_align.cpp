#include <limits>
#include <vector>

#include "align/plan.hpp"
#include "align_reference.hpp"
#include "check.hpp"

using facegate::Edge;
using facegate::ImageView;
using facegate::Normalise;
using facegate::Plan;
using facegate::Sampling;

namespace {

constexpr Edge replicate{false, 0.0F};
constexpr Normalise plain{{0, 0, 0}, {1, 1, 1}, false};

// Exactly as many bytes as the view covers, so that a sanitizer sees a read beyond the last row.
struct Picture {
    std::vector<std::uint8_t> bytes;
    ImageView view;

    Picture(check::Random& random, int height, int width, int padding)
        : bytes(static_cast<std::size_t>((height - 1) * (width * 3 + padding) + width * 3)) {
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.below(256));
        view = {bytes.data(), width * 3 + padding, height, width};
    }
};

void compare(const ImageView& image, const double* matrix, Edge edge, const Normalise& normalise,
             int height, int width) {
    Sampling sampling{};
    CHECK(plan_sampling(matrix, &sampling) == Plan::ok);
    const auto count = static_cast<std::size_t>(3 * height * width);
    std::vector<float> got(count);
    std::vector<std::uint8_t> bytes(count);
    warp(image, sampling, edge, normalise, height, width, got.data());
    warp_u8(image, sampling, edge, height, width, bytes.data());
    const auto want = warp_reference(image, matrix, edge, normalise, height, width);
    const auto levels = resample_reference(image, matrix, edge, height, width);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t channel = i / static_cast<std::size_t>(height * width);
        CHECK_NEAR(got[i], want[i], 0.03 / normalise.std[channel]);
        CHECK_NEAR(bytes[i], levels[i], 0.53);
    }
}

void agrees_with_reference() {
    check::Random random(2);
    for (int round = 0; round < 200; ++round) {
        // Upright crops take a path of their own, which holds 512 columns at once.
        const bool upright = round % 4 == 0;
        const int width = 1 + random.below(upright ? 1200 : 40);
        const Picture picture(random, 1 + random.below(40), width, random.below(9));
        const double angle = upright ? 0.0 : random.between(-3.2, 3.2);
        const double scale = random.between(0.2, 3.0);
        const double a = scale * std::cos(angle);
        const double b = scale * std::sin(angle);
        const double matrix[6] = {a, -b, random.between(-30, 30), b, a, random.between(-30, 30)};
        const Edge edge{round % 2 == 0, static_cast<float>(random.below(256))};
        const Normalise normalise{{127.5F, 103.5F, 116.3F}, {128.0F, 57.4F, 1.0F}, round % 3 == 0};
        compare(picture.view, matrix, edge, normalise, 1 + random.below(24), 1 + random.below(24));
    }
}

// Pictures down to one pixel, crops within and beyond them: not one bit may depend on the set.
void every_instruction_set_makes_the_same_crop() {
    struct Named {
        facegate::InstructionSet set;
        const facegate::AlignKernels* kernels;
    };
    const std::vector<Named> variants = {
#if defined(__x86_64__)
        {facegate::InstructionSet::avx2, &facegate::align_avx2},
        {facegate::InstructionSet::avx512vnni, &facegate::align_avx512vnni},
        {facegate::InstructionSet::avx512vbmi, &facegate::align_avx512vbmi},
#elif defined(__aarch64__)
        {facegate::InstructionSet::neon, &facegate::align_neon},
#endif
    };
    check::Random random(17);
    for (int round = 0; round < 400; ++round) {
        // Some crops are wider, or higher, than what is worked on at once.
        const bool large = round % 20 == 7;
        const int side = large ? 400 : round % 3 == 0 ? 4 : 60;
        const Picture picture(random, 1 + random.below(side), 1 + random.below(side),
                              random.below(5));
        const bool upright = round % 4 == 0;
        const double angle = upright ? 0.0 : random.between(-3.2, 3.2);
        const double scale = round % 5 == 0 ? random.between(0.02, 0.2) : random.between(0.2, 3.0);
        const double a = scale * std::cos(angle);
        const double b = scale * std::sin(angle);
        const double matrix[6] = {a, -b, random.between(-9, 30), b, a, random.between(-9, 30)};
        Sampling sampling{};
        CHECK(plan_sampling(matrix, &sampling) == Plan::ok);
        const Edge edge{round % 2 == 0, static_cast<float>(random.between(0, 255))};
        const int height = 1 + random.below(large ? 130 : 20);
        const int width = 1 + random.below(large ? 300 : 40);
        const facegate::Crop crop =
            facegate::plan_crop(picture.view, sampling, edge, height, width);
        const auto count = static_cast<std::size_t>(3 * height * width);
        const Normalise normalise{{127.5F, 103.5F, 116.3F}, {128.0F, 57.4F, 1.0F}, round % 3 == 0};
        std::vector<float> want(count);
        std::vector<std::uint8_t> want_bytes(count);
        const auto run = [&](const facegate::AlignKernels& kernels, float* out,
                             std::uint8_t* bytes) {
            (upright ? kernels.upright : kernels.turned)(crop, normalise, out);
            (upright ? kernels.upright_u8 : kernels.turned_u8)(crop, bytes);
        };
        run(facegate::align_baseline, want.data(), want_bytes.data());
        for (const Named& variant : variants) {
            if (variant.set > facegate::widest_present()) continue;
            std::vector<float> got(count);
            std::vector<std::uint8_t> got_bytes(count);
            run(*variant.kernels, got.data(), got_bytes.data());
            CHECK(got == want);
            CHECK(got_bytes == want_bytes);
        }
    }
}

void identity_is_exact() {
    check::Random random(3);
    const Picture picture(random, 7, 5, 0);
    const double matrix[6] = {1, 0, 0, 0, 1, 0};
    Sampling sampling{};
    CHECK(plan_sampling(matrix, &sampling) == Plan::ok);
    std::vector<std::uint8_t> copy(picture.bytes.size());
    warp_u8(picture.view, sampling, replicate, 7, 5, copy.data());
    CHECK(copy == picture.bytes);
}

// Rows from bottom to top are a picture like any other.
void rows_may_run_backwards() {
    check::Random random(4);
    const Picture picture(random, 9, 6, 0);
    const ImageView flipped{picture.bytes.data() + 8 * 18, -18, 9, 6};
    const double matrix[6] = {0.9, 0.1, 0.5, -0.1, 0.9, 0.25};
    compare(flipped, matrix, replicate, plain, 9, 6);
}

void stripes_do_not_alias() {
    std::vector<std::uint8_t> bytes;
    for (int y = 0; y < 64; ++y) {
        for (int x = 0; x < 64; ++x) bytes.insert(bytes.end(), 3, x % 2 == 0 ? 0 : 255);
    }
    const ImageView stripes{bytes.data(), 64 * 3, 64, 64};
    const double quarter[6] = {0.25, 0, 0, 0, 0.25, 0};
    Sampling sampling{};
    CHECK(plan_sampling(quarter, &sampling) == Plan::ok);
    CHECK(sampling.steps_x == 4 && sampling.steps_y == 4);
    std::vector<float> crop(3 * 14 * 14);
    warp(stripes, sampling, Edge{false, 0.0F}, plain, 14, 14, crop.data());
    for (std::size_t i = 0; i < crop.size(); ++i) {
        if (i % 14 != 0) CHECK_NEAR(crop[i], 127.5, 1.0);
    }
}

void turned_stripes_do_not_alias() {
    std::vector<std::uint8_t> bytes;
    for (int y = 0; y < 200; ++y) {
        for (int x = 0; x < 200; ++x) bytes.insert(bytes.end(), 3, x % 2 == 0 ? 0 : 255);
    }
    const ImageView stripes{bytes.data(), 200 * 3, 200, 200};
    for (const double shrink : {2.4, 3.9, 6.1}) {
        const double a = std::cos(0.4) / shrink;
        const double b = std::sin(0.4) / shrink;
        const double matrix[6] = {a, -b, 7 - 100 * (a - b), b, a, 7 - 100 * (a + b)};
        Sampling sampling{};
        CHECK(plan_sampling(matrix, &sampling) == Plan::ok);
        CHECK(sampling.steps_x == 1 && sampling.steps_y == 1);
        CHECK(sampling.blocks == static_cast<int>(shrink + 0.5));
        std::vector<float> crop(3 * 14 * 14);
        warp(stripes, sampling, replicate, plain, 14, 14, crop.data());
        for (const float level : crop) CHECK_NEAR(level, 128.0, 0.01);
    }
}

void plans_refuse_what_cannot_be_sampled() {
    Sampling sampling{};
    const double flat[6] = {1, 2, 0, 2, 4, 0};
    const double zero[6] = {0, 0, 5, 0, 0, 5};
    const double tiny[6] = {1.0 / 65, 0, 0, 0, 1.0 / 65, 0};
    const double limit[6] = {1.0 / 64, 0, 0, 0, 1.0 / 64, 0};
    const double huge[6] = {1e300, 0, 0, 0, 1e300, 0};
    const double twice[6] = {0.5, 0, 0, 0, 0.5, 0};
    CHECK(plan_sampling(flat, &sampling) == Plan::singular);
    CHECK(plan_sampling(zero, &sampling) == Plan::singular);
    CHECK(plan_sampling(huge, &sampling) == Plan::singular);
    CHECK(plan_sampling(tiny, &sampling) == Plan::shrinks_far);
    CHECK(plan_sampling(limit, &sampling) == Plan::ok);
    CHECK(plan_sampling(twice, &sampling) == Plan::ok);
    CHECK(sampling.steps_x == 1 && sampling.steps_y == 1);
}

void far_away_is_all_border() {
    check::Random random(5);
    const Picture picture(random, 4, 4, 0);
    const double matrix[6] = {1, 0, 1e300, 0, 1, -1e300};
    compare(picture.view, matrix, Edge{true, 77.0F}, plain, 3, 3);
    Sampling sampling{};
    CHECK(plan_sampling(matrix, &sampling) == Plan::ok);
    std::vector<std::uint8_t> corner(3);
    warp_u8(picture.view, sampling, replicate, 1, 1, corner.data());
    CHECK(corner[0] == picture.bytes[3 * 12]);
}

}  // namespace

int main() {
    agrees_with_reference();
    every_instruction_set_makes_the_same_crop();
    identity_is_exact();
    rows_may_run_backwards();
    stripes_do_not_alias();
    turned_stripes_do_not_alias();
    plans_refuse_what_cannot_be_sampled();
    far_away_is_all_border();
    return check::verdict();
}
