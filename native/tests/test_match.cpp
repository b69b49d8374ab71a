#include <limits>
#include <vector>

#include "check.hpp"
#include "facegate/match.hpp"
#include "match_reference.hpp"

namespace {

std::vector<float> vector_of(check::Random& random, std::size_t count) {
    std::vector<float> values;
    for (std::size_t i = 0; i < count; ++i) {
        values.push_back(static_cast<float>(random.between(-1, 1)));
    }
    return values;
}

std::vector<float> scores_of(const std::vector<float>& probe, const std::vector<float>& templates,
                             std::size_t row_floats, std::size_t count) {
    std::vector<float> scores(count);
    const double norm2 = facegate::squared_norm(probe.data(), probe.size());
    CHECK(facegate::cosine_scores(probe.data(), norm2, templates.data(),
                                  static_cast<std::ptrdiff_t>(row_floats), count, probe.size(),
                                  scores.data()) == count);
    return scores;
}

// Every length around a multiple of the unrolling, so that each remainder is met.
void scores_agree_with_reference() {
    check::Random random(9);
    for (std::size_t dim = 1; dim < 70; ++dim) {
        const auto probe = vector_of(random, dim);
        const auto templates = vector_of(random, 7 * dim);
        const auto got = scores_of(probe, templates, dim, 7);
        const auto want = facegate::cosine_reference(probe.data(), templates.data(), 7, dim);
        for (std::size_t i = 0; i < 7; ++i) CHECK_NEAR(got[i], want[i], 6e-8);
    }
}

void rows_may_be_apart() {
    check::Random random(10);
    const auto probe = vector_of(random, 13);
    const auto templates = vector_of(random, 3 * 20);
    const auto got = scores_of(probe, templates, 20, 3);
    for (std::size_t row = 0; row < 3; ++row) {
        const auto want =
            facegate::cosine_reference(probe.data(), templates.data() + 20 * row, 1, 13);
        CHECK_NEAR(got[row], want[0], 6e-8);
    }
}

void order_agrees_with_reference() {
    check::Random random(11);
    for (int round = 0; round < 300; ++round) {
        std::vector<float> scores;
        for (int i = random.below(20); i >= 0; --i) {
            scores.push_back(static_cast<float>(random.below(6)) / 8.0F);
        }
        const auto want = facegate::order_reference(scores);
        for (std::size_t k = 1; k <= scores.size(); ++k) {
            std::vector<std::int64_t> order(scores.size());
            facegate::best_rows(scores.data(), scores.size(), k, order.data());
            for (std::size_t i = 0; i < k; ++i) CHECK(order[i] == want[i]);
        }
    }
}

void extremes_stay_in_range() {
    const float most = std::numeric_limits<float>::max();
    const float least = std::numeric_limits<float>::denorm_min();
    const std::vector<float> probe{most, most, most};
    const std::vector<float> templates{most, most, most, -most, -most, -most, least, 0, 0};
    const auto got = scores_of(probe, templates, 3, 3);
    CHECK(got[0] == 1.0F && got[1] == -1.0F);
    CHECK_NEAR(got[2], 1 / std::sqrt(3.0), 1e-7);
}

void names_the_row_without_direction() {
    const std::vector<float> probe{1, 0};
    float scores[3];
    for (const float bad :
         {0.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        const std::vector<float> templates{1, 1, 0, bad, 1, 0};
        CHECK(facegate::cosine_scores(probe.data(), 1.0, templates.data(), 2, 3, 2, scores) == 1);
    }
}

}  // namespace

int main() {
    scores_agree_with_reference();
    rows_may_be_apart();
    order_agrees_with_reference();
    extremes_stay_in_range();
    names_the_row_without_direction();
    return check::verdict();
}
