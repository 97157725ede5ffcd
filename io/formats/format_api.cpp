#include "io/formats/format_api.h"

#include "io/formats/load_module.h"

namespace aecomp {

Result<const FormatApi*> LoadFormats() {
  // The number of the entry changes when FormatApi does. The libraries' memory is that of Debian 12's, measured.
  static Module module("libaecomp_formats.so", "aecomp_format_api_2",
                       "install libjpeg62-turbo, libtiff6, libwebp7, libwebpdemux2 and libopenjp2-7 and keep "
                       "libaecomp_formats.so beside aecomp, or use PNG, PPM and BMP images",
                       uint64_t{60} << 20);
  AECOMP_ASSIGN_OR_RETURN(const void* const table, module.Table());
  return static_cast<const FormatApi*>(table);
}

}  // namespace aecomp
