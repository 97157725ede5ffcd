#include "io/formats/opencv_api.h"

#include "io/formats/load_module.h"

namespace aecomp {

Result<const OpenCvApi*> LoadOpenCv() {
  // The number of the entry changes when OpenCvApi does. The libraries' memory is that of Debian 12's, measured.
  static Module module("libaecomp_opencv.so", "aecomp_opencv_api_2",
                       "install libopencv-imgcodecs and keep libaecomp_opencv.so beside aecomp, or use other images",
                       uint64_t{250} << 20);
  AECOMP_ASSIGN_OR_RETURN(const void* const table, module.Table());
  return static_cast<const OpenCvApi*>(table);
}

}  // namespace aecomp
