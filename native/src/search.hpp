// Finds the best of a store: bounds first, then exact scores, the highest bound first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "by_person.hpp"
#include "facegate/index.hpp"
#include "facegate/scan.hpp"
#include "facegate/store.hpp"

namespace facegate {

// Probes as a scan takes them, with their norms for rescoring.
class Query {
  public:
    // norms: squared, positive and finite.
    Query(const Layout& layout, const float* probes, std::size_t count, std::vector<double> norms);

    const Probes& scanned() const noexcept { return scanned_; }

    Query(Query&&) = default;  // vectors keep their memory when they move

    // The similarity that is answered: the same bits as native.match gives.
    float exact(const Store& store, std::size_t probe, std::size_t row) const;

  private:
    const float* vector(std::size_t probe) const noexcept { return probes_ + probe * dim_; }

    std::size_t dim_;
    const float* probes_;
    std::vector<std::int8_t> bytes_;
    std::vector<ProbeTerms> terms_;
    std::vector<double> norms_;
    Probes scanned_{};
};

// k >= 1; fewer are answered where there are fewer.
Answers find_rows(const Store& store, Scan scan, const Query& query, std::size_t k);
Answers find_people(const Store& store, Scan scan, const Query& query, std::size_t k);
Answers find_means(const Store& store, const ByPerson& people, Scan scan, const Query& query,
                   std::size_t k);

}  // namespace facegate
