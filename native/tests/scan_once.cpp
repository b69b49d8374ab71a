// Scans once with one variant and ends: for counting instructions, where time means nothing.
//
//   scan_once SET GROUPS PROBES [DIM]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "facegate/pages.hpp"
#include "facegate/scan.hpp"

int main(int count, char** words) {
    if (count < 4) {
        std::fprintf(stderr, "usage: scan_once SET GROUPS PROBES [DIM]\n");
        return 2;
    }
    const auto groups = static_cast<std::size_t>(std::atoi(words[2]));
    const auto number = static_cast<std::size_t>(std::atoi(words[3]));
    const std::size_t lines =
        facegate::lines_for(static_cast<std::size_t>(count > 4 ? std::atoi(words[4]) : 512));
    facegate::Pages rows, values;
    rows.grow(groups * facegate::group_bytes(lines));
    values.grow(number * lines * 4);
    const std::vector<facegate::ProbeTerms> terms(number);
    std::vector<float> upper(number * groups * facegate::group_rows), best(number);
    const facegate::Probes probes{reinterpret_cast<const std::int8_t*>(values.start()),
                                  terms.data(), number};
    for (const auto& variant : facegate::scan_variants) {
        if (std::strcmp(facegate::name_of(variant.set), words[1]) != 0) continue;
        if (variant.set > facegate::widest_present()) break;
        variant.run(rows.start(), groups, lines, probes, upper.data(), best.data());
        return 0;
    }
    std::fprintf(stderr, "scan_once: this processor has no %s\n", words[1]);
    return 1;
}
