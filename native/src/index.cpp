#include "facegate/index.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <unordered_set>

#include "by_person.hpp"
#include "facegate/match.hpp"
#include "facegate/quantise.hpp"
#include "index_file.hpp"
#include "search.hpp"

namespace facegate {

namespace {

Scan scan_in_use() {
    static const Scan scan = widest(scan_variants).run;
    return scan;
}

// The squared norm of each vector, positive and finite.
std::vector<double> norms_of(const char* name, const float* vectors, std::size_t count,
                             std::size_t dim) {
    std::vector<double> norms(count);
    for (std::size_t i = 0; i < count; ++i) {
        norms[i] = squared_norm(vectors + i * dim, dim);
        if (norms[i] > 0.0 && norms[i] < std::numeric_limits<double>::infinity()) continue;
        throw std::invalid_argument(std::string(name) + ": row " + std::to_string(i) +
                                    " is a zero vector or not finite");
    }
    return norms;
}

// Vectors made ready before the lock is taken.
class PackedRows {
  public:
    PackedRows(const float* vectors, std::size_t count, std::size_t dim)
        : dim_(dim), vectors_(vectors), q_(count * dim), terms_(count) {
        const std::vector<double> norms = norms_of("vectors", vectors, count, dim);
        for (std::size_t i = 0; i < count; ++i) {
            terms_[i] = quantise(vectors + i * dim, norms[i], dim, q_.data() + i * dim);
        }
    }

    PackedRow operator[](std::size_t i) const noexcept {
        return {terms_[i].scale, terms_[i].error, q_.data() + i * dim_, vectors_ + i * dim_};
    }

  private:
    std::size_t dim_;
    const float* vectors_;
    std::vector<std::int8_t> q_;
    std::vector<Quantised> terms_;
};

void require_distinct(const std::int64_t* rows, std::size_t count) {
    std::unordered_set<std::int64_t> seen;
    for (std::size_t i = 0; i < count; ++i) {
        if (seen.insert(rows[i]).second) continue;
        throw std::invalid_argument("rows: row " + std::to_string(rows[i]) + " is named twice");
    }
}

}  // namespace

Index::Index(std::size_t dim, std::string model) : Index(Store(dim), std::move(model), 0) {
    if (dim < 1 || dim > longest_vector) {
        throw std::invalid_argument("dim: need 1.." + std::to_string(longest_vector) + ", got " +
                                    std::to_string(dim));
    }
}

Index::Index(Store store, std::string model, std::uint64_t saved_sum)
    : model_(std::move(model)), store_(std::move(store)), saved_sum_(saved_sum) {
    require_model(model_);
}

Index::~Index() = default;

// Whoever waits to write holds the turnstile, so that searches which overlap without end do not
// keep a removal waiting.
std::shared_lock<std::shared_mutex> Index::reading() const {
    const std::lock_guard<std::mutex> in_line(turnstile_);
    return std::shared_lock<std::shared_mutex>(rows_);
}

std::unique_lock<std::shared_mutex> Index::writing() const {
    if (!writable()) {
        throw std::invalid_argument(
            "index: it is mapped from a file and cannot be changed; copy()");
    }
    const std::lock_guard<std::mutex> in_line(turnstile_);
    return std::unique_lock<std::shared_mutex>(rows_);
}

std::size_t Index::used(std::int64_t row) const {
    if (row < 0 || static_cast<std::size_t>(row) >= store_.rows() ||
        !store_.in_use(static_cast<std::size_t>(row))) {
        throw std::invalid_argument("rows: row " + std::to_string(row) + " is not in use");
    }
    return static_cast<std::size_t>(row);
}

std::vector<std::int64_t> Index::add(const float* vectors, std::size_t count,
                                     const std::int64_t* people) {
    for (std::size_t i = 0; i < count; ++i) {
        if (people[i] >= 0) continue;
        throw std::invalid_argument("people: element " + std::to_string(i) + " is below 0");
    }
    const PackedRows packed(vectors, count, dim());
    std::vector<std::int64_t> given(count);
    const auto lock = writing();
    const std::vector<std::size_t> rows = store_.free_rows(count);
    for (std::size_t i = 0; i < count; ++i) {
        store_.put(rows[i], packed[i], people[i]);
        given[i] = static_cast<std::int64_t>(rows[i]);
    }
    changed();
    return given;
}

void Index::remove(const std::int64_t* rows, std::size_t count) {
    require_distinct(rows, count);
    const auto lock = writing();
    std::for_each(rows, rows + count, [this](std::int64_t row) { used(row); });
    for (std::size_t i = 0; i < count; ++i) store_.clear(static_cast<std::size_t>(rows[i]));
    changed();
}

void Index::replace(const std::int64_t* rows, std::size_t count, const float* vectors) {
    require_distinct(rows, count);
    const PackedRows packed(vectors, count, dim());
    const auto lock = writing();
    std::for_each(rows, rows + count, [this](std::int64_t row) { used(row); });
    for (std::size_t i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(rows[i]);
        store_.put(row, packed[i], store_.person(row));
    }
}

Query Index::ready(const float* probes, std::size_t count) const {
    return {store_.layout(), probes, count, norms_of("probes", probes, count, dim())};
}

Answers Index::search(const float* probes, std::size_t count, std::size_t k) const {
    const Query query = ready(probes, count);
    const auto lock = reading();
    return find_rows(store_, scan_in_use(), query, k);
}

Answers Index::search_people(const float* probes, std::size_t count, std::size_t k,
                             PersonScore by) const {
    const Query query = ready(probes, count);
    const auto lock = reading();
    if (by == PersonScore::best) return find_people(store_, scan_in_use(), query, k);
    return find_means(store_, *by_person(), scan_in_use(), query, k);
}

// Made by the first search that needs it after a change, while the rows are held for reading.
std::shared_ptr<const ByPerson> Index::by_person() const {
    const std::lock_guard<std::mutex> only_one(by_person_mutex_);
    if (by_person_ == nullptr) by_person_ = std::make_shared<const ByPerson>(store_);
    return by_person_;
}

void Index::changed() {
    const std::lock_guard<std::mutex> only_one(by_person_mutex_);
    by_person_.reset();
}

std::size_t Index::size() const {
    const auto lock = reading();
    return store_.live();
}

std::vector<std::int64_t> Index::people() const {
    const auto lock = reading();
    std::vector<std::int64_t> all(store_.rows());
    for (std::size_t row = 0; row < all.size(); ++row) all[row] = store_.person(row);
    return all;
}

std::vector<float> Index::vector(std::int64_t row) const {
    const auto lock = reading();
    const float* const start = store_.vector(used(row));
    return {start, start + dim()};
}

std::unique_ptr<Index> Index::copy() const {
    auto fresh = std::make_unique<Index>(dim(), model_);
    const auto lock = reading();
    fresh->store_.take(store_);
    return fresh;
}

}  // namespace facegate
