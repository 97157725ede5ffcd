#include "app/report/page_template.h"

#include <string_view>

// Bytes of a file, as in model/codec/embedded_model.cpp. CMake names the folder and compiles anew when a file changes.
#define AECOMP_EMBED(name, file)                  \
  __asm__(                                        \
      ".pushsection .rodata\n"                    \
      "aecomp_page_" #name                        \
      "_begin:\n"                                 \
      ".incbin \"" AECOMP_PAGE_FOLDER "/" file    \
      "\"\n"                                      \
      "aecomp_page_" #name                        \
      "_end:\n"                                   \
      ".byte 0\n"                                 \
      ".popsection\n");                           \
  extern "C" {                                    \
  extern const char aecomp_page_##name##_begin[]; \
  extern const char aecomp_page_##name##_end[];   \
  }

AECOMP_EMBED(html, "page.html")
AECOMP_EMBED(css, "page.css")
AECOMP_EMBED(chart, "chart.js")
AECOMP_EMBED(tables, "tables.js")
AECOMP_EMBED(comparer, "comparer.js")
AECOMP_EMBED(page, "page.js")

#define AECOMP_EMBEDDED(name) std::string_view(aecomp_page_##name##_begin, aecomp_page_##name##_end)

namespace aecomp {

std::string FillTemplate(const std::vector<std::pair<std::string, std::string>>& given) {
  std::vector<std::pair<std::string, std::string_view>> parts = {
      {"page.css", AECOMP_EMBEDDED(css)},     {"chart.js", AECOMP_EMBEDDED(chart)},
      {"tables.js", AECOMP_EMBEDDED(tables)}, {"comparer.js", AECOMP_EMBEDDED(comparer)},
      {"page.js", AECOMP_EMBEDDED(page)},
  };
  parts.insert(parts.end(), given.begin(), given.end());
  const std::string_view frame = AECOMP_EMBEDDED(html);
  std::string text;
  for (size_t at = 0; at < frame.size();) {
    const size_t mark = frame.find("@@", at), end = mark == frame.npos ? mark : frame.find("@@", mark + 2);
    text += frame.substr(at, mark == frame.npos ? mark : mark - at);
    if (end == frame.npos) break;
    const std::string_view name = frame.substr(mark + 2, end - mark - 2);
    for (const auto& [known, content] : parts) {
      if (known == name) text += content;
    }
    at = end + 2;
  }
  return text;
}

}  // namespace aecomp
