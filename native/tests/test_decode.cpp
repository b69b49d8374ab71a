#include <limits>
#include <vector>

#include "check.hpp"
#include "decode_reference.hpp"

using facegate::Grid;

namespace {

struct Planes {
    std::vector<float> values;
    std::vector<float> anchors;
    Grid grid;

    Planes(check::Random& random, std::size_t count, std::size_t rows, std::size_t cols) {
        for (std::size_t i = 0; i < count * 5 * rows * cols; ++i) {
            values.push_back(static_cast<float>(random.between(-4, 4)));
        }
        for (std::size_t i = 0; i < count * 2; ++i) {
            anchors.push_back(static_cast<float>(random.between(0.3, 6)));
        }
        grid = {values.data(), anchors.data(), count, rows, cols};
    }
};

void agrees_with_reference() {
    check::Random random(6);
    for (int round = 0; round < 50; ++round) {
        const auto size = [&random](int most) {
            return static_cast<std::size_t>(1 + random.below(most));
        };
        const Planes planes(random, size(5), size(12), size(12));
        const double threshold = random.between(0.02, 0.98);
        const auto want = decode_reference(planes.grid, threshold);
        const float logit = facegate::logit_of(threshold);
        const std::size_t count = count_survivors(planes.grid, logit);
        CHECK(count == want.size());
        std::vector<float> boxes(4 * count);
        std::vector<float> scores(count);
        CHECK(decode_yolo(planes.grid, logit, boxes.data(), scores.data()));
        for (std::size_t i = 0; i < std::min(count, want.size()); ++i) {
            CHECK_NEAR(scores[i], want[i].score, 1e-7);
            for (std::size_t j = 0; j < 4; ++j) {
                const double corner = want[i].corners[j];
                CHECK_NEAR(boxes[4 * i + j], corner, 1e-7 * (1 + std::abs(corner)));
            }
        }
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
    float box[4];
    float score;
    const auto decodes = [&](const std::vector<float>& cell) {
        const Grid grid{cell.data(), anchors.data(), 1, 1, 1};
        CHECK(count_survivors(grid, 0.0F) == 1);
        return decode_yolo(grid, 0.0F, box, &score);
    };
    CHECK(decodes({0, 0, 0, 0, 1}));
    for (std::size_t i = 0; i < 5; ++i) {
        for (const float bad : {nan, inf}) {
            std::vector<float> cell{0, 0, 0, 0, 1};
            cell[i] = bad;
            CHECK(!decodes(cell));
        }
    }
    CHECK(!decodes({0, 0, 90, 0, 1}));  // exp(90) fits a double but no float
    const std::vector<float> quiet{nan, nan, nan, nan, -inf};
    const Grid grid{quiet.data(), anchors.data(), 1, 1, 1};
    CHECK(count_survivors(grid, 0.0F) == 0);
    CHECK(decode_yolo(grid, 0.0F, box, &score));
}

}  // namespace

int main() {
    agrees_with_reference();
    logit_is_the_smallest_that_reaches();
    reports_what_is_not_finite();
    return check::verdict();
}
