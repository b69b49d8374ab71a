// Any vectors in a gallery: bounds that hold on every instruction set, and the answers of scoring
// every row.
#include <algorithm>
#include <cmath>

#include "best.hpp"
#include "bytes.hpp"
#include "facegate/index.hpp"
#include "facegate/match.hpp"
#include "facegate/quantise.hpp"

using namespace facegate;

namespace {

struct Vectors {
    Vectors(fuzz::Bytes& bytes, std::size_t rows, std::size_t length) : count(rows), dim(length) {
        const bool coarse = bytes.below(2) == 0;  // ties and vectors that are nearly the same
        for (std::size_t i = 0; i < count * dim; ++i) {
            const float value = coarse ? bytes.take<std::int8_t>() : bytes.take<float>();
            values.push_back(std::isfinite(value) ? value : 1.0F);
        }
        for (std::size_t i = 0; i < count; ++i) {
            // One without a direction is refused at the border.
            if (!(squared_norm(of(i), dim) > 0.0)) values[i * dim] = 1.0F;
            norms.push_back(squared_norm(of(i), dim));
        }
    }

    const float* of(std::size_t i) const { return values.data() + i * dim; }

    std::size_t count;
    std::size_t dim;
    std::vector<float> values;
    std::vector<double> norms;
};

float exact(const Vectors& rows, std::size_t row, const Vectors& probes, std::size_t probe) {
    float score = 0.0F;
    const std::size_t scored =
        cosine_scores(probes.of(probe), probes.norms[probe], rows.of(row), 0, 1, rows.dim, &score);
    fuzz::demand(scored == 1);
    return score;
}

void bounds_hold(const Vectors& rows, const Vectors& probes) {
    Store store(rows.dim);
    std::vector<std::int8_t> q(rows.dim);
    store.free_rows(rows.count);
    for (std::size_t i = 0; i < rows.count; ++i) {
        const Quantised row = quantise(rows.of(i), rows.norms[i], rows.dim, q.data());
        store.put(i, {row.scale, row.error, q.data(), rows.of(i)}, 0);
    }
    const std::size_t length = store.layout().lines * 4;
    Pages pages;  // aligned as a scan wants it
    pages.grow(probes.count * length);
    auto* const bytes = reinterpret_cast<std::int8_t*>(pages.start());
    std::vector<ProbeTerms> terms;
    for (std::size_t p = 0; p < probes.count; ++p) {
        std::int8_t* const r = bytes + p * length;
        const Quantised probe = quantise(probes.of(p), probes.norms[p], probes.dim, r);
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < probes.dim; ++i) sum += r[i];
        terms.push_back({probe.scale, 1.0F + probe.error, probe.error + rounding, sum});
    }
    std::vector<float> plain(probes.count * store.rows());
    std::vector<float> upper(plain.size());
    std::vector<float> best(probes.count);
    for (const auto& variant : scan_variants) {
        if (variant.set > widest_present()) continue;
        std::vector<float>& bounds = variant.set == InstructionSet::baseline ? plain : upper;
        variant.run(store.group(0), store.groups(), store.layout().lines,
                    {bytes, terms.data(), probes.count}, bounds.data(), best.data());
        for (std::size_t p = 0; p < probes.count; ++p) {
            const float* const of_probe = bounds.data() + p * store.rows();
            fuzz::demand(best[p] == *std::max_element(of_probe, of_probe + store.rows()));
            for (std::size_t i = 0; i < rows.count; ++i) {
                fuzz::demand(of_probe[i] >= exact(rows, i, probes, p));
                fuzz::demand(std::abs(of_probe[i] - plain[p * store.rows() + i]) <= 1e-6F);
            }
        }
    }
}

void answers_are_exact(const Vectors& rows, const Vectors& probes, std::size_t k,
                       const std::vector<std::int64_t>& removed) {
    Index index(rows.dim, "fuzz");
    index.add(rows.values.data(), rows.count, std::vector<std::int64_t>(rows.count).data());
    index.remove(removed.data(), removed.size());
    const Answers answers = index.search(probes.values.data(), probes.count, k);
    fuzz::demand(answers.k == std::min(k, rows.count - removed.size()));
    for (std::size_t p = 0; p < probes.count; ++p) {
        std::vector<Scored> all;
        for (std::size_t i = 0; i < rows.count; ++i) {
            const auto row = static_cast<std::int64_t>(i);
            if (std::find(removed.begin(), removed.end(), row) != removed.end()) continue;
            all.push_back({exact(rows, i, probes, p), row});
        }
        std::sort(all.begin(), all.end(), better);
        for (std::size_t i = 0; i < answers.k; ++i) {
            fuzz::demand(answers.ids[p * answers.k + i] == all[i].id);
            fuzz::demand(answers.scores[p * answers.k + i] == all[i].score);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Bytes bytes(data, size);
    const std::size_t dim = 1 + bytes.below(70);
    const std::size_t k = 1 + bytes.below(6);
    const std::size_t every = 1 + bytes.below(4);
    const std::size_t count = 1 + bytes.below(70);
    const Vectors probes(bytes, 1 + bytes.below(27), dim);
    const Vectors rows(bytes, count, dim);
    std::vector<std::int64_t> removed;
    for (std::size_t i = every; i < rows.count; i += 3 * every) {
        removed.push_back(static_cast<std::int64_t>(i));
    }
    bounds_hold(rows, probes);
    answers_are_exact(rows, probes, k, removed);
    return 0;
}
