// Which windows of an image the transforms run over. All windows of an image have one size, so one compiled graph
// serves them all: near a border a window is moved inwards instead of being cut.
#pragma once

#include <cstdint>
#include <vector>

namespace aecomp {

/// A window along one axis, in elements of y.
struct Window {
  int begin = 0;       ///< of what the transform reads
  int core_begin = 0;  ///< of what is kept: core_begin .. core_end
  int core_end = 0;
};

/// Windows of `size` (at most `length`) elements whose cores partition 0 .. length. Between a core and an end of its
/// window that is not an end of the axis lie at least `halo` elements; size must exceed 2 * halo when it is less than
/// length.
std::vector<Window> MakeWindows(int length, int size, int halo);

/// Size of the windows for a plane of `height` x `width` elements: the whole plane up to `max_elements`, else windows
/// of about that area.
struct WindowSize {
  int height = 0, width = 0;
};
WindowSize ChooseWindowSize(int height, int width, int halo, int max_elements);

}  // namespace aecomp
