// What training and coding ask of an architecture beyond shapes that fit: it must take the smallest images, and its
// prior must run in integers.
#pragma once

#include "io/status.h"
#include "model/architecture.h"

namespace aecomp {

/// After CheckArchitecture. kUsage names the network or layer and what mends it.
Status CheckCoding(const Architecture& architecture);

}  // namespace aecomp
