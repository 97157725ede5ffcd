// What training and coding need of an architecture whose shapes fit: it must take the smallest images, and its prior
// must run in integers.
#pragma once

#include <string>

#include "io/status.h"
#include "model/network/architecture.h"

namespace aecomp {

/// Call it after CheckArchitecture. kUsage names the network or layer, and the remedy.
Status CheckCoding(const Architecture& architecture);

/// An architecture that trains and codes: read, every network checked against the others, then CheckCoding. kUsage as
/// of ReadArchitecture and CheckCoding. `name`: how messages call the file.
Result<Architecture> ParseArchitecture(const std::string& json, const std::string& name);

}  // namespace aecomp
