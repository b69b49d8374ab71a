#include "lanes.hpp"

namespace facegate {

const Exact exact_avx2 = {squared_norm, multiply, largest, round};

}  // namespace facegate
