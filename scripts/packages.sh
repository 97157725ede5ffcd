# The Debian and Ubuntu packages, listed once. Sourced by the other scripts.

# To build the program.
AECOMP_BUILD_PACKAGES="g++ cmake ninja-build pkg-config libdnnl-dev libopencv-core-dev libopencv-imgcodecs-dev libopencv-imgproc-dev
  libjpeg-dev libtiff-dev libwebp-dev libopenjp2-7-dev
  libgdk-pixbuf-2.0-dev libcli11-dev libpng-dev libdeflate-dev libeigen3-dev libxxhash-dev nlohmann-json3-dev libgtest-dev libbenchmark-dev"
# To check it as well.
AECOMP_TEST_PACKAGES="$AECOMP_BUILD_PACKAGES clang-format ccache python3 python3-numpy python3-pil util-linux"
# For scripts/fuzz.sh.
AECOMP_FUZZ_PACKAGES="clang libclang-rt-dev libomp-dev"
# For a build with -DAECOMP_MPI=ON.
AECOMP_MPI_PACKAGES="libopenmpi-dev openmpi-bin procps"
# For scripts/package.sh.
AECOMP_PACKAGING_PACKAGES="dpkg-dev file"
# What scripts/bench_speed.sh compares with.
AECOMP_PEER_PACKAGES="libavif-bin webp libjxl-tools"

# What scripts/look.sh needs beside them.
AECOMP_LOOK_PACKAGES="$AECOMP_PEER_PACKAGES butteraugli python3-numpy python3-pil"

# need_packages PACKAGE...: installs those that are missing, and says so.
need_packages() {
  local missing=() package sudo=
  if ! command -v dpkg-query >/dev/null; then
    echo "not a Debian or Ubuntu system: taking it that these are installed: $*"
    return
  fi
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  echo "installing: ${missing[*]}"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
