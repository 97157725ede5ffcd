#include "io/formats/format_api.h"

#include "io/formats/load_module.h"

namespace aecomp {
namespace {

Result<const FormatApi*> Load() {
  // The number changes when FormatApi does.
  AECOMP_ASSIGN_OR_RETURN(
      void* const entry,
      LoadModuleEntry("libaecomp_formats.so", "aecomp_format_api_1",
                      "install libjpeg62-turbo, libtiff6, libwebp7, libwebpdemux2 and libopenjp2-7 and keep "
                      "libaecomp_formats.so beside aecomp, or use PNG, PPM and BMP images"));
  return reinterpret_cast<const FormatApi* (*)()>(entry)();
}

}  // namespace

Result<const FormatApi*> LoadFormats() {
  static const Result<const FormatApi*> api = Load();
  if (!api.ok()) return api.status();
  return api.value();
}

}  // namespace aecomp
