// What Python asks about instruction sets.
#include "calls.hpp"
#include "exact/exact.hpp"
#include "facegate/dispatch.hpp"
#include "facegate/nms.hpp"
#include "facegate/scan.hpp"

namespace facegate::calls {

py::dict dispatch() {
    py::dict sets;
    sets["align"] = name_of(align_variant());
    sets["boxes"] = name_of(boxes_variant());
    sets["match"] = name_of(widest(exact_variants).set);
    sets["index"] = name_of(widest(scan_variants).set);
    return sets;
}

py::list instruction_sets() {
    py::list names;
    for (std::size_t i = 0; i <= static_cast<std::size_t>(widest_present()); ++i) {
        names.append(name_of(static_cast<InstructionSet>(i)));
    }
    return names;
}

}  // namespace facegate::calls
