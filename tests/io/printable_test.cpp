#include "io/printable.h"

#include <gtest/gtest.h>

namespace aecomp {
namespace {

TEST(Printable, OnlyPrintableAsciiIsLeft) {
  EXPECT_EQ(Printable("RGB_ALPHA", 100), "RGB_ALPHA");
  EXPECT_EQ(Printable("a\x1b[2Jb\n\x7f\xc3\xa4~", 100), "a?[2Jb????~");
  EXPECT_EQ(Printable("abcdef", 4), "abcd");
}

TEST(Printable, ControlCharactersAreFound) {
  EXPECT_FALSE(HasControls(""));
  EXPECT_FALSE(HasControls("conv 1"));
  EXPECT_FALSE(HasControls("\xc3\xa4\xc2\xa0\xe2\x82\xac")) << "an umlaut, a no-break space, the sign of the euro";
  for (const char* text : {"a\nb", "\x1b[0m", "a\x7f", "\xc2\x80", "a\xc2\x9b"}) EXPECT_TRUE(HasControls(text)) << text;
  EXPECT_TRUE(HasControls(std::string_view("\0", 1)));
}

TEST(Printable, ControlCharactersAreHidden) {
  std::string text = "a\nb\x1b[\x7f\xc2\x9b\xc2\xa0\xc3\xa4";
  HideControls(text);
  EXPECT_EQ(text, "a?b?[???\xc2\xa0\xc3\xa4");
}

}  // namespace
}  // namespace aecomp
