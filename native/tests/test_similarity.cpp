#include <vector>

#include "check.hpp"
#include "facegate/similarity.hpp"
#include "similarity_reference.hpp"

using facegate::Fit;
using facegate::fit_similarity;

namespace {

void agrees_with_reference() {
    check::Random random(1);
    for (int round = 0; round < 500; ++round) {
        const auto count = static_cast<std::size_t>(2 + random.below(9));
        std::vector<double> source;
        std::vector<double> target;
        for (std::size_t i = 0; i < 2 * count; ++i) {
            source.push_back(random.between(0, 640));
            target.push_back(random.between(0, 112));
        }
        double got[6];
        double want[6];
        CHECK(fit_similarity(source.data(), target.data(), count, got) == Fit::ok);
        CHECK(facegate::fit_similarity_reference(source.data(), target.data(), count, want));
        for (int i = 0; i < 6; ++i) CHECK_NEAR(got[i], want[i], 1e-8);
    }
}

void never_reflects() {
    const double source[] = {0, 0, 10, 0, 0, 3};
    const double target[] = {0, 0, -10, 0, 0, 3};
    double m[6];
    CHECK(fit_similarity(source, target, 3, m) == Fit::ok);
    CHECK(m[0] * m[4] - m[1] * m[3] > 0);
}

void names_what_is_degenerate() {
    const double square[] = {0, 0, 1, 0, 1, 1, 0, 1};
    const double mirror[] = {1, 0, 0, 0, 0, 1, 1, 1};
    const double dot[] = {7, 7, 7, 7, 7, 7, 7, 7};
    double m[6] = {42, 42, 42, 42, 42, 42};
    CHECK(fit_similarity(dot, square, 4, m) == Fit::source_coincides);
    CHECK(fit_similarity(square, dot, 4, m) == Fit::target_coincides);
    CHECK(fit_similarity(square, mirror, 4, m) == Fit::mirrored);
    for (const double value : m) CHECK(value == 42);
}

}  // namespace

int main() {
    agrees_with_reference();
    never_reflects();
    names_what_is_degenerate();
    return check::verdict();
}
