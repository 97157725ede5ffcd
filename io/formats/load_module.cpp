#include "io/formats/load_module.h"

#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

#include "io/memory.h"

namespace aecomp {
namespace {

std::string ProgramFolder() {
  char path[PATH_MAX];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  if (n <= 0) return "";
  const std::string program(path, static_cast<size_t>(n));
  return program.substr(0, program.rfind('/') + 1);
}

Result<void*> FindEntry(const std::string& file, const std::string& entry, const std::string& remedy) {
  const std::string folder = ProgramFolder();
  std::string first_error;
  // The plain name is looked up in the program's own RPATH. A sanitizer's dlopen does not know that; hence the build
  // folder as tests see it.
  for (const std::string& path : {file, folder + file, folder + "../lib/aecomp/" + file, folder + "../" + file}) {
    void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
      const char* const said = dlerror();
      const std::string error = said != nullptr ? said : "out of memory";
      // The file that exists but lacks a library tells more than the ones that are not there.
      if (first_error.empty() || access(path.c_str(), F_OK) == 0) first_error = error;
      continue;
    }
    if (void* const found = dlsym(module, entry.c_str())) return found;
    first_error = path + " belongs to another version of aecomp";
    dlclose(module);
  }
  if (SaysOutOfMemory(first_error)) return NotEnoughMemory("the libraries of " + file);
  return InputError(file + " cannot be loaded (" + first_error + "); " + remedy);
}

}  // namespace

Result<const void*> Module::Table() {
  const std::lock_guard lock(mutex_);
  if (table_) return *table_;
  if (!HasMemoryFor(mapped_bytes_)) return NotEnoughMemory("the libraries of " + file_);  // a later file may be tried
  const Result<void*> entry = FindEntry(file_, entry_, remedy_);
  table_ = entry.ok() ? Result<const void*>(reinterpret_cast<const void* (*)()>(entry.value())()) : entry.status();
  return *table_;
}

}  // namespace aecomp
