// What a file of an index and an index share.
#pragma once

#include <string>

namespace facegate {

// Throws std::invalid_argument unless these are 1..64 printable ASCII characters.
void require_model(const std::string& model);

}  // namespace facegate
