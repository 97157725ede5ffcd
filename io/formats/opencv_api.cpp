#include "io/formats/opencv_api.h"

#include "io/formats/load_module.h"

namespace aecomp {
namespace {

Result<const OpenCvApi*> Load() {
  // The number changes when OpenCvApi does.
  AECOMP_ASSIGN_OR_RETURN(
      void* const entry,
      LoadModuleEntry("libaecomp_opencv.so", "aecomp_opencv_api_2",
                      "install libopencv-imgcodecs and keep libaecomp_opencv.so beside aecomp, or use other images"));
  return reinterpret_cast<const OpenCvApi* (*)()>(entry)();
}

}  // namespace

Result<const OpenCvApi*> LoadOpenCv() {
  static const Result<const OpenCvApi*> api = Load();
  if (!api.ok()) return api.status();
  return api.value();
}

}  // namespace aecomp
