// The rows of an index, person by person.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "facegate/store.hpp"

namespace facegate {

struct ByPerson {
    static constexpr std::uint32_t nobody = UINT32_MAX;

    explicit ByPerson(const Store& store) : slot(store.rows(), nobody) {
        rows.reserve(store.live());
        for (std::size_t row = 0; row < store.rows(); ++row) {
            if (store.in_use(row)) rows.push_back(row);
        }
        const auto person = [&](std::size_t row) { return store.person(row); };
        // Mostly they come in order.
        if (!std::is_sorted(rows.begin(), rows.end(),
                            [&](std::size_t a, std::size_t b) { return person(a) < person(b); })) {
            std::stable_sort(rows.begin(), rows.end(),
                             [&](std::size_t a, std::size_t b) { return person(a) < person(b); });
        }
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (i == 0 || person(rows[i]) != ids.back()) {
                ids.push_back(person(rows[i]));
                starts.push_back(i);
            }
            slot[rows[i]] = static_cast<std::uint32_t>(ids.size() - 1);
        }
        starts.push_back(rows.size());
    }

    std::vector<std::int64_t> ids;    // of people, rising
    std::vector<std::size_t> starts;  // of their rows in `rows`; one more at the end
    std::vector<std::size_t> rows;    // rising within a person
    std::vector<std::uint32_t> slot;  // of each row's person in `ids`
};

}  // namespace facegate
