// Every variant that this processor has, against the plain one and against exact scores.
#include <cstring>
#include <limits>
#include <vector>

#include "../src/exact/exact.hpp"
#include "check.hpp"
#include "facegate/match.hpp"
#include "facegate/quantise.hpp"
#include "facegate/store.hpp"

namespace {

using facegate::group_rows;

std::vector<float> vectors_of(check::Random& random, std::size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(random.between(-1, 1));
    return values;
}

// Rows of a store and probes, as a scan takes them.
struct Scene {
    Scene(std::size_t dimensions, std::size_t rows, std::size_t probe_count,
          std::vector<float> row_values, std::vector<float> probe_values)
        : dim(dimensions),
          count(probe_count),
          row_vectors(std::move(row_values)),
          probe_vectors(std::move(probe_values)),
          store(dim) {
        std::vector<std::int8_t> q(dim);
        store.free_rows(rows);
        for (std::size_t i = 0; i < rows; ++i) {
            const float* const vector = row_vectors.data() + i * dim;
            const auto packed = quantised(vector, q.data());
            store.put(i, {packed.scale, packed.error, q.data(), vector}, 0);
            errors.push_back(packed.error);
        }
        const std::size_t length = store.layout().lines * 4;
        values.grow(count * length);
        auto* const start = reinterpret_cast<std::int8_t*>(values.start());
        for (std::size_t p = 0; p < count; ++p) {
            const auto packed = quantised(probe_vectors.data() + p * dim, start + p * length);
            std::int32_t sum = 0;
            for (std::size_t i = 0; i < dim; ++i) sum += start[p * length + i];
            terms.push_back(
                {packed.scale, 1.0F + packed.error, packed.error + facegate::rounding, sum});
        }
        probes = {start, terms.data(), count};
    }

    facegate::Quantised quantised(const float* vector, std::int8_t* q) const {
        return facegate::quantise(vector, facegate::squared_norm(vector, dim), dim, q);
    }

    float exact(std::size_t p, std::size_t row) const {
        const float* const probe = probe_vectors.data() + p * dim;
        float score = 0.0F;
        facegate::cosine_scores(probe, facegate::squared_norm(probe, dim), store.vector(row), 0, 1,
                                dim, &score);
        return score;
    }

    std::size_t dim;
    std::size_t count;
    std::vector<float> row_vectors, probe_vectors, errors;
    facegate::Store store;
    facegate::Pages values;
    std::vector<facegate::ProbeTerms> terms;
    facegate::Probes probes{};
};

void check_bounds(const Scene& scene) {
    const std::size_t rows = scene.store.rows();
    std::vector<float> plain(scene.count * rows), upper(plain.size()), best(scene.count);
    for (const auto& variant : facegate::scan_variants) {
        if (variant.set > facegate::widest_present()) continue;
        const bool first = variant.set == facegate::InstructionSet::baseline;
        std::vector<float>& bounds = first ? plain : upper;
        variant.run(scene.store.group(0), scene.store.groups(), scene.store.layout().lines,
                    scene.probes, bounds.data(), best.data());
        for (std::size_t p = 0; p < scene.count; ++p) {
            float most = -std::numeric_limits<float>::infinity();
            for (std::size_t row = 0; row < rows; ++row) {
                const float bound = bounds[p * rows + row];
                most = std::max(most, bound);
                if (row >= scene.errors.size()) {
                    CHECK(bound == -std::numeric_limits<float>::infinity());
                    continue;
                }
                const float score = scene.exact(p, row);
                const float error =
                    scene.errors[row] * scene.terms[p].per_error + scene.terms[p].per_error - 1.0F;
                CHECK(bound >= score);
                CHECK(bound <= score + 2.0F * error + 3e-6F);
                CHECK_NEAR(bound, plain[p * rows + row], 1e-6);
            }
            CHECK(best[p] == most);
        }
    }
}

void bounds_hold_for_every_length_and_number() {
    check::Random random(21);
    for (const std::size_t dim : {1, 3, 4, 5, 63, 64, 65, 130, 512}) {
        // Beyond two dozen some variants take them in turns.
        for (const std::size_t probes : {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 24, 25, 49}) {
            const std::size_t rows = 1 + static_cast<std::size_t>(random.below(130));
            check_bounds({dim, rows, probes, vectors_of(random, dim * rows),
                          vectors_of(random, dim * probes)});
        }
    }
}

// Every value at the end of its range: whatever could overflow or saturate would.
void extremes_do_not_overflow() {
    for (const std::size_t dim : {16, 512, 4096}) {
        std::vector<float> rows(4 * dim), probes(4 * dim);
        for (std::size_t i = 0; i < dim; ++i) {
            const float turn = i % 2 == 0 ? 1.0F : -1.0F;
            const float signs[4] = {1.0F, -1.0F, turn, -turn};
            for (std::size_t j = 0; j < 4; ++j) rows[j * dim + i] = probes[j * dim + i] = signs[j];
        }
        check_bounds({dim, 4, 4, rows, probes});
    }
}

void hostile_vectors_keep_their_bounds() {
    check::Random random(22);
    const std::size_t dim = 100;
    auto rows = vectors_of(random, 5 * dim);
    auto probes = vectors_of(random, 3 * dim);
    // One value dwarfs the rest, which all round to nothing; the largest and smallest floats.
    rows[0] = probes[0] = 1e6F;
    for (std::size_t i = 0; i < dim; ++i) {
        rows[dim + i] *= std::numeric_limits<float>::max();
        rows[2 * dim + i] = i == 7 ? std::numeric_limits<float>::denorm_min() : 0.0F;
        probes[dim + i] = i == 7 ? -std::numeric_limits<float>::max() : 0.0F;
    }
    check_bounds({dim, 5, 3, rows, probes});
}

void exact_sums_are_the_same_bits() {
    check::Random random(23);
    for (std::size_t dim = 1; dim < 70; ++dim) {
        const auto a = vectors_of(random, dim);
        const auto b = vectors_of(random, dim);
        const auto& plain = *facegate::exact_variants[0].run;
        std::vector<std::int8_t> q(dim), want(dim);
        const double left = plain.round(a.data(), 0.7, 0.01, dim, want.data());
        for (const auto& variant : facegate::exact_variants) {
            if (variant.set > facegate::widest_present()) continue;
            const auto got = variant.run->multiply(a.data(), b.data(), dim);
            const auto products = plain.multiply(a.data(), b.data(), dim);
            CHECK(got.dot == products.dot && got.norm2 == products.norm2);
            CHECK(variant.run->squared_norm(b.data(), dim) == products.norm2);
            CHECK(variant.run->largest(a.data(), dim) == plain.largest(a.data(), dim));
            CHECK(variant.run->round(a.data(), 0.7, 0.01, dim, q.data()) == left);
            CHECK(q == want);
        }
    }
}

}  // namespace

int main() {
    bounds_hold_for_every_length_and_number();
    extremes_do_not_overflow();
    hostile_vectors_keep_their_bounds();
    exact_sums_are_the_same_bits();
    std::printf("widest present: %s\n", facegate::name_of(facegate::widest_present()));
    return check::verdict();
}
