#include <algorithm>
#include <limits>
#include <vector>

#include "check.hpp"
#include "decode_reference.hpp"

using facegate::Head;
using facegate::HeadKind;

namespace {

struct Numbers {
    std::vector<float> logits;
    std::vector<float> values;
    std::vector<float> anchors;
    Head head{};

    Numbers(check::Random& random, HeadKind kind, bool planes, std::size_t count, std::size_t rows,
            std::size_t cols) {
        const std::size_t places = count * rows * cols;
        const auto fill = [&random](std::vector<float>& to, std::size_t size, double low,
                                    double high) {
            for (std::size_t i = 0; i < size; ++i) {
                to.push_back(static_cast<float>(random.between(low, high)));
            }
        };
        fill(logits, places, -4, 4);
        fill(values, places * (kind == HeadKind::anchors ? 5 : 4), -4, 4);
        fill(anchors, count * 2, 0.3, 6);
        head = {kind, planes, logits.data(), values.data(), anchors.data(), count, rows, cols, 0.5};
    }
};

struct Decoded {
    std::vector<std::uint32_t> places;
    std::vector<float> boxes;
    bool finite = true;
};

Decoded decode(const Head& head, float logit) {
    Decoded result;
    result.places.resize(place_count(head) + facegate::spare_places);
    const std::size_t count = survivors(head, logit, result.places.data());
    result.places.resize(count);
    result.boxes.resize(4 * count);
    for (std::size_t i = 0; i < count; ++i) {
        const bool finite = decode_box(head, result.places[i], &result.boxes[4 * i]);
        CHECK(decodes(head, result.places[i]) == finite);
        result.finite = result.finite && finite;
    }
    return result;
}

void agrees_with_reference() {
    check::Random random(6);
    for (int round = 0; round < 200; ++round) {
        const auto size = [&random](int most) {
            return static_cast<std::size_t>(1 + random.below(most));
        };
        const HeadKind kind = round % 2 == 0 ? HeadKind::anchors : HeadKind::distances;
        const Numbers numbers(random, kind, round % 4 < 2, size(5), size(12), size(12));
        const double threshold = random.between(0.02, 0.98);
        const auto want = decode_reference(numbers.head, threshold);
        const Decoded got = decode(numbers.head, facegate::logit_of(threshold));
        CHECK(got.finite);
        CHECK(got.places.size() == want.size());
        for (std::size_t i = 0; i < std::min(got.places.size(), want.size()); ++i) {
            const float score = facegate::score_of(logit_at(numbers.head, got.places[i]));
            CHECK_NEAR(score, want[i].score, 1e-7);
            for (std::size_t j = 0; j < 4; ++j) {
                const double corner = want[i].corners[j];
                CHECK_NEAR(got.boxes[4 * i + j], corner, 1e-7 * (1 + std::abs(corner)));
            }
        }
    }
}

// Logits so high that many have the score 1, and so near that few differ: the first of equals.
void the_best_is_the_first_of_the_highest_score() {
    check::Random random(15);
    for (int round = 0; round < 300; ++round) {
        Numbers numbers(random, HeadKind::distances, true, 1, 8, 8);
        const double middle = random.between(-3, 40);
        const double spread = std::pow(10.0, random.between(-7, 1));
        for (float& logit : numbers.logits) {
            logit = static_cast<float>(middle + spread * random.between(-1, 1));
        }
        std::vector<std::uint32_t> places(64);
        std::size_t want = 0;
        for (std::uint32_t i = 0; i < 64; ++i) {
            places[i] = i;
            if (facegate::score_of(numbers.logits[i]) > facegate::score_of(numbers.logits[want])) {
                want = i;
            }
        }
        CHECK(best_place(numbers.head, places.data(), places.size()) == want);
    }
}

void logit_is_the_smallest_that_reaches() {
    CHECK(facegate::logit_of(0.5) == 0.0F);
    check::Random random(7);
    for (int round = 0; round < 1000; ++round) {
        const double score = random.between(0.001, 0.999);
        const double exact = std::log(score / (1 - score));
        const float logit = facegate::logit_of(score);
        CHECK(logit >= exact);
        CHECK(std::nextafter(logit, -std::numeric_limits<float>::infinity()) < exact);
    }
}

// One cell, one value spoilt: whatever survives must be finite, whatever does not is not looked at.
void reports_what_is_not_finite() {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    const std::vector<float> anchors{1.0F, 1.0F};
    const auto decoded = [&](const std::vector<float>& cell) {
        return decode({HeadKind::anchors, true, nullptr, cell.data(), anchors.data(), 1, 1, 1, 0.0},
                      0.0F);
    };
    CHECK(decoded({0, 0, 0, 0, 1}).finite);
    for (std::size_t i = 0; i < 5; ++i) {
        for (const float bad : {nan, inf}) {
            std::vector<float> cell{0, 0, 0, 0, 1};
            cell[i] = bad;
            CHECK(decoded(cell).places.size() == 1 && !decoded(cell).finite);
        }
    }
    CHECK(!decoded({0, 0, 90, 0, 1}).finite);  // exp(90) fits a double but no float
    const Decoded quiet = decoded({nan, nan, nan, nan, -inf});
    CHECK(quiet.places.empty() && quiet.finite);
    for (std::size_t i = 0; i < 4; ++i) {
        std::vector<float> sides{1, 1, 1, 1};
        sides[i] = i % 2 == 0 ? nan : -inf;
        const float logit = 1.0F;
        CHECK(
            !decode({HeadKind::distances, false, &logit, sides.data(), nullptr, 1, 1, 1, 0.5}, 0.0F)
                 .finite);
    }
}

}  // namespace

int main() {
    agrees_with_reference();
    the_best_is_the_first_of_the_highest_score();
    logit_is_the_smallest_that_reaches();
    reports_what_is_not_finite();
    return check::verdict();
}
