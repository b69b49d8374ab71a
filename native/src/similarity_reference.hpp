// Plain counterpart of facegate/similarity.hpp.
#pragma once

#include <cstddef>

namespace facegate {

// The four unknowns a, b, tx, ty of the map (a x - b y + tx, b x + a y + ty) from their normal
// equations, solved by elimination. False when the equations do not determine them.
bool fit_similarity_reference(const double* source, const double* target, std::size_t count,
                              double* matrix);

}  // namespace facegate
