// The released model as bytes of the program. An assembler directive, not an array in a source file: megabytes of
// numbers would take the compiler longer than everything else together.
#include "model/codec/model_file.h"

#ifdef AECOMP_RELEASE_MODEL
__asm__(
    ".pushsection .rodata\n"
    ".balign 64\n"
    "aecomp_embedded_model_begin:\n"
    ".incbin \"" AECOMP_RELEASE_MODEL
    "\"\n"
    "aecomp_embedded_model_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" {
extern const unsigned char aecomp_embedded_model_begin[];
extern const unsigned char aecomp_embedded_model_end[];
}
#endif

namespace aecomp {

std::span<const uint8_t> EmbeddedModelFile() {
#ifdef AECOMP_RELEASE_MODEL
  return {aecomp_embedded_model_begin, aecomp_embedded_model_end};
#else
  return {};
#endif
}

}  // namespace aecomp
