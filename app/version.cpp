#include "app/version.h"

#include <dnnl.hpp>

#include "app/report.h"
#include "io/container.h"

namespace aecomp {
namespace {

const char* CpuPath() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41:
      return "SSE4.1";
    case dnnl::cpu_isa::avx:
      return "AVX";
    case dnnl::cpu_isa::avx2:
      return "AVX2";
    case dnnl::cpu_isa::avx2_vnni:
      return "AVX2 with VNNI";
    case dnnl::cpu_isa::avx512_core:
      return "AVX-512";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "AVX-512 with VNNI";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "AVX-512 with VNNI and bf16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "AVX-512 with AMX";
    default:
      return "generic";
  }
}

}  // namespace

std::string VersionText() {
  const dnnl_version_t* dnnl = dnnl_version();
  return Format("aecomp %s\nformat %d\noneDNN %d.%d.%d, CPU path: %s\nOpenCV %s", AECOMP_VERSION, kFormatVersion,
                dnnl->major, dnnl->minor, dnnl->patch, CpuPath(), AECOMP_OPENCV_VERSION);
}

}  // namespace aecomp
