// What Python asks about instruction sets.
#include "calls.hpp"
#include "facegate/dispatch.hpp"

namespace facegate::calls {

py::dict dispatch() {
    py::dict variants;
    in_use();  // a wrong FACEGATE_KERNELS is refused here, at import
    return variants;
}

py::list instruction_sets() {
    py::list names;
    for (std::size_t i = 0; i <= static_cast<std::size_t>(widest_present()); ++i) {
        names.append(name_of(static_cast<InstructionSet>(i)));
    }
    return names;
}

}  // namespace facegate::calls
