#include "io/memory.h"

#include <gtest/gtest.h>

namespace aecomp {
namespace {

TEST(Memory, LibrariesSayThatTheyLackIt) {
  for (const char* words : {"Insufficient memory (case 4)",            // libjpeg
                            "Out of memory",                           // libpng
                            "No space for data buffer at scanline 0",  // libtiff
                            "Failed to allocate memory for to read TIFF directory (1 elements of 8 bytes each)",
                            "ZLib error: insufficient memory",   // zlib in libtiff
                            "Not enough memory to decode tile",  // OpenJPEG
                            "Size of tile data exceeds system limits", "Cannot decode tile, memory error",
                            "libtiff.so.6: failed to map segment from shared object",  // the dynamic linker
                            "libx.so: cannot create shared object descriptor: Cannot allocate memory"}) {
    EXPECT_TRUE(SaysOutOfMemory(words)) << words;
  }
}

TEST(Memory, DamageAndLimitsAreNotTakenForIt) {
  for (const char* words :
       {"", "Corrupt JPEG data: premature end of data segment", "IDAT: invalid distance too far back",
        "Memory allocation of 4294967296 bytes is beyond the 268435456 byte limit defined in open options",
        "libtiff.so.6: cannot open shared object file: No such file or directory"}) {
    EXPECT_FALSE(SaysOutOfMemory(words)) << words;
  }
}

}  // namespace
}  // namespace aecomp
