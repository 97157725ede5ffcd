#include "app/generate/generate.h"

namespace aecomp {

Result<std::string> Generate(const std::string& what, const CommandDoc& program) {
  if (what == "man") return ManPage(program);
  if (what == "bash") return BashCompletion(program);
  return UsageError("--generate " + what + ": neither man nor bash");
}

}  // namespace aecomp
