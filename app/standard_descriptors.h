// Descriptors 0, 1 and 2.
#pragma once

namespace aecomp {

/// Occupies stdin, stdout and stderr where they are closed, so that no file that is opened later gets their number and
/// the messages meant for them. Call it before anything is opened. Reading such a stdin and writing to such a stdout or
/// stderr fails, as it would on the closed descriptor.
void OccupyStandardDescriptors();

}  // namespace aecomp
