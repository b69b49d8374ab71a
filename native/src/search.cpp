#include "search.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "best.hpp"
#include "facegate/match.hpp"
#include "facegate/quantise.hpp"

namespace facegate {

Query::Query(const Layout& layout, const float* probes, std::size_t count,
             std::vector<double> norms)
    : dim_(layout.dim),
      probes_(probes),
      bytes_(count * layout.lines * 4 + line_bytes),
      terms_(count),
      norms_(std::move(norms)) {
    const auto start = reinterpret_cast<std::uintptr_t>(bytes_.data());
    std::int8_t* const values = bytes_.data() + (line_bytes - start % line_bytes) % line_bytes;
    for (std::size_t p = 0; p < count; ++p) {
        std::int8_t* const r = values + p * layout.lines * 4;
        const Quantised q = quantise(vector(p), norms_[p], dim_, r);
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < dim_; ++i) sum += r[i];
        terms_[p] = {q.scale, 1.0F + q.error, q.error + rounding, sum};
    }
    scanned_ = {values, terms_.data(), count};
}

float Query::exact(const Store& store, std::size_t probe, std::size_t row) const {
    float score = 0.0F;
    if (cosine_scores(vector(probe), norms_[probe], store.vector(row), 0, 1, dim_, &score) != 1) {
        throw std::invalid_argument("index: row " + std::to_string(row) +
                                    " has no direction; its file is damaged");
    }
    return score;
}

namespace {

// Bytes of rows that are scanned before they are rescored: they stay in the second-level cache of
// a small board while every probe passes over them.
constexpr std::size_t block_bytes = 256 << 10;

// Calls each(probe, first row, rows, bounds, highest bound) for every probe and block of rows.
template <class Each>
void for_blocks(const Store& store, Scan scan, const Probes& probes, const Each& each) {
    const Layout& layout = store.layout();
    const std::size_t most = std::max<std::size_t>(block_bytes / layout.group(), 1);
    const std::size_t block = std::min(most, store.groups());
    std::vector<float> upper(probes.count * block * group_rows);
    std::vector<float> best(probes.count);
    for (std::size_t first = 0; first < store.groups(); first += block) {
        const std::size_t groups = std::min(block, store.groups() - first);
        scan(store.group(first), groups, layout.lines, probes, upper.data(), best.data());
        const std::size_t rows = groups * group_rows;
        for (std::size_t p = 0; p < probes.count; ++p) {
            each(p, first * group_rows, rows, upper.data() + p * rows, best[p]);
        }
    }
}

// The highest of 16 * n values; several side by side, as one chain of maxima would wait for itself.
float highest(const float* values, std::size_t count) noexcept {
    float most[group_rows];
    std::copy_n(values, group_rows, most);
    for (std::size_t i = group_rows; i < count; i += group_rows) {
        for (std::size_t j = 0; j < group_rows; ++j) {
            most[j] = values[i + j] > most[j] ? values[i + j] : most[j];
        }
    }
    return *std::max_element(most, most + group_rows);
}

// Rescores, the highest bound first, while a bound reaches what is needed. A row that is done, or
// not in use, has the bound no_score.
template <class Best, class Rescore>
void harvest(float* upper, std::size_t rows, float most, Best& best, const Rescore& rescore) {
    while (most >= best.needed() && most > no_score) {
        const auto at = static_cast<std::size_t>(std::find(upper, upper + rows, most) - upper);
        upper[at] = no_score;
        best.offer(rescore(at));
        most = highest(upper, rows);
    }
}

template <class Best>
Answers collect(std::vector<Best>& states) {
    Answers answers;
    answers.count = states.size();
    for (Best& state : states) {
        const std::vector<Scored> sorted = std::move(state).sorted();
        answers.k = sorted.size();
        for (const Scored& one : sorted) {
            answers.ids.push_back(one.id);
            answers.scores.push_back(one.score);
        }
    }
    return answers;
}

template <class Best, class Id>
Answers search(const Store& store, Scan scan, const Query& query, std::size_t k, const Id& id) {
    std::vector<Best> states(query.scanned().count, Best(k));
    for_blocks(store, scan, query.scanned(),
               [&](std::size_t p, std::size_t first, std::size_t rows, float* upper, float most) {
                   harvest(upper, rows, most, states[p], [&](std::size_t at) {
                       const std::size_t row = first + at;
                       return Scored{query.exact(store, p, row), id(row)};
                   });
               });
    return collect(states);
}

}  // namespace

Answers find_rows(const Store& store, Scan scan, const Query& query, std::size_t k) {
    return search<BestOnce>(store, scan, query, std::min(k, store.live()),
                            [](std::size_t row) { return static_cast<std::int64_t>(row); });
}

Answers find_people(const Store& store, Scan scan, const Query& query, std::size_t k) {
    return search<BestPerId>(store, scan, query, std::min(k, store.live()),
                             [&](std::size_t row) { return store.person(row); });
}

Answers find_means(const Store& store, const ByPerson& people, Scan scan, const Query& query,
                   std::size_t k) {
    const std::size_t count = query.scanned().count;
    const std::size_t everyone = people.ids.size();
    // A mean of bounds bounds the mean.
    std::vector<double> sums(count * everyone);
    for_blocks(store, scan, query.scanned(),
               [&](std::size_t p, std::size_t first, std::size_t rows, const float* upper, float) {
                   double* const sum = sums.data() + p * everyone;
                   for (std::size_t i = 0; i < rows; ++i) {
                       const std::uint32_t slot = people.slot[first + i];
                       if (slot != ByPerson::nobody) sum[slot] += static_cast<double>(upper[i]);
                   }
               });
    std::vector<BestOnce> states(count, BestOnce(std::min(k, everyone)));
    std::vector<Scored> bounds(everyone);
    // The person with the highest bound at the front.
    const auto lower = [](const Scored& a, const Scored& b) { return better(b, a); };
    for (std::size_t p = 0; p < count; ++p) {
        for (std::size_t i = 0; i < everyone; ++i) {
            const auto rows = static_cast<double>(people.starts[i + 1] - people.starts[i]);
            bounds[i] = {static_cast<float>(sums[p * everyone + i] / rows),
                         static_cast<std::int64_t>(i)};
        }
        std::make_heap(bounds.begin(), bounds.end(), lower);
        auto end = bounds.end();
        while (end != bounds.begin() && bounds.front().score >= states[p].needed()) {
            const auto who = static_cast<std::size_t>(bounds.front().id);
            std::pop_heap(bounds.begin(), end--, lower);
            double sum = 0.0;
            for (std::size_t i = people.starts[who]; i < people.starts[who + 1]; ++i) {
                sum += static_cast<double>(query.exact(store, p, people.rows[i]));
            }
            const auto rows = static_cast<double>(people.starts[who + 1] - people.starts[who]);
            states[p].offer({static_cast<float>(sum / rows), people.ids[who]});
        }
    }
    return collect(states);
}

}  // namespace facegate
