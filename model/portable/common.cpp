#include "model/portable/common.h"

namespace aecomp_portable {

Status Corrupt(const std::string& what) { return {AECP_CORRUPT, what}; }
Status Corrupt(const char* what) { return {AECP_CORRUPT, what}; }
Status BadModel(const std::string& what) {
  std::string text = what;  // with names of the model file: a terminal obeys control characters
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return {AECP_MODEL, text};
}
Status BadModel(const char* what) { return {AECP_MODEL, what}; }

float Exp(float x) {
  const double n = std::floor(x * 1.4426950408889634 + 0.5), r = x - n * 0.6931471805599453;
  double sum = 1;
  for (int k = 13; k > 0; --k) sum = 1 + r / k * sum;
  return static_cast<float>(std::ldexp(sum, static_cast<int>(n)));
}

}  // namespace aecomp_portable
