// Descriptors 0, 1 and 2.
#pragma once

namespace aecomp {

/// Occupies those of stdin, stdout and stderr that are closed, so that no file that is opened later gets their number
/// and the messages meant for them. Call it before anything is opened. What occupies them can be used the other way
/// only: reading a closed stdin and writing to a closed stdout or stderr fails, as it would on the closed descriptor.
void OccupyStandardDescriptors();

}  // namespace aecomp
