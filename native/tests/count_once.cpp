// Does one kernel's work some times and ends: for counting instructions, where time means nothing.
//
//   count_once WORK TIMES        prints the instruction set that the kernel used
//   count_once WORK TIMES steps  and, on x86-64, a second line: instructions, counted in single
//   steps count_once works             the names of all works count_once sets              the
//   instruction sets that this processor has
//
// FACEGATE_KERNELS forces a set. Inputs are the same on every architecture.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "facegate/align.hpp"
#include "facegate/decode.hpp"
#include "facegate/nms.hpp"
#include "facegate/pages.hpp"
#include "facegate/scan.hpp"
#include "steps.hpp"

namespace {

using namespace facegate;

constexpr int frame_height = 480, frame_width = 640, side = 112;
constexpr std::size_t candidates = 25200;  // of YOLOv5 at 640 x 640
constexpr std::size_t crowd = 6300;        // for what grows with the square of them
constexpr std::size_t dimensions = 512, groups = 6;

struct Work {
    InstructionSet set;
    std::function<void()> once;
};

[[noreturn]] void stop(const char* what) {
    std::fprintf(stderr, "count_once: %s\n", what);
    std::exit(2);
}

// A face `width` pixels wide, a little turned, in the middle of a camera's frame.
Work crop(double width) {
    // All zeros, and no instruction spent on it: how a crop is made does not depend on the values.
    auto frame = std::make_shared<Pages>();
    frame->grow(frame_height * frame_width * 3);
    // A hair less, so that three times the crop's size takes three steps and not four.
    const double scale = side / (width * (1 - 1e-6));
    const double c = scale * std::cos(0.15), s = scale * std::sin(0.15);
    const double x = frame_width / 2.0, y = frame_height / 2.0;
    const double matrix[6] = {c, -s, side / 2.0 - c * x + s * y, s, c, side / 2.0 - s * x - c * y};
    Sampling sampling;
    if (plan_sampling(matrix, &sampling) != Plan::ok) stop("the crop cannot be made");
    auto out = std::make_shared<std::vector<float>>(3 * side * side);
    return {align_variant(), [=] {
                const ImageView image{frame->start(), frame_width * 3, frame_height, frame_width};
                const Normalise normalise{{127.5F, 127.5F, 127.5F}, {128.0F, 128.0F, 128.0F}, true};
                warp(image, sampling, Edge{true, 0.0F}, normalise, side, side, out->data());
            }};
}

// The best box of three anchors on a grid of 140 x 60, where some 200 places pass.
Work best_box(bool planes) {
    check::Random random(2);
    constexpr std::size_t rows = 140, cols = 60, anchors = 3, channels = 5;
    static_assert(rows * cols * anchors == candidates);
    auto values = std::make_shared<std::vector<float>>(candidates * channels);
    for (std::size_t i = 0; i < candidates; ++i) {
        // Where the numbers of place i begin, and how far they lie apart.
        const std::size_t cell = i / anchors, anchor = i % anchors;
        const std::size_t first = planes ? anchor * channels * rows * cols + cell : i * channels;
        const std::size_t apart = planes ? rows * cols : 1;
        for (std::size_t k = 0; k < 4; ++k) {
            (*values)[first + k * apart] = static_cast<float>(random.between(-1, 1));
        }
        const double logit = random.below(125) == 0 ? random.between(0, 3) : random.between(-9, 0);
        (*values)[first + 4 * apart] = static_cast<float>(logit);
    }
    auto places = std::make_shared<std::vector<std::uint32_t>>(candidates + spare_places);
    return {boxes_variant(), [=] {
                static const float sizes[2 * anchors] = {1, 1.3F, 3, 4, 6, 8};
                const Head head{HeadKind::anchors,
                                planes,
                                nullptr,
                                values->data(),
                                sizes,
                                anchors,
                                rows,
                                cols,
                                0.0};
                const std::size_t count = survivors(head, logit_of(0.5), places->data());
                bool sound = count > 0;
                for (std::size_t i = 0; i < count; ++i) sound &= decodes(head, (*places)[i]);
                float box[4];
                sound &= decode_box(head, (*places)[best_place(head, places->data(), count)], box);
                if (!sound) stop("a box is not finite");
            }};
}

// Suppression among boxes around 201 places, of which `share` pass the threshold.
Work suppression(std::size_t number, double share) {
    check::Random random(3);
    std::vector<double> centres(2 * 201);
    for (auto& value : centres) value = random.between(0, 640);
    auto boxes = std::make_shared<std::vector<float>>();
    auto scores = std::make_shared<std::vector<float>>();
    for (std::size_t i = 0; i < number; ++i) {
        const auto at = static_cast<std::size_t>(random.below(201)) * 2;
        const double x = centres[at] + random.between(-20, 20), half_w = random.between(10, 40);
        const double y = centres[at + 1] + random.between(-20, 20), half_h = random.between(10, 40);
        for (const double corner : {x - half_w, y - half_h, x + half_w, y + half_h}) {
            boxes->push_back(static_cast<float>(corner));
        }
        scores->push_back(static_cast<float>(random.between(0, 1)));
    }
    auto kept = std::make_shared<std::vector<std::int64_t>>(number);
    auto room = std::make_shared<std::vector<std::uint64_t>>(nms_room(number) / 8 + 1);
    return {boxes_variant(), [=] {
                const auto threshold = static_cast<float>(1.0 - share);
                // As a caller does, who must know how much room is needed.
                if (count_scores(scores->data(), number, threshold) == 0) stop("no box passes");
                nms(boxes->data(), scores->data(), number, threshold, 0.45, number, room->data(),
                    kept->data());
            }};
}

Work gallery(std::size_t probes) {
    constexpr std::size_t lines = lines_for(dimensions);
    auto rows = std::make_shared<Pages>(), values = std::make_shared<Pages>();
    rows->grow(groups * group_bytes(lines));
    values->grow(probes * lines * 4);
    auto terms = std::make_shared<std::vector<ProbeTerms>>(probes);
    auto upper = std::make_shared<std::vector<float>>(probes * groups * group_rows);
    auto best = std::make_shared<std::vector<float>>(probes);
    const Variant<Scan> variant = widest(scan_variants);
    return {variant.set, [=] {
                const Probes asked{reinterpret_cast<const std::int8_t*>(values->start()),
                                   terms->data(), probes};
                variant.run(rows->start(), groups, lines, asked, upper->data(), best->data());
            }};
}

struct Named {
    const char* name;
    std::function<Work()> make;
};

const Named works[] = {
    {"crop-112", [] { return crop(112); }},
    {"crop-336", [] { return crop(336); }},
    {"best-planes", [] { return best_box(true); }},
    {"best-rows", [] { return best_box(false); }},
    {"nms-3%", [] { return suppression(candidates, 0.03); }},
    {"nms-24%", [] { return suppression(crowd, 0.24); }},
    {"scan-1", [] { return gallery(1); }},
    {"scan-20", [] { return gallery(20); }},
};

int run(const std::string& name, int times, bool in_steps) {
    for (const auto& one : works) {
        if (name != one.name) continue;
        const Work work = one.make();
        const auto all = [&] {
            for (int i = 0; i < times; ++i) work.once();
        };
        if (!in_steps) {
            all();
            std::printf("%s\n", name_of(work.set));
            return 0;
        }
#if defined(__x86_64__)
        const std::uint64_t steps = steps::count(all);
        std::printf("%s\n%llu\n", name_of(work.set), static_cast<unsigned long long>(steps));
        return 0;
#else
        stop("single steps can be counted on x86-64 only");
#endif
    }
    stop("no such work");
}

}  // namespace

int main(int count, char** words) {
    if (count == 2 && std::strcmp(words[1], "works") == 0) {
        for (const auto& one : works) std::printf("%s\n", one.name);
        return 0;
    }
    if (count == 2 && std::strcmp(words[1], "sets") == 0) {
        for (std::size_t i = 0; i <= static_cast<std::size_t>(widest_present()); ++i) {
            std::printf("%s\n", name_of(static_cast<InstructionSet>(i)));
        }
        return 0;
    }
    const bool in_steps = count == 4 && std::strcmp(words[3], "steps") == 0;
    if (count != 3 && !in_steps) {
        std::fprintf(stderr, "usage: count_once WORK TIMES [steps] | works | sets\n");
        return 2;
    }
    try {
        return run(words[1], std::atoi(words[2]), in_steps);
    } catch (const std::exception& error) {
        stop(error.what());
    }
}
