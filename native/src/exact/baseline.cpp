#include "lanes.hpp"

namespace facegate {

const Exact exact_baseline = {squared_norm, multiply, largest, round};

}  // namespace facegate
