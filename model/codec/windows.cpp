#include "model/codec/windows.h"

#include <algorithm>
#include <cmath>

namespace aecomp {

std::vector<Window> MakeWindows(int length, int size, int halo) {
  if (size >= length) return {{0, 0, length}};
  std::vector<Window> windows;
  int done = 0;
  while (done < length) {
    Window w;
    w.begin = std::clamp(done - halo, 0, length - size);
    w.core_begin = done;
    w.core_end = w.begin + size == length ? length : w.begin + size - halo;
    done = w.core_end;
    windows.push_back(w);
  }
  return windows;
}

WindowSize ChooseWindowSize(int height, int width, int halo, int max_elements) {
  if (int64_t{height} * width <= max_elements) return {height, width};
  const int side = std::max(static_cast<int>(std::sqrt(static_cast<double>(max_elements))), 4 * halo);
  const int h = std::min(height, side);
  return {h, std::min(width, std::max(max_elements / h, 4 * halo))};
}

}  // namespace aecomp
