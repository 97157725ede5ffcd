#include "io/formats/opencv_api.h"

#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

namespace aecomp {
namespace {

constexpr char kModule[] = "libaecomp_opencv.so";
constexpr char kEntry[] = "aecomp_opencv_api_2";  // the number changes when OpenCvApi does

std::string ProgramFolder() {
  char path[PATH_MAX];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  if (n <= 0) return "";
  const std::string program(path, static_cast<size_t>(n));
  return program.substr(0, program.rfind('/') + 1);
}

Result<const OpenCvApi*> Load() {
  const std::string folder = ProgramFolder();
  std::string first_error;
  // The plain name is looked up in the program's own RPATH. A sanitizer's dlopen does not know that; hence the build
  // folder as tests see it.
  for (const std::string& path :
       {std::string(kModule), folder + kModule, folder + "../lib/aecomp/" + kModule, folder + "../" + kModule}) {
    void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
      const std::string error = dlerror();
      // The file that exists but lacks a library tells more than the ones that are not there.
      if (first_error.empty() || access(path.c_str(), F_OK) == 0) first_error = error;
      continue;
    }
    using Entry = const OpenCvApi* (*)();
    const auto entry = reinterpret_cast<Entry>(dlsym(module, kEntry));
    if (entry != nullptr) return entry();
    first_error = path + " belongs to another version of aecomp";
    dlclose(module);
  }
  return InputError(
      "OpenCV cannot be loaded (" + first_error +
      "); install libopencv-imgcodecs and keep libaecomp_opencv.so beside aecomp, or use PNG and PPM images");
}

}  // namespace

Result<const OpenCvApi*> LoadOpenCv() {
  static const Result<const OpenCvApi*> api = Load();
  if (!api.ok()) return api.status();
  return api.value();
}

}  // namespace aecomp
