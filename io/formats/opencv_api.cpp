#include "io/formats/opencv_api.h"

#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <optional>

#include "io/memory.h"

namespace aecomp {
namespace {

// What the libraries map when they are loaded, measured with those of Debian 12. A library that is refused memory in
// the middle of its start may end the process or hang.
constexpr uint64_t kLibraries = uint64_t{250} << 20;
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
  static std::mutex mutex;
  static std::optional<Result<const OpenCvApi*>> loaded;
  const std::lock_guard lock(mutex);
  if (!loaded) {
    // A later file may be tried with more memory.
    if (!HasMemoryFor(kLibraries)) return NotEnoughMemory("OpenCV's libraries");
    loaded = Load();
  }
  if (!loaded->ok()) return loaded->status();
  return loaded->value();
}

}  // namespace aecomp
