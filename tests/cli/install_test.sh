# The installed tree: the program runs from it, the library is found by CMake and pkg-config, and shows only its interface.
. "$(dirname "$0")/lib.sh"
BUILD=$(dirname "$AECOMP")
LIBRARY=$(grep -s '^CMAKE_INSTALL_LIBDIR:' "$BUILD/CMakeCache.txt" | cut -d= -f2)
[ -n "$LIBRARY" ] || skip "$BUILD is not a build folder"
need_model

expect 0 cmake --install "$BUILD" --prefix "$WORK/prefix"
prefix=$WORK/prefix library=$WORK/prefix/$LIBRARY
for file in bin/aecomp lib/aecomp/libaecomp_opencv.so lib/aecomp/libaecomp_formats.so include/aecomp/aecomp.h include/aecomp/aecomp_c.h share/man/man1/aecomp.1 \
  share/mime/packages/aecomp.xml share/aecomp/ImageMagick/delegates.xml share/thumbnailers/aecomp.thumbnailer \
  lib/python3/dist-packages/aecomp/__init__.py \
  share/bash-completion/completions/aecomp "$LIBRARY/libaecomp.so.0" "$LIBRARY/pkgconfig/aecomp.pc"; do
  expect_file "prefix/$file"
done
[ -e prefix/lib/python3/dist-packages/aecomp/py.typed ] || fail "the Python package does not say that it has types"
[ "$FAILURES" -eq 0 ] || finish

# The program, away from its build folder; the sample is written as WebP, which needs the OpenCV module.
expect 0 env -C "$WORK" prefix/bin/aecomp compress "$SAMPLE" -m "$MODEL" -o sample.aec
expect 0 prefix/bin/aecomp decompress sample.aec -m "$MODEL" -o sample.webp && expect_file sample.webp
if readelf -d prefix/bin/aecomp | grep -q 'libaecomp\.so'; then fail "the program needs the library to start"; fi

# The library shows libaecomp:: and the functions of aecomp_c.h and nothing else, and finds all it needs.
shown=$(nm -DC --defined-only "$library/libaecomp.so.0" | cut -d' ' -f3-)
grep -q '^libaecomp::Codec::Compress(' <<<"$shown" || fail "the library lacks its interface"
more=$(grep -vE '^libaecomp::(Codec::(~?Codec|operator=|Open|Compress|Decompress|model_id\[abi:cxx11\])|ReadHeader|Version)\(|^(aecomp_[a-z_]*@@AECOMP_C_0\.[12]|AECOMP_(C|CXX)_0\.[12])' <<<"$shown")
[ -z "$more" ] || fail "the library shows more than its interface: $(head -3 <<<"$more")"

CXX=$(grep '^CMAKE_CXX_COMPILER:' "$BUILD/CMakeCache.txt" | cut -d= -f2)
FLAGS=$(grep '^CMAKE_CXX_FLAGS:' "$BUILD/CMakeCache.txt" | cut -d= -f2-)  # sanitizers must be in all that is linked
for name in $(grep -o 'aecomp_[a-z_]*(' "$SOURCE/model/api/aecomp_c.h" | tr -d '(' | sort -u); do
  grep -q "^$name@@AECOMP_C_0\.[12]$" <<<"$shown" || fail "the library lacks $name, which aecomp_c.h declares"
done

CC=$(command -v gcc || command -v cc) || skip "no C compiler"
printf '#include <aecomp/aecomp_c.h>\nint main(void) { return aecomp_version() == 0; }\n' >alone.c
expect 0 "$CC" -std=c99 -Wall -Wextra -Wpedantic -Wshadow -Werror -Iprefix/include -fsyntax-only alone.c
printf '#include <aecomp/aecomp.h>\nint main() { return libaecomp::Version() == nullptr; }\n' >alone.cpp
expect 0 "$CXX" -std=c++17 -Wall -Wextra -Wpedantic -Wshadow -Werror -Iprefix/include -M alone.cpp
if grep -qiE 'dnnl|opencv|nlohmann|CLI11|/png' "$LOGS/out"; then fail "the header needs more than the standard library"; fi
expect 0 "$CXX" -std=c++17 -Wall -Wextra -Wpedantic -Wshadow -Werror -Iprefix/include -fsyntax-only alone.cpp

small_image small.ppm 48 40

# check_example PROGRAM: it codes what the installed program reads, to the same pixels.
check_example() {
  expect 0 env LD_LIBRARY_PATH="$library" "$1" small.ppm example.aec example.ppm 60 "$MODEL" || return
  expect_stdout '^48x40, 3 channels of 8 bits'
  expect 0 prefix/bin/aecomp decompress example.aec -m "$MODEL" -o program.ppm -f
  expect_equal example.ppm program.ppm
  expect 0 prefix/bin/aecomp compress small.ppm -q 60 -m "$MODEL" -o program.aec -f
  expect_equal example.aec program.aec
  expect 1 env LD_LIBRARY_PATH="$library" "$1" small.ppm example.aec example.ppm 60 missing.aecm
  expect_stderr 'missing.aecm'
}

expect 0 cmake -S "$SOURCE/tests/library_example" -B example -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$CXX" \
  -DCMAKE_CXX_FLAGS="$FLAGS" -DCMAKE_C_FLAGS="$FLAGS"
expect 0 cmake --build example && check_example example/roundtrip && check_example example/roundtrip_c

export PKG_CONFIG_PATH=$library/pkgconfig
expect 0 pkg-config --modversion aecomp && expect_stdout '^[0-9]*\.[0-9]*\.[0-9]*$'
expect 0 "$CXX" $FLAGS -std=c++17 "$SOURCE/tests/library_example/roundtrip.cpp" -o by_pkgconfig $(pkg-config --cflags --libs aecomp) &&
  check_example ./by_pkgconfig

expect 0 "$CC" $FLAGS -std=c99 -Wall -Wextra -Wpedantic -Werror "$SOURCE/tests/library_example/roundtrip.c" -o c_by_pkgconfig \
  $(pkg-config --cflags --libs aecomp) && check_example ./c_by_pkgconfig

# The installed Python package finds the library beside it.
if /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
  expect 0 env -u AECOMP_LIBRARY PYTHONPATH=prefix/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -c '
import sys, aecomp
data = open(sys.argv[1], "rb").read()
assert aecomp.decode(data, model=sys.argv[2]).shape == (40, 48, 3)' program.aec "$MODEL"
else
  echo "SKIPPED: the Python package (Debian package python3-numpy)"
fi

# 16 bits and alpha through the library.
cat >deep.cpp <<'C'
#include <aecomp/aecomp.h>
#include <cstring>
int main(int, char** argv) {
  libaecomp::Image image;
  image.width = 40, image.height = 30, image.channels = 4, image.bits = 16;
  std::vector<std::uint16_t> samples(40 * 30 * 4);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::uint16_t>(1000 + i * 13);
  image.samples.resize(2 * samples.size());
  std::memcpy(image.samples.data(), samples.data(), image.samples.size());
  libaecomp::OpenOptions open;
  open.model_file = argv[1];
  libaecomp::Codec codec;
  std::vector<std::uint8_t> bytes;
  libaecomp::Image back;
  if (!codec.Open(open).ok() || !codec.Compress(image.View(), {}, &bytes).ok()) return 1;
  if (!codec.Decompress(bytes.data(), bytes.size(), &back).ok()) return 2;
  if (back.channels != 4 || back.bits != 16 || back.samples.size() != image.samples.size()) return 3;
  for (std::size_t i = 6; i < back.samples.size(); i += 8) {
    if (std::memcmp(&back.samples[i], &image.samples[i], 2) != 0) return 4;
  }
  return 0;
}
C
expect 0 "$CXX" $FLAGS -std=c++17 deep.cpp -o deep $(pkg-config --cflags --libs aecomp) &&
  expect 0 env LD_LIBRARY_PATH="$library" ./deep "$MODEL"
finish
