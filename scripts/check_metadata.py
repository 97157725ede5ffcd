#!/usr/bin/env python3
"""Checks that no metadata are lost in silence: usage: scripts/check_metadata.py AECOMP [FOLDER]

Pillow, exiftool, ImageMagick, FFmpeg, libtiff's tools and this script write small images of every format with every kind
of metadata that they can. Each is compressed and restored. What was planted must be in the restored PNG, equal to the
byte where that is meant, or be named in a note. A PNG with everything is restored to every other format as well. FOLDER
keeps the files.
Prints a line for each loss and a table; ends with 1 if there is a loss, with 77 if Pillow or exiftool is not there."""
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

try:
    from PIL import Image, PngImagePlugin, features
except ImportError:
    print("SKIPPED: Pillow is not installed (python3-pil)")
    sys.exit(77)
if not shutil.which("exiftool"):
    print("SKIPPED: exiftool is not installed (libimage-exiftool-perl)")
    sys.exit(77)
CONVERT = shutil.which("convert")
if not CONVERT:
    print("note: ImageMagick is not installed; its files are left out")

AECOMP = os.path.abspath(sys.argv[1])
FOLDER = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else tempfile.mkdtemp()
SOURCE, AEC, BACK = (os.path.join(FOLDER, name) for name in ("in", "aec", "back"))
for folder in (SOURCE, AEC, BACK):
    os.makedirs(folder, exist_ok=True)


def profile(space):
    """With one tag: exiftool does not list the fields of a profile without any."""
    head = bytearray(600)
    head[0:4], head[16:20], head[36:40] = struct.pack(">I", 600), space, b"acsp"
    head[128:144] = struct.pack(">I4sII", 1, b"cprt", 144, 24)
    head[144:168] = b"text" + bytes(4) + b"planted profile\0"
    return bytes(head)


def png_chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def chunks_of(path):
    data, at, found = open(path, "rb").read(), 8, []
    while at + 8 <= len(data):
        length = struct.unpack(">I", data[at:at + 4])[0]
        found.append((data[at + 4:at + 8], data[at + 8:at + 8 + length]))
        at += length + 12
    return found


def picture(mode):
    image = Image.new("RGB", (40, 24))
    image.putdata([(x * 6, y * 10, (x + y) * 3) for y in range(24) for x in range(40)])
    return image.convert(mode)


def exif_bytes(orientation=1):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8298] = orientation, "planted make", "planted copyright"
    return exif.tobytes()


# Checks of a restored PNG: the content of what was planted is there.
def has_icc(space):
    return lambda path: Image.open(path).info.get("icc_profile") == profile(space)


def has_exif(path):
    content = dict(chunks_of(path)).get(b"eXIf", b"")
    return b"planted make" in content and b"planted copyright" in content


def has_text(text):
    def check(path):
        for kind, content in chunks_of(path):
            if kind in (b"tEXt", b"iTXt", b"zTXt") and (text in content or kind == b"zTXt"):
                if kind != b"zTXt" or text in zlib.decompress(content[content.index(b"\0") + 2:]):
                    return True
        return False
    return check


def has_dpi(x, y):
    def check(path):
        content = dict(chunks_of(path)).get(b"pHYs", b"")
        if len(content) != 9:
            return False
        across, down, unit = struct.unpack(">IIB", content)
        return unit == 1 and abs(across * 0.0254 - x) < 0.02 and abs(down * 0.0254 - y) < 0.02
    return check


def has_chunk(kind, content):
    return lambda path: (kind, content) in chunks_of(path)


def has_xmp_orientation_1(path):
    data = b"".join(content for kind, content in chunks_of(path) if kind == b"iTXt")
    return b"Orientation" in data and b"Orientation>6" not in data and b'Orientation="6' not in data


def nowhere(_):
    return False


cases = []  # (file name, what was planted, words one of which names it in a note, check of the restored PNG)


def case(name, what, words, check):
    cases.append((name, what, words, check))


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).returncode == 0


def with_exiftool(name, *tags):
    return run("exiftool", "-q", "-overwrite_original", *tags, os.path.join(SOURCE, name))


FORMATS = ["png", "jpg", "webp", "tif", "bmp", "ppm"] + (["jp2"] if features.check("jpg_2000") else [])
ICC_FORMATS, EXIF_FORMATS, DPI_FORMATS = ("png", "jpg", "webp", "tif"), ("png", "jpg", "webp"), ("png", "jpg", "tif", "bmp")


def save(image, name, **options):
    path = os.path.join(SOURCE, name)
    if name.endswith(".webp"):
        options["lossless"] = True
    image.save(path, **options)
    return name


def plant_common(form, mode, tag):
    image, space = picture(mode), b"GRAY" if mode in ("L", "LA") else b"RGB "
    if form == "webp":
        space = b"RGB "  # WebP has no gray
    new = lambda kind: f"{form}_{tag}_{kind}.{form}"
    if form in ICC_FORMATS:
        case(save(image, new("icc"), icc_profile=profile(space)), "ICC", ["ICC"], has_icc(space))
        case(save(image, new("cmyk_icc"), icc_profile=profile(b"CMYK")), "CMYK profile", ["ICC profile left out: it describes CMYK"], nowhere)
        other = b"RGB " if space == b"GRAY" else b"GRAY"
        case(save(image, new("other_icc"), icc_profile=profile(other)), "profile of the other space", ["ICC profile left out: it describes"], nowhere)
        case(save(image, new("short_icc"), icc_profile=profile(space)[:500]), "profile that ends too early", ["ICC profile left out"], nowhere)
    if form in EXIF_FORMATS:
        case(save(image, new("exif"), exif=exif_bytes()), "EXIF", ["EXIF"], has_exif)
        for orientation in range(2, 9):
            name = save(image, new(f"turned{orientation}"), exif=exif_bytes(orientation))
            case(name, "EXIF of a turned picture", ["EXIF"], lambda path: has_exif(path) and Image.open(path).getexif().get(0x0112) == 1)
    if form in DPI_FORMATS:
        for x, y in ((300, 300), (72, 72), (96, 120)):
            case(save(image, new(f"dpi{x}_{y}"), dpi=(x, y)), "resolution", ["resolution"], has_dpi(x, y))
    if form != "ppm" and form != "bmp":
        for kind, tags, words in (("xmp", ["-XMP:Title=planted xmp"], ["XMP"]), ("gps", ["-GPSLatitude=12.5", "-GPSLatitudeRef=N"], ["EXIF", "GPS"]),
                                  ("iptc", ["-IPTC:Keywords=planted iptc"], ["IPTC"])):
            name = save(image, new(kind))
            plain = open(os.path.join(SOURCE, name), "rb").read()
            # exiftool is content with formats that it leaves as they are: WebP has no place for IPTC.
            if not with_exiftool(name, *tags) or open(os.path.join(SOURCE, name), "rb").read() == plain:
                os.remove(os.path.join(SOURCE, name))
                continue
            checks = {"xmp": has_text(b"planted xmp"), "gps": lambda path: any(kind == b"eXIf" for kind, _ in chunks_of(path)),
                      "iptc": lambda path: any(b"Raw profile type iptc" in content for _, content in chunks_of(path))}
            case(name, kind.upper(), words, checks[kind])
    name = save(image, new("trailing"))
    if form in ("png", "jpg", "webp"):
        open(os.path.join(SOURCE, name), "ab").write(b"planted behind the end")
        case(name, "bytes behind the end", ["what follows the end"], nowhere)


def plant_png(mode, tag):
    image = picture(mode)
    channels = len(image.getbands())
    for kind, content in ((b"gAMA", struct.pack(">I", 45455)), (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
                          (b"sRGB", b"\1"), (b"cICP", b"\x09\x10\0\1"), (b"cLLI", bytes(8)), (b"mDCV", bytes(24)), (b"sBIT", b"\5" * channels),
                          (b"tIME", b"\x07\xe4\1\2\3\4\5"), (b"bKGD", bytes(2 if channels < 3 else 6)), (b"oFFs", bytes(9)), (b"vpAg", bytes(9)),
                          (b"sPLT", b"p\0\x08" + bytes(6)), (b"tEXt", b"Title\0planted"), (b"zTXt", b"Title\0\0" + zlib.compress(b"planted")),
                          (b"iTXt", b"Title\0\0\0de\0Titel\0planted"), (b"iTXt", b"Title\0\1\0\0\0" + zlib.compress(b"planted"))):
        for damaged in (False, True):
            name = f"png_{tag}_{kind.decode()}_{len(cases)}.png"
            chunk = bytearray(png_chunk(kind, content))
            if damaged:
                chunk[-1] ^= 1
            save(image, name)
            data = open(os.path.join(SOURCE, name), "rb").read()
            open(os.path.join(SOURCE, name), "wb").write(data[:33] + bytes(chunk) + data[33:])
            case(name, kind.decode() + (" with a wrong checksum" if damaged else ""), [kind.decode()], nowhere if damaged else has_chunk(kind, content))
    case(save(image, f"png_{tag}_animated.png", save_all=True, append_images=[picture(mode).rotate(180), picture(mode).rotate(90)]), "frames", ["animation (3 frames)"], nowhere)


def plant_jpeg(mode, tag):
    image = picture(mode)
    name = save(image, f"jpg_{tag}_comment.jpg")
    if with_exiftool(name, "-Comment=planted"):
        case(name, "comment", ["JPEG comment"], nowhere)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    data = buffer.getvalue()
    segment = lambda marker, content: bytes([0xff, marker]) + struct.pack(">H", len(content) + 2) + content
    icc = profile(b"GRAY" if mode == "L" else b"RGB ")
    part = lambda number, count, piece: segment(0xe2, b"ICC_PROFILE\0" + bytes([number, count]) + piece)
    has = has_icc(icc[16:20])
    for what, segments in (("0_1", part(0, 1, icc)), ("1_0", part(1, 0, icc)), ("0_0", part(0, 0, icc)), ("0_2", part(0, 2, icc[:99]) + part(1, 2, icc[99:])),
                           ("swapped", part(2, 2, icc[99:]) + part(1, 2, icc[:99])), ("twice", part(1, 1, icc) * 2), ("half", part(1, 2, icc[:99]))):
        name = f"jpg_{tag}_icc_{what}.jpg"
        open(os.path.join(SOURCE, name), "wb").write(data[:20] + segments + data[20:])
        case(name, "ICC in odd parts", ["ICC profile left out"], has)
    for what, content, marker, words in (("extended", b"http://ns.adobe.com/xmp/extension/\0" + bytes(50), 0xe1, "extended XMP"),
                                         ("photoshop", b"Photoshop 3.0\x008BIM\3\xed\0\0\0\0\0\0", 0xed, "Photoshop"), ("jfxx", b"JFXX\0\x10" + bytes(9), 0xe0, "JFIF thumbnail"),
                                         ("app4", b"planted", 0xe4, "APP4"), ("app15", b"", 0xef, "APP15"), ("flashpix", b"FPXR\0\0", 0xe2, "APP2")):
        name = f"jpg_{tag}_{what}.jpg"
        open(os.path.join(SOURCE, name), "wb").write(data[:20] + segment(marker, content) + data[20:])
        case(name, what, [words], nowhere)
    name = save(image, f"jpg_{tag}_both_turned.jpg", exif=exif_bytes(6))
    if with_exiftool(name, "-XMP-tiff:Orientation#=6"):
        case(name, "XMP orientation of a turned picture", [], has_xmp_orientation_1)
    thumbnail = os.path.join(FOLDER, "thumbnail.jpg")
    image.resize((16, 8)).save(thumbnail)
    name = save(image, f"jpg_{tag}_thumbnail.jpg", exif=exif_bytes(6))
    if with_exiftool(name, "-ThumbnailImage<=" + thumbnail):
        case(name, "thumbnail of a turned picture", ["EXIF thumbnail left out"], nowhere)
    if "MPO" in Image.SAVE_ALL:
        path = os.path.join(SOURCE, f"jpg_{tag}_mpo.jpg")
        image.save(path, "MPO", save_all=True, append_images=[image.rotate(180)])
        case(os.path.basename(path), "pictures", ["1 more of the pictures"], nowhere)


def plant_others(mode, tag):
    image = picture(mode)
    for field, words in ((270, "description"), (271, "Make"), (305, "Software"), (306, "date"), (315, "Artist"), (33432, "Copyright"), (269, "document name")):
        case(save(image, f"tif_{tag}_{field}.tif", tiffinfo={field: "planted"}), words, [words], nowhere)
    case(save(image, f"tif_{tag}_pages.tif", save_all=True, append_images=[image] * 2), "pages", ["2 more pages"], nowhere)
    name = save(image, f"ppm_{tag}_comment.ppm")
    data = open(os.path.join(SOURCE, name), "rb").read()
    open(os.path.join(SOURCE, name), "wb").write(data[:3] + b"# planted\n" + data[3:])
    case(name, "comment", ["PNM comment"], nowhere)
    if not CONVERT:
        return
    plain = os.path.join(SOURCE, save(image, f"png_{tag}_plain.png"))
    icc_path = os.path.join(FOLDER, "p.icc")
    space = b"GRAY" if mode == "L" else b"RGB "
    open(icc_path, "wb").write(profile(space))
    for form, name, kind in (("tiff64", f"big_{tag}_dpi.tif", "dpi"), ("bmp", f"bmp_{tag}_im_dpi.bmp", "dpi"), ("jpg", f"jpg_{tag}_im_dpi.jpg", "dpi"),
                             ("png", f"png_{tag}_im_dpi.png", "dpi"), ("tiff", f"tif_{tag}_im_dpi.tif", "dpi")):
        if run(CONVERT, plain, "-units", "PixelsPerInch", "-density", "300", "-comment", "", f"{form}:{os.path.join(SOURCE, name)}"):
            case(name, "resolution, by ImageMagick", ["resolution"], has_dpi(300, 300))
    for form, name in (("jpg", f"jpg_{tag}_im_comment.jpg"), ("ppm", f"ppm_{tag}_im_comment.ppm"), ("png", f"png_{tag}_im_comment.png")):
        if run(CONVERT, plain, "-set", "comment", "planted", f"{form}:{os.path.join(SOURCE, name)}"):
            case(name, "comment, by ImageMagick", ["comment", "PNM comment"], has_text(b"planted"))


def plant_with_libtiff(mode, tag):
    """Fields that tiffset writes into TIFF and BigTIFF of either order of bytes."""
    if not shutil.which("tiffcp") or not shutil.which("tiffset"):
        return
    plain = os.path.join(SOURCE, save(picture(mode), f"tif_{tag}_plain.tif"))
    icc, xmp = os.path.join(FOLDER, "planted.icc"), os.path.join(FOLDER, "planted.xmp")
    space = b"GRAY" if mode == "L" else b"RGB "
    open(icc, "wb").write(profile(space))
    open(xmp, "wb").write(b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r>planted xmp</r></x:xmpmeta>')
    for layout, options in (("le", ["-L"]), ("be", ["-B"]), ("big_le", ["-8", "-L"]), ("big_be", ["-8", "-B"]), ("planes", ["-p", "separate"]), ("tiles", ["-t"])):
        for kind, words, what, check in (("270", ["-s", "270", "planted"], ["description"], nowhere), ("305", ["-s", "305", "planted"], ["Software"], nowhere),
                                         ("33432", ["-s", "33432", "planted"], ["Copyright"], nowhere), ("icc", ["-sf", "34675", icc], ["ICC"], has_icc(space)),
                                         ("xmp", ["-sf", "700", xmp], ["XMP"], has_text(b"planted xmp")),
                                         ("dpi", ["-s", "296", "2", "-s", "282", "300", "-s", "283", "150"], ["resolution"], has_dpi(300, 150))):
            name = f"tif_{tag}_{layout}_{kind}.tif"
            path = os.path.join(SOURCE, name)
            if run("tiffcp", *options, plain, path) and run("tiffset", *words, path):
                case(name, kind + ", by tiffset", what, check)
            elif os.path.exists(path):
                os.remove(path)


def plant_with_ffmpeg(mode, tag):
    """What FFmpeg writes by itself, or is told to."""
    if not shutil.which("ffmpeg"):
        return
    plain = os.path.join(SOURCE, save(picture(mode), f"png_{tag}_for_ffmpeg.png"))
    aspect = lambda path: any(kind == b"pHYs" and content[8:] == b"\0" and content[:4] != content[4:8] for kind, content in chunks_of(path))
    colours = lambda primaries, curve: ["-vf", f"setparams=color_primaries={primaries}:color_trc={curve}"]
    kinds = [("png", "aspect", ["-vf", "setsar=2/1"], ["resolution"], aspect), ("png", "dpi", ["-dpi", "300"], ["resolution"], has_dpi(300, 300)),
             ("png", "srgb", colours("bt709", "iec61966-2-1"), ["sRGB"], lambda path: b"sRGB" in dict(chunks_of(path))),
             ("png", "chrm", colours("bt2020", "bt470bg"), ["cHRM"], lambda path: {b"cHRM", b"gAMA"} <= dict(chunks_of(path)).keys()),
             ("tif", "software", [], ["Software"], nowhere), ("tif", "dpi", ["-dpi", "200"], ["resolution"], has_dpi(200, 200))]
    if mode == "RGB":
        kinds.append(("jpg", "comment", [], ["JPEG comment"], nowhere))
    for form, what, options, words, check in kinds:
        name = f"{form}_{tag}_ffmpeg_{what}.{form}"
        if run("ffmpeg", "-v", "error", "-y", "-i", plain, *options, "-frames:v", "1", "-update", "1", os.path.join(SOURCE, name)):
            case(name, what + ", by FFmpeg", words, check)


for mode, tag in (("RGB", "rgb"), ("L", "gray"), ("RGBA", "rgba")):
    for form in FORMATS:
        if mode == "RGBA" and form in ("jpg", "bmp", "ppm", "jp2"):
            continue
        plant_common(form, mode, tag)
    plant_png(mode, tag)
    plant_with_libtiff(mode, tag)
    plant_with_ffmpeg(mode, tag)
    if mode != "RGBA":
        plant_jpeg(mode, tag)
        plant_others(mode, tag)


def notes_of(lines):
    found = {}
    for line in lines.decode("utf-8", "replace").splitlines():
        report = json.loads(line)
        found[os.path.splitext(os.path.basename(report["input"]))[0]] = report
    return found


def batch(*command):
    result = subprocess.run([AECOMP, *command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return notes_of(result.stdout)


inputs = [os.path.join(SOURCE, name) for name, *_ in cases]
packed = batch("compress", *inputs, "-O", AEC, "-f")
outputs = [os.path.join(AEC, os.path.splitext(name)[0] + ".aec") for name, *_ in cases]
restored = batch("decompress", *[path for path in outputs if os.path.exists(path)], "-O", BACK, "-f", "--format", "png")
losses, kept, named, refused, table = [], 0, 0, 0, {}
for name, what, words, check in cases:
    stem = os.path.splitext(name)[0]
    first, second = packed.get(stem, {}), restored.get(stem, {})
    row = table.setdefault(name.split("_")[0], [0, 0, 0, 0])
    if first.get("status") != "ok":
        refused += 1
        row[2] += 1
        print(f"refused: {name}: {first.get('error')}")
        continue
    if second.get("status") != "ok":
        losses.append(f"{name}: compressed, but not restored: {second.get('error')}")
        row[3] += 1
        continue
    notes = first.get("notes", []) + second.get("notes", [])
    if check(os.path.join(BACK, stem + ".png")):
        kept += 1
        row[0] += 1
    elif any(word in note for word in words for note in notes):
        named += 1
        row[1] += 1
    else:
        losses.append(f"{name}: {what} is neither kept nor named; notes: {notes}")
        row[3] += 1

# Everything in one PNG, to every format.
rich = os.path.join(SOURCE, "everything.png")
info = PngImagePlugin.PngInfo()
info.add_text("Title", "planted")
info.add(b"gAMA", struct.pack(">I", 45455))
picture("RGB").save(rich, pnginfo=info, icc_profile=profile(b"RGB "), exif=exif_bytes(), dpi=(300, 300))
with_exiftool("everything.png", "-XMP:Title=planted xmp")
subprocess.run([AECOMP, "compress", rich, "-O", AEC, "-f", "--quiet"])
for form in ("png", "jpg", "tif", "bmp", "webp", "ppm"):
    report = batch("decompress", os.path.join(AEC, "everything.aec"), "-o", os.path.join(BACK, "everything." + form), "-f").get("everything", {})
    if report.get("status") != "ok":
        losses.append(f"everything.{form}: not written: {report.get('error')}")
        continue
    tags = json.loads(subprocess.run(["exiftool", "-j", "-G", os.path.join(BACK, "everything." + form)], stdout=subprocess.PIPE).stdout)[0]
    there = {"ICC profile": any(tag.startswith("ICC_Profile:") for tag in tags), "EXIF": tags.get("EXIF:Make") == "planted make",
             "XMP": tags.get("XMP:Title") == "planted xmp", "PNG text": tags.get("PNG:Title") == "planted", "gAMA": "PNG:Gamma" in tags,
             "resolution": any(tags.get(tag) in (300, 11811, 118.11) for tag in ("JFIF:XResolution", "EXIF:XResolution", "PNG:PixelsPerUnitX", "File:PixelsPerMeterX"))}
    for what, present in there.items():
        row = table.setdefault("everything to " + form, [0, 0, 0, 0])
        is_named = any(what in note and "left out" in note for note in report.get("notes", []))
        if not present and not is_named:
            losses.append(f"everything.{form}: {what} is neither kept nor named; notes: {report.get('notes')}")
        row[0 if present else 1 if is_named else 3] += 1
        kept, named = kept + present, named + (not present and is_named)

for loss in losses:
    print("LOST:", loss)
print(f"\n{'format':24}{'kept':>8}{'named':>8}{'refused':>9}{'lost':>6}")
for form, row in table.items():
    print(f"{form:24}{row[0]:8}{row[1]:8}{row[2]:9}{row[3]:6}")
print(f"\n{len(cases)} files and 6 outputs of one: {kept} kept, {named} named, {refused} refused, {len(losses)} lost in silence")
sys.exit(1 if losses else 0)
