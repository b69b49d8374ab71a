#include "search.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>

#include "best.hpp"
#include "boxes/plan.hpp"
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

// Bytes of rows that are scanned before they are rescored. For several probes these stay in the
// second-level cache of a small board while every probe passes over them.
constexpr std::size_t block_bytes = 256 << 10;
constexpr std::size_t block_bytes_alone = 1 << 20;

// How many vectors that are to be rescored are on their way from the memory.
constexpr std::size_t fetched_ahead = 4;

// Calls each(probe, first row, rows, bounds, highest bound) for every probe and block of rows.
template <class Each>
void for_blocks(const Store& store, Scan scan, const Probes& probes, const Each& each) {
    const Layout& layout = store.layout();
    const std::size_t bytes = probes.count == 1 ? block_bytes_alone : block_bytes;
    const std::size_t most = std::max<std::size_t>(bytes / layout.group(), 1);
    const std::size_t block = std::min(most, store.groups());
    // Not vectors, which would be written before they are filled.
    const std::unique_ptr<float[]> upper(new float[probes.count * block * group_rows]);
    const std::unique_ptr<float[]> best(new float[probes.count]);
    for (std::size_t first = 0; first < store.groups(); first += block) {
        const std::size_t groups = std::min(block, store.groups() - first);
        scan(store.group(first), groups, layout.lines, probes, upper.get(), best.get());
        const std::size_t rows = groups * group_rows;
        for (std::size_t p = 0; p < probes.count; ++p) {
            each(p, first * group_rows, rows, upper.get() + p * rows, best[p]);
        }
    }
}

// Rescores every row whose bound reaches what is needed, the highest bound first. A row that is
// not in use has the bound no_score.
class Harvest {
  public:
    Harvest(const Store& store, const Query& query)
        : store_(store), query_(query), kernels_(box_kernels()) {}

    template <class Best, class Id>
    void operator()(std::size_t probe, std::size_t first, std::size_t rows, float* upper,
                    float most, Best& best, const Id& id) {
        if (!(most >= best.needed() && most > no_score)) return;
        const auto rescore = [&](std::size_t at) {
            best.offer({query_.exact(store_, probe, first + at), id(first + at)});
        };
        candidates_.resize(std::max(candidates_.size(), rows + block));
        while (!(best.needed() > no_score) && most > no_score) {
            kernels_.list(upper, rows, most, 0, candidates_.data());
            rescore(candidates_[0]);
            upper[candidates_[0]] = no_score;
            most = kernels_.highest(upper, rows);
        }
        const float needed = best.needed();
        if (!(most >= needed && most > no_score)) return;
        const std::size_t count = kernels_.list(upper, rows, needed, 0, candidates_.data());
        std::sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(count),
                  [&](std::uint32_t a, std::uint32_t b) { return upper[a] > upper[b]; });
        for (std::size_t i = 0; i < std::min(count, fetched_ahead); ++i)
            fetch(first + candidates_[i]);
        for (std::size_t i = 0; i < count && upper[candidates_[i]] >= best.needed(); ++i) {
            if (i + fetched_ahead < count) fetch(first + candidates_[i + fetched_ahead]);
            rescore(candidates_[i]);
        }
    }

  private:
    void fetch(std::size_t row) const noexcept {
        const float* const vector = store_.vector(row);
        for (std::size_t i = 0; i < store_.layout().dim; i += line_bytes / sizeof *vector) {
            __builtin_prefetch(vector + i);
        }
    }

    const Store& store_;
    const Query& query_;
    const BoxKernels& kernels_;
    std::vector<std::uint32_t> candidates_;
};

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
    Harvest harvest(store, query);
    for_blocks(store, scan, query.scanned(),
               [&](std::size_t p, std::size_t first, std::size_t rows, float* upper, float most) {
                   harvest(p, first, rows, upper, most, states[p], id);
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
