#include "similarity_reference.hpp"

#include <cmath>
#include <utility>

namespace facegate {

bool fit_similarity_reference(const double* source, const double* target, std::size_t count,
                              double* matrix) {
    long double system[4][5] = {};
    const auto add = [&system](const long double (&row)[4], long double value) {
        for (int i = 0; i < 4; ++i) {
            for (int j = 0; j < 4; ++j) system[i][j] += row[i] * row[j];
            system[i][4] += row[i] * value;
        }
    };
    for (std::size_t i = 0; i < count; ++i) {
        const double x = source[2 * i];
        const double y = source[2 * i + 1];
        add({x, -y, 1, 0}, target[2 * i]);
        add({y, x, 0, 1}, target[2 * i + 1]);
    }
    for (int column = 0; column < 4; ++column) {
        int pivot = column;
        for (int i = column + 1; i < 4; ++i) {
            if (std::abs(system[i][column]) > std::abs(system[pivot][column])) pivot = i;
        }
        std::swap(system[column], system[pivot]);
        if (std::abs(system[column][column]) < 1e-12L) return false;
        for (int i = 0; i < 4; ++i) {
            if (i == column) continue;
            const long double factor = system[i][column] / system[column][column];
            for (int j = column; j < 5; ++j) system[i][j] -= factor * system[column][j];
        }
    }
    double solved[4];
    for (int i = 0; i < 4; ++i) solved[i] = static_cast<double>(system[i][4] / system[i][i]);
    const double map[6] = {solved[0], -solved[1], solved[2], solved[1], solved[0], solved[3]};
    for (int i = 0; i < 6; ++i) matrix[i] = map[i];
    return true;
}

}  // namespace facegate
