// Preloaded into a program, runs its main once for every allocation that it makes, each time in a process of its own in
// which that one allocation fails, and checks how it ends.
//
//   LD_PRELOAD=libfailing_allocations.so FAIL_FIRST=1 FAIL_STEP=1 FAIL_OUTPUT=a.aec aecomp compress a.png -o a.aec
//
// The run without a failure comes first; the file FAIL_OUTPUT that it leaves is what others must leave too when they
// succeed. When they do not, they must leave that or nothing. Fine are exit 0 and exit 8. Ends with 1 and names the
// allocations after which the program did anything else. FAIL_AT=N runs it once, in this process, for a debugger. What
// libgomp asks for does not fail, nor what glibc does to register the destructor of a thread's variable: both end the
// process by themselves then, which nothing that uses them can change. Nor does what the dynamic linker asks for, nor
// what oneDNN takes by malloc: oneDNN 2.6 does not check it, and crashes. What it takes by operator new does fail.
#include <dlfcn.h>
#include <link.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using Main = int (*)(int, char**, char**);
Main program_main = nullptr;

std::atomic<bool> counting = false;
std::atomic<long> count = 0;
long failing = 0;                      // which allocation fails; 0: none
constexpr unsigned kMostSeconds = 30;  // of a run, which takes less than one; SIGALRM ends it then
constexpr int kExempt = 4;
uintptr_t exempt_begin[kExempt] = {}, exempt_end[kExempt] = {};

// What dlsym itself asks for before the real functions are known comes from here and is never given back.
alignas(16) char early[65536];
std::atomic<size_t> early_used = 0;

void* Early(size_t bytes) {
  const size_t at = early_used.fetch_add((bytes + 15) / 16 * 16);
  return at + bytes <= sizeof early ? early + at : nullptr;
}

template <class F>
F Real(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

bool Exempt(const void* caller) {
  const auto at = reinterpret_cast<uintptr_t>(caller);
  for (int i = 0; i < kExempt; ++i) {
    if (at >= exempt_begin[i] && at < exempt_end[i]) return true;
  }
  return false;
}

/// Whether the allocation that `caller` asks for is the one that fails.
bool Fails(const void* caller) {
  if (!counting || Exempt(caller)) return false;
  return ++count == failing;
}

/// Where the libraries lie in memory, as /proc/self/maps says, and glibc's function.
void FindExempt() {
  const char* const names[kExempt - 1] = {"/libgomp.so", "/ld-linux", "/libdnnl.so"};
  FILE* maps = std::fopen("/proc/self/maps", "r");
  char line[1024];
  while (maps != nullptr && std::fgets(line, sizeof line, maps) != nullptr) {
    unsigned long begin = 0, end = 0;
    if (std::sscanf(line, "%lx-%lx", &begin, &end) != 2) continue;
    for (int i = 0; i < kExempt - 1; ++i) {
      if (std::strstr(line, names[i]) == nullptr) continue;
      if (exempt_begin[i] == 0) exempt_begin[i] = begin;
      exempt_end[i] = end;
    }
  }
  if (maps != nullptr) std::fclose(maps);
  Dl_info info;
  void* symbol = nullptr;
  if (dladdr1(dlsym(RTLD_DEFAULT, "__cxa_thread_atexit_impl"), &info, &symbol, RTLD_DL_SYMENT) != 0 &&
      symbol != nullptr) {
    exempt_begin[kExempt - 1] = reinterpret_cast<uintptr_t>(info.dli_saddr);
    exempt_end[kExempt - 1] = exempt_begin[kExempt - 1] + static_cast<const ElfW(Sym)*>(symbol)->st_size;
  }
}

std::string Contents(const char* path) {
  std::string text;
  FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return "(none)";
  char part[65536];
  for (size_t n; (n = std::fread(part, 1, sizeof part, file)) > 0;) text.append(part, n);
  std::fclose(file);
  return text;
}

long Number(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atol(text) : otherwise;
}

/// Runs the program in a process of its own. Returns what waitpid says; the allocations it made come through a pipe.
int RunOnce(long n, int argc, char** argv, char** environment, long* made) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(kMostSeconds);
    close(ends[0]);
    static int report;
    report = ends[1];
    std::atexit([] {
      counting = false;
      const long total = count;
      (void)!write(report, &total, sizeof total);
    });
    failing = n, count = 0, counting = true;
    const int code = program_main(argc, argv, environment);
    std::exit(code);
  }
  close(ends[1]);
  *made = 0;
  (void)!read(ends[0], made, sizeof *made);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

int RunAll(int argc, char** argv, char** environment) {
  unsetenv("LD_PRELOAD");
  FindExempt();
  const char* output = std::getenv("FAIL_OUTPUT");
  if (const long n = Number("FAIL_AT", 0); n > 0) {
    failing = n, counting = true;
    return program_main(argc, argv, environment);
  }
  const long first = Number("FAIL_FIRST", 1), step = Number("FAIL_STEP", 1);
  long total = 0, made = 0, runs = 0, refused = 0, bad = 0;
  const int plain = RunOnce(0, argc, argv, environment, &total);
  if (!WIFEXITED(plain) || WEXITSTATUS(plain) != 0) {
    std::fprintf(stderr, "failing_allocations: the run in which nothing fails ends with status %d\n", plain);
    return 1;
  }
  const std::string right = output != nullptr ? Contents(output) : "";
  for (long n = first; n <= total; n += step, ++runs) {
    if (output != nullptr) std::remove(output);
    const int status = RunOnce(n, argc, argv, environment, &made);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    const std::string left = output != nullptr ? Contents(output) : "";
    const bool whole = left == right, none = left == "(none)" || left.empty();
    const bool fine = code == 0 ? whole : code == 8 && (whole || none);
    refused += code != 0;
    if (fine) continue;
    if (++bad <= 20) std::printf("allocation %ld: exit %d, output of %zu bytes\n", n, code, left.size());
  }
  std::printf("%ld allocations, %ld runs, %ld refused, %ld wrong\n", total, runs, refused, bad);
  std::fflush(stdout);
  return bad > 0 ? 1 : 0;
}

}  // namespace

extern "C" {

int __libc_start_main(Main main, int argc, char** argv, void (*init)(), void (*fini)(), void (*at_end)(), void* stack) {
  using Start = int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);
  program_main = main;
  return Real<Start>("__libc_start_main")(RunAll, argc, argv, init, fini, at_end, stack);
}

void* malloc(size_t bytes) {
  static bool finding = false;
  static void* (*real)(size_t) = nullptr;
  if (real == nullptr) {
    if (finding) return Early(bytes);
    finding = true;
    real = Real<void* (*)(size_t)>("malloc");
  }
  if (Fails(__builtin_return_address(0))) return errno = ENOMEM, nullptr;
  return real(bytes);
}

void* calloc(size_t n, size_t bytes) {
  static bool finding = false;
  static void* (*real)(size_t, size_t) = nullptr;
  if (real == nullptr) {
    if (finding) return Early(n * bytes);  // zeros, as `early` has never been used
    finding = true;
    real = Real<void* (*)(size_t, size_t)>("calloc");
  }
  if (Fails(__builtin_return_address(0))) return errno = ENOMEM, nullptr;
  return real(n, bytes);
}

void* realloc(void* memory, size_t bytes) {
  static auto real = Real<void* (*)(void*, size_t)>("realloc");
  if (bytes != 0 && Fails(__builtin_return_address(0))) return errno = ENOMEM, nullptr;
  return real(memory, bytes);
}

void free(void* memory) {
  static auto real = Real<void (*)(void*)>("free");
  const auto* at = static_cast<const char*>(memory);
  if (at < early || at >= early + sizeof early) real(memory);
}

int posix_memalign(void** memory, size_t alignment, size_t bytes) {
  static auto real = Real<int (*)(void**, size_t, size_t)>("posix_memalign");
  return Fails(__builtin_return_address(0)) ? ENOMEM : real(memory, alignment, bytes);
}

void* aligned_alloc(size_t alignment, size_t bytes) {
  static auto real = Real<void* (*)(size_t, size_t)>("aligned_alloc");
  if (Fails(__builtin_return_address(0))) return errno = ENOMEM, nullptr;
  return real(alignment, bytes);
}

void* memalign(size_t alignment, size_t bytes) {
  static auto real = Real<void* (*)(size_t, size_t)>("memalign");
  if (Fails(__builtin_return_address(0))) return errno = ENOMEM, nullptr;
  return real(alignment, bytes);
}

}  // extern "C"
