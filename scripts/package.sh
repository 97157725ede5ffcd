#!/bin/bash
# Builds the Debian packages: build/package/aecomp_<version>_<architecture>.deb and python3-aecomp_<version>_all.deb.
#
#   scripts/package.sh            the packages
#   scripts/package.sh --check    and tries them in a Debian 12 made for the purpose: installs them, compresses and restores the
#                                 sample image, opens it in Python, as a thumbnail and with ImageMagick, looks for the man page;
#                                 and the page for browsers, where emscripten, chromium-driver and python3-selenium are
#                                 installed. Needs root, the network and room in $TMPDIR
#
# DEBFULLNAME and DEBEMAIL name the maintainer, AECOMP_HOMEPAGE the home page, AECOMP_MIRROR another Debian mirror.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

# A fixed PATH: the one of the caller may lack /usr/sbin, which the packages' own scripts need.
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

clean_up() {
  [ -z "${root:-}" ] || rm -rf --one-file-system "$root" "$root.log"
}

# The page for browsers, served by that Debian's Python and opened in this machine's Chromium.
check_page() {
  [ "$(command -v em++ chromedriver | wc -l)" -eq 2 ] ||
    { echo "SKIPPED: the page for browsers (Debian packages emscripten, chromium-driver, python3-selenium)" && return; }
  local server port=18431 status=0
  scripts/web.sh "$root/tmp/web"
  cp "$root/tmp/folder/"*.aec "$root/tmp/web/"
  chroot "$root" /usr/bin/python3 -m http.server --bind 127.0.0.1 -d /tmp/web $port >/dev/null 2>&1 &
  server=$!
  sleep 2
  /usr/bin/python3 tests/web/open_page.py "http://127.0.0.1:$port/" "$root/tmp/folder" one two three || status=1
  kill $server
  return $status
}

check_package() {
  [ "$(id -u)" -eq 0 ] || { echo "--check needs root, for chroot"; exit 1; }
  need_packages debootstrap
  root=$(mktemp -d)
  trap clean_up EXIT
  chmod 755 "$root"
  echo "making a Debian 12 in $root"
  debootstrap --variant=minbase bookworm "$root" "${AECOMP_MIRROR:-http://deb.debian.org/debian}" >"$root.log" 2>&1 ||
    { tail -5 "$root.log"; exit 1; }
  rm "$root.log"
  cp "$package" "$root/tmp/aecomp.deb"
  cp "$python_package" "$root/tmp/python3-aecomp.deb"
  cp data/sample.png "$root/tmp/"
  echo "installing $package there"
  in_root apt-get install -y -qq --no-install-recommends /tmp/aecomp.deb /tmp/python3-aecomp.deb python3-numpy \
    python3-pil libglib2.0-bin libgdk-pixbuf2.0-bin imagemagick shared-mime-info man-db >"$root/tmp/install.log" 2>&1 ||
    { tail -20 "$root/tmp/install.log"; exit 1; }
  in_root aecomp --version
  in_root aecomp compress /tmp/sample.png -o /tmp/sample.aec
  in_root aecomp decompress /tmp/sample.aec -o /tmp/sample.ppm
  in_root aecomp decompress /tmp/sample.aec -o /tmp/sample.webp  # needs the OpenCV module and all that it links to
  in_root aecomp compress /tmp/sample.webp -o /tmp/again.aec
  in_root sh -c 'gio info -a standard::content-type /tmp/sample.aec | grep -q image/x-aecomp'
  in_root python3 -c 'import aecomp, aecomp.pillow, numpy, PIL.Image
assert (aecomp.decode(open("/tmp/sample.aec", "rb").read()) == numpy.array(PIL.Image.open("/tmp/sample.ppm"))).all()
PIL.Image.open("/tmp/sample.aec").save("/tmp/pillow.aec")'
  # A folder of files, as desktops and ImageMagick find them: the pixels of the program.
  in_root sh -ec 'mkdir /tmp/folder && cd /tmp/folder && cp ../sample.aec one.aec && aecomp compress -q 80 ../sample.png -o two.aec
    aecomp compress --lossless ../sample.png -o three.aec
    for name in one two three; do
      aecomp decompress --quiet $name.aec -o $name.ppm
      aecomp decompress --quiet $name.aec --max-side 96 -o $name.small.ppm
      gdk-pixbuf-thumbnailer -s 96 $name.aec $name.thumbnail.png
      $(sed -n "s/^Exec=//p" /usr/share/thumbnailers/aecomp.thumbnailer | sed "s/%s/96/; s/%i/$name.aec/; s/%o/$name.other.png/")
      convert $name.aec $name.magick.png
    done'
  in_root python3 -c 'import numpy
from PIL import Image
pixels = lambda name: numpy.array(Image.open("/tmp/folder/" + name).convert("RGB"))
for name in ("one", "two", "three"):
    for other, same in (("magick.png", "ppm"), ("thumbnail.png", "small.ppm"), ("other.png", "small.ppm")):
        assert numpy.array_equal(pixels(name + "." + other), pixels(name + "." + same)), (name, other)'
  check_page
  in_root man -w aecomp
  in_root test -s /usr/share/bash-completion/completions/aecomp
  if in_root ldd /usr/bin/aecomp /usr/lib/aecomp/libaecomp_opencv.so /usr/lib/aecomp/libaecomp_formats.so "$(in_root sh -c 'ls /usr/lib/*/libaecomp.so.0')" |
    grep 'not found'; then exit 1; fi
  in_root apt-get purge -y -qq aecomp python3-aecomp >/dev/null 2>&1
  if in_root sh -c 'ls -d /usr/bin/aecomp /usr/lib/aecomp /usr/include/aecomp /usr/share/aecomp 2>/dev/null'; then
    echo "removing the package leaves files behind" && exit 1
  fi
  echo "$package installs, works and goes away in a clean Debian 12"
}

need_packages $AECOMP_BUILD_PACKAGES $AECOMP_PACKAGING_PACKAGES
options=(-DAECOMP_TESTS=OFF -DAECOMP_WERROR=OFF "-DAECOMP_HOMEPAGE=${AECOMP_HOMEPAGE:-}")
[ -z "${DEBEMAIL:-}" ] || options+=("-DAECOMP_MAINTAINER=${DEBFULLNAME:-aecomp} <$DEBEMAIL>")
# With /usr as the prefix the library's folder is Debian's: lib/<architecture>.
cmake --preset release -B build/package -DCMAKE_INSTALL_PREFIX=/usr "${options[@]}" >/dev/null
cmake --build build/package
cpack --config build/package/CPackConfig.cmake -G DEB
package=$(ls -t build/package/aecomp_*.deb | head -1)
python_package=$(ls -t build/package/python3-aecomp_*.deb | head -1)
dpkg-deb --info "$package"
dpkg-deb --info "$python_package"
[ "${1:-}" != --check ] || check_package
