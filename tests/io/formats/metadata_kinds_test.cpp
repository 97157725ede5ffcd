// Every kind of metadata of every format is kept or named.
#include <gtest/gtest.h>

#include "io/formats/metadata.h"
#include "io/formats/orientation.h"
#include "tests/io/formats/file_pieces.h"

namespace aecomp {
namespace {

struct Found {
  Metadata metadata;
  std::vector<std::string> notes;
  std::string AllNotes() const {
    std::string all;
    for (const std::string& note : notes) all += note + "\n";
    return all;
  }
};

Found Read(const Bytes& file) {
  LeftOut left_out;
  Found found{ReadMetadata(file, left_out), {}};
  left_out.AppendTo(&found.notes);
  // Whatever was taken in comes out of an .aec again.
  const auto back = MetadataFromChunks(MetadataChunks(found.metadata), "x", &found.notes);
  EXPECT_TRUE(back.ok());
  EXPECT_EQ(back.value().icc, found.metadata.icc);
  EXPECT_EQ(back.value().exif, found.metadata.exif);
  EXPECT_EQ(back.value().xmp, found.metadata.xmp);
  EXPECT_EQ(back.value().png_text, found.metadata.png_text);
  EXPECT_EQ(back.value().png_colour, found.metadata.png_colour);
  EXPECT_EQ(back.value().resolution, found.metadata.resolution);
  return found;
}

void ExpectNamed(const Bytes& file, const std::string& name) {
  const Found found = Read(file);
  EXPECT_TRUE(found.metadata.empty()) << name;
  EXPECT_NE(found.AllNotes().find(name), std::string::npos) << name << " is not in: " << found.AllNotes();
}

void ExpectNothing(const Bytes& file) {
  const Found found = Read(file);
  EXPECT_TRUE(found.metadata.empty());
  EXPECT_EQ(found.AllNotes(), "");
}

const Bytes kExif = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0};

Bytes PngWith(const std::vector<std::pair<std::string, Bytes>>& before,
              const std::vector<std::pair<std::string, Bytes>>& behind = {}) {
  std::vector<std::pair<std::string, Bytes>> chunks = {{"IHDR", Bytes(13)}};
  chunks.insert(chunks.end(), before.begin(), before.end());
  chunks.push_back({"IDAT", {1}});
  chunks.insert(chunks.end(), behind.begin(), behind.end());
  chunks.push_back({"IEND", {}});
  return Png(chunks);
}

Bytes Packed(const Bytes& profile) { return ToBytes(Text("name\0\0")) + Deflate(profile, 6); }

TEST(MetadataKinds, PngNamesWhatItDoesNotKeep) {
  Bytes header(13);
  header[9] = 3;  // of indices
  ExpectNothing(Png({{"IHDR", header}, {"PLTE", {1, 2, 3}}, {"tRNS", {1}}, {"IDAT", {1}}, {"IEND", {}}}));
  ExpectNamed(PngWith({{"PLTE", {1, 2, 3}}}), "PNG's suggested palette");
  ExpectNamed(PngWith({{"fcTL", Bytes(26)}}), "fcTL chunk left out");
  ExpectNamed(PngWith({{"acTL", Bytes(3)}}), "acTL chunk left out: it is damaged");
  for (const char* type : {"sBIT", "tIME", "bKGD", "hIST", "sPLT", "oFFs", "vpAg"}) {
    ExpectNamed(PngWith({{type, {1, 2, 3}}}), type);
    ExpectNamed(PngWith({}, {{type, {1, 2, 3}}}), type);
  }
  ExpectNamed(PngWith({{"acTL", {0, 0, 0, 3, 0, 0, 0, 0}}}, {{"fdAT", Bytes(9)}}), "animation (3 frames) left out");
  ExpectNamed(PngWith({}) + Bytes(4, 'x'), "what follows the end of the PNG");
}

TEST(MetadataKinds, PngChunksThatAreNotSoundAreNamed) {
  ExpectNamed(PngWith({{"tEXt", ToBytes("no end")}}), "tEXt chunk left out: its keyword");
  ExpectNamed(PngWith({{"tEXt", ToBytes(Text("\0no keyword"))}}), "tEXt chunk left out: its keyword");
  ExpectNamed(PngWith({{"tEXt", ToBytes(std::string(80, 'k') + Text("\0x"))}}), "tEXt chunk left out: its keyword");
  ExpectNamed(PngWith({{"tEXt", ToBytes(Text("k\0a\0b"))}}), "a zero in it");
  ExpectNamed(PngWith({{"zTXt", ToBytes(Text("k\0\0no stream"))}}), "cannot be unpacked");
  ExpectNamed(PngWith({{"iTXt", ToBytes(Text("k\0\2\0\0\0text"))}}), "malformed");
  ExpectNamed(PngWith({{"iTXt", ToBytes(Text("k\0\0\0\0\0\xc3\x28"))}}), "not UTF-8");
  ExpectNamed(PngWith({{"gAMA", Bytes(3)}}), "gAMA chunk left out: its length");
  ExpectNamed(PngWith({{"pHYs", {0, 0, 0, 1, 0, 0, 0, 2, 7}}}), "pHYs chunk left out: its value");
  ExpectNamed(PngWith({}, {{"gAMA", Bytes(4)}}), "gAMA chunk left out: it stands behind");
  ExpectNamed(PngWith({{"iCCP", ToBytes(Text("x\0\0damaged"))}}), "ICC profile left out: it cannot be unpacked");
  ExpectNamed(PngWith({{"iCCP", ToBytes("x")}}), "ICC profile left out: it cannot be unpacked");
  ExpectNamed(PngWith({{"eXIf", ToBytes("none at all")}}), "EXIF left out");
  Bytes bad = PngWith({{"tEXt", ToBytes(Text("key\0text"))}});
  bad[8 + 25 + 8 + 8] ^= 1;  // behind the signature, IHDR, and the chunk's header and content
  ExpectNamed(bad, "tEXt chunk left out: its checksum is wrong");
  const Found twice = Read(PngWith({{"gAMA", {0, 0, 0, 1}}, {"gAMA", {0, 0, 0, 2}}}));
  EXPECT_EQ(twice.metadata.png_colour.size(), 16u);
  EXPECT_NE(twice.AllNotes().find("second"), std::string::npos);
}

TEST(MetadataKinds, PngKeepsTheRest) {
  const Bytes profile = Profile("RGB ");
  const Found found =
      Read(PngWith({{"iCCP", Packed(profile)}, {"eXIf", ToBytes(Text("Exif\0\0")) + kExif}},
                   {{"iTXt", ToBytes(Text("XML:com.adobe.xmp\0\0\0\0\0<x/>"))}, {"tEXt", ToBytes(Text("key\0text"))}}));
  EXPECT_EQ(found.metadata.icc, profile);
  EXPECT_EQ(found.metadata.exif, kExif);
  EXPECT_EQ(found.metadata.xmp, ToBytes("<x/>"));
  EXPECT_EQ(found.metadata.png_text.size(), 20u);
  EXPECT_EQ(found.AllNotes(), "");
}

TEST(MetadataKinds, JpegNamesWhatItDoesNotKeep) {
  ExpectNothing(Jpeg(Segment(0xee, "Adobe", Bytes(7)) + Segment(0xe0, Text("JFIF\0\1\1\0\0\1\0\1\0\0"))));
  ExpectNamed(Jpeg(Segment(0xfe, "by hand")), "JPEG comment");
  ExpectNamed(Jpeg(Segment(0xed, Text("Photoshop 3.0\0"
                                      "8BIM\4\4\0\0\0\0\0\0"))),
              "IPTC (APP13)");
  ExpectNamed(Jpeg(Segment(0xed, Text("Photoshop 3.0\0"
                                      "8BIM\3\355\0\0\0\0\0\0"))),
              "Photoshop's data (APP13)");
  ExpectNamed(Jpeg(Segment(0xe1, Text("http://ns.adobe.com/xmp/extension/\0"), Bytes(40))), "extended XMP");
  ExpectNamed(Jpeg(Segment(0xe2, "FPXR", Bytes(4))), "APP2 segment \"FPXR\"");
  ExpectNamed(Jpeg(Segment(0xe0, Text("JFXX\0\20"), Bytes(10))), "JFIF thumbnail");
  ExpectNamed(Jpeg(Segment(0xe1, Text("Exif\0\0no"))), "EXIF left out");
  ExpectNamed(Jpeg({}) + ToBytes("a film"), "what follows the end of the JPEG (6 bytes) left out");
  ExpectNothing(Jpeg({}) + Bytes(5, 0));
  // The index of a Multi-Picture File: one field, the number of pictures.
  ExpectNamed(Jpeg(Segment(0xe2, Text("MPF\0"), Tiff({{0xb001, 4, 1, Little(3, 4)}}))) + Jpeg({}),
              "2 more of the pictures left out");
  const Bytes two = Jpeg(Segment(0xe2, Text("MPF\0"), Tiff({{0xb001, 4, 1, Little(2, 4)}}))) + Jpeg({});
  EXPECT_EQ(Read(two + Bytes(7, 0)).AllNotes(), "1 more of the pictures left out\n");
  ExpectNamed(two + ToBytes("a film"), "what follows the end of the JPEG (6 bytes) left out");
}

TEST(MetadataKinds, JpegProfilesInOddNumbering) {
  const Bytes profile = Profile("RGB ", 300), a(profile.begin(), profile.begin() + 200),
              b(profile.begin() + 200, profile.end());
  const auto part = [](char number, char count, const Bytes& bytes) {
    return Segment(0xe2, Text("ICC_PROFILE\0") + std::string{number, count}, bytes);
  };
  for (const Bytes& segments :
       {part(1, 1, profile), part(0, 1, profile), part(1, 0, profile), part(0, 0, profile),
        part(1, 2, a) + part(2, 2, b), part(2, 2, b) + part(1, 2, a), part(0, 2, a) + part(1, 2, b),
        part(1, 1, a) + part(1, 1, b), part(1, 0, a) + part(2, 0, b), part(1, 1, profile) + part(1, 1, profile)}) {
    const Found found = Read(Jpeg(segments));
    EXPECT_EQ(found.metadata.icc, profile);
    EXPECT_EQ(found.AllNotes(), "");
  }
  ExpectNamed(Jpeg(part(1, 2, a)), "ICC profile left out: its parts do not make one");
  ExpectNamed(Jpeg(part(2, 2, a) + part(2, 2, b) + part(3, 2, a)), "ICC profile left out: its parts do not make one");
}

TEST(MetadataKinds, Webp) {
  const Bytes profile = Profile("RGB ");
  const Found found =
      Read(Webp(RiffChunk("VP8X", Bytes(10)) + RiffChunk("ICCP", profile) + RiffChunk("VP8 ", Bytes(3)) +
                RiffChunk("EXIF", kExif) + RiffChunk("XMP ", ToBytes("<x/>"))));
  EXPECT_EQ(found.metadata.icc, profile);
  EXPECT_EQ(found.metadata.exif, kExif);
  EXPECT_EQ(found.metadata.xmp, ToBytes("<x/>"));
  EXPECT_EQ(found.AllNotes(), "");
  ExpectNamed(Webp(RiffChunk("VP8 ", Bytes(2)) + RiffChunk("TEST", Bytes(2))), "WebP's TEST chunk");
  ExpectNamed(Webp(RiffChunk("VP8 ", Bytes(2)) + RiffChunk("VP8L", Bytes(2))), "1 more of the pictures left out");
  ExpectNamed(Webp(RiffChunk("VP8 ", Bytes(2)) + RiffChunk("ALPH", Bytes(2))), "ALPH chunk left out: it stands behind");
  ExpectNamed(Webp(RiffChunk("ANIM", Bytes(6)) + RiffChunk("ANMF", Bytes(2)) + RiffChunk("ANMF", Bytes(2))),
              "1 more frames left out");
  ExpectNamed(Webp(RiffChunk("VP8 ", Bytes(2))) + Bytes(3), "what follows the end of the WebP");
  Bytes cut = Webp(RiffChunk("XMP ", Bytes(9)));
  cut.resize(cut.size() - 3);
  ExpectNamed(cut, "what follows a damaged WebP chunk");
}

TEST(MetadataKinds, TiffAndBigTiff) {
  const Bytes profile = Profile("RGB ");
  for (const bool wide : {false, true}) {
    for (const bool big : {false, true}) {
      const auto number = [&](uint64_t value) { return big ? Big(value, 4) : Little(value, 4); };
      const Bytes unit = big ? Big(3, 2) : Little(3, 2);
      const Found found = Read(Tiff({{256, 3, 1, Bytes(2)},
                                     {282, 5, 1, number(1181) + number(10)},
                                     {283, 5, 1, number(300) + number(1)},
                                     {296, 3, 1, unit},
                                     {700, 1, 4, ToBytes("<x/>")},
                                     {34675, 7, profile.size(), profile}},
                                    wide, big));
      EXPECT_EQ(found.metadata.icc, profile);
      EXPECT_EQ(found.metadata.xmp, ToBytes("<x/>"));
      EXPECT_EQ(found.metadata.resolution, (Resolution{Resolution::Unit::kCentimetre, {1181, 10}, {300, 1}}));
      EXPECT_EQ(found.AllNotes(), "");
    }
  }
  ExpectNamed(Tiff({{33723, 7, 9, Bytes(9)}}), "IPTC");
  ExpectNamed(Tiff({{65000, 2, 9, Bytes(9)}}), "TIFF field 65000");
  ExpectNamed(Tiff({{330, 4, 2, Bytes(8)}}), "2 pictures within the first page left out");
  Bytes pages = Tiff({{256, 3, 1, Bytes(2)}});
  pages[pages.size() - 4] = 8;  // the next directory is the same once more: a loop
  ExpectNamed(pages, "1 more pages left out");
  Bytes outside = Tiff({{34675, 7, 400, profile}});
  outside.resize(outside.size() - 1);
  ExpectNamed(outside, "damaged TIFF fields");
}

TEST(MetadataKinds, Bmp) {
  const Bytes profile = Profile("RGB ");
  const auto bmp = [&](uint32_t size, uint32_t across, uint32_t down, const std::string& space) {
    Bytes header = Little(size, 4) + Bytes(20) + Little(across, 4) + Little(down, 4) + Bytes(24) + ToBytes(space);
    header.resize(112);
    header = header + Little(124, 4) + Little(profile.size(), 4);
    header.resize(size);
    return ToBytes("BM") + Bytes(12) + header + profile;
  };
  const Found found = Read(bmp(124, 2835, 2836, "DEBM"));
  EXPECT_EQ(found.metadata.icc, profile);
  EXPECT_EQ(found.metadata.resolution, (Resolution{Resolution::Unit::kMetre, {2835, 1}, {2836, 1}}));
  EXPECT_EQ(found.AllNotes(), "");
  ExpectNothing(bmp(40, 0, 0, ""));
  ExpectNothing(bmp(108, 0, 0, "BGRs"));
  ExpectNamed(bmp(124, 0, 0, "KNIL"), "ICC profile left out: the BMP only names its file");
  Bytes endpoints = bmp(108, 0, 0, std::string(4, '\0'));
  endpoints[14 + 60] = 1;
  ExpectNamed(endpoints, "BMP's colour endpoints and gamma");
}

TEST(MetadataKinds, Jpeg2000) {
  const Bytes start = Box("jP  ", {13, 10, 0x87, 10}) + Box("ftyp", Bytes(12));
  const Bytes codestream = Box("jp2c", {0xff, 0x4f, 0xff, 0x51, 0, 4, 0, 0, 0xff, 0x90, 0, 2});
  const Bytes profile = Profile("RGB ");
  const Bytes resolution = Box("resc", Big(300, 2) + Big(254, 2) + Big(600, 2) + Big(254, 2) + Bytes{4, 4});
  const Found found = Read(
      start + Box("jp2h", Box("ihdr", Bytes(14)) + Box("colr", Bytes{2, 0, 0} + profile) + Box("res ", resolution)) +
      Box("uuid", ToBytes("JpgTiffExif->JP2") + kExif) + codestream);
  EXPECT_EQ(found.metadata.icc, profile);
  EXPECT_EQ(found.metadata.exif, kExif);
  EXPECT_EQ(found.metadata.resolution, (Resolution{Resolution::Unit::kMetre, {6000000, 254}, {3000000, 254}}));
  EXPECT_EQ(found.AllNotes(), "");
  ExpectNamed(start + Box("xml ", ToBytes("<x/>")) + codestream, "JPEG 2000's xml  box");
  ExpectNamed(start + codestream + codestream, "1 more codestreams left out");
  ExpectNamed(start + Box("uuid", Bytes(20)), "JPEG 2000 box with a UUID");
  ExpectNamed({0xff, 0x4f, 0xff, 0x51, 0, 4, 0, 0, 0xff, 0x64, 0, 5, 0, 1, 'x', 0xff, 0x90, 0, 2}, "JPEG 2000 comment");
  // A tile-part of 14 bytes, then the end.
  const Bytes whole = Bytes{0xff, 0x4f, 0xff, 0x51, 0, 4, 0, 0, 0xff, 0x90, 0, 10, 0, 0, 0, 0, 0, 14, 0, 1} +
                      Bytes{0xff, 0x93, 0xff, 0xd9};
  ExpectNothing(whole + Bytes(3, 0));
  ExpectNamed(whole + ToBytes("more"), "what follows the end of the JPEG 2000 codestream (4 bytes) left out");
}

TEST(MetadataKinds, PnmAndOthers) {
  ExpectNothing(ToBytes("P6 1 1 255\n#.."));
  ExpectNothing(ToBytes("P4 1 1\n#"));
  ExpectNamed(ToBytes("P2 1 1 255\n7 # by hand\n"), "PNM comment");
  ExpectNamed(ToBytes("P7\nWIDTH 1 # one\nENDHDR\nx"), "PNM comment");
  ExpectNamed(ToBytes("P7\n  # one\nENDHDR\nx"), "PNM comment");
  ExpectNamed(ToBytes("P5\n# by hand\n1 1\n255\nx"), "PNM comment");
  ExpectNamed(ToBytes("P7\nWIDTH 1\n# by hand\nENDHDR\nx"), "PNM comment");
  ExpectNothing(ToBytes("P7\nWIDTH 1\nTUPLTYPE A#B\nENDHDR\n#"));
  ExpectNamed(ToBytes("something else"), "whatever this format carries");
}

TEST(MetadataKinds, AProfileGoesWithPixelsOfItsColourSpace) {
  struct Case {
    const char* space;
    int channels;
    bool kept;
  };
  for (const Case& c : {Case{"RGB ", 3, true},
                        {"RGB ", 4, true},
                        {"GRAY", 1, true},
                        {"GRAY", 2, true},
                        {"CMYK", 3, false},
                        {"RGB ", 1, false},
                        {"GRAY", 3, false},
                        {"Lab ", 3, false}}) {
    Metadata m;
    m.icc = Profile(c.space);
    LeftOut left_out;
    FitMetadataToPixels(m, c.channels, left_out);
    EXPECT_EQ(!m.icc.empty(), c.kept) << c.space << c.channels;
    EXPECT_EQ(left_out.empty(), c.kept) << c.space << c.channels;
  }
  Metadata m;
  m.icc = Profile("RGB ");
  m.icc.pop_back();
  LeftOut left_out;
  FitMetadataToPixels(m, 3, left_out);
  EXPECT_TRUE(m.icc.empty());
}

TEST(MetadataKinds, TurningThePixelsTurnsTheMetadata) {
  for (const char* packet : {"<d tiff:Orientation=\"6\">", "<d tiff:Orientation = '6'/>",
                             "<tiff:Orientation>6</tiff:Orientation>", "<tiff:Orientation>\n 6 </tiff:Orientation>",
                             "<d xmlns:t=\"http://ns.adobe.com/tiff/1.0/\" t:Orientation=\"6\"/>"}) {
    Metadata m;
    m.exif = kExif, m.xmp = ToBytes(packet);
    LeftOut left_out;
    FitMetadataToTurnedPixels(m, 6, left_out);
    EXPECT_EQ(ExifOrientation(m.exif), 1);
    std::string expected = packet;
    expected[expected.find('6')] = '1';
    EXPECT_EQ(m.xmp, ToBytes(expected));
  }
  // Sides of 40 x 30 in a directory of EXIF, and a second directory, of a thumbnail.
  Bytes exif = Tiff({{0x112, 3, 1, Little(6, 2)}, {0x8769, 4, 1, Little(38, 4)}});
  ASSERT_EQ(exif.size(), 38u);
  exif[34] = 68;
  exif = exif + Little(2, 2) + Little(0xa002, 2) + Little(3, 2) + Little(1, 4) + Little(40, 4) + Little(0xa003, 2) +
         Little(3, 2) + Little(1, 4) + Little(30, 4) + Little(0, 4) + Little(0, 2) + Little(0, 4);
  Metadata m;
  m.exif = exif;
  LeftOut left_out;
  FitMetadataToTurnedPixels(m, 6, left_out);
  EXPECT_EQ(m.exif[48], 30);
  EXPECT_EQ(m.exif[60], 40);
  EXPECT_EQ(m.exif[34], 0);
  std::vector<std::string> notes;
  left_out.AppendTo(&notes);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("EXIF thumbnail left out"), std::string::npos);
}

TEST(MetadataKinds, HostileNamesAndNumbersOfPieces) {
  std::vector<std::pair<std::string, Bytes>> chunks;
  for (int i = 0; i < 1000; ++i)
    chunks.push_back({std::string{'a', static_cast<char>('a' + i % 25), 'A', static_cast<char>('a' + i / 40)}, {}});
  const Found found = Read(PngWith(chunks));
  EXPECT_LT(found.AllNotes().size(), 1000u);
  EXPECT_NE(found.AllNotes().find("and more"), std::string::npos);
  const Found odd = Read(PngWith({{Text("a\n\33z"), {}}}));
  EXPECT_NE(odd.AllNotes().find("a??z"), std::string::npos);
}

TEST(MetadataKinds, ResolutionTurnsWithThePicture) {
  const Bytes across = Little(300, 4) + Little(1, 4), down = Little(72, 4) + Little(1, 4);
  const std::vector<Field> fields = {
      {0x0112, 3, 1, Little(6, 2)}, {0x011a, 5, 1, across}, {0x011b, 5, 1, down}, {0x0128, 3, 1, Little(2, 2)}};
  for (const int orientation : {3, 6}) {
    Metadata m;
    m.exif = Tiff(fields);
    AppendPngChunk(m.png_colour, "pHYs", Big(11811, 4) + Big(2835, 4) + Bytes{1});
    AppendPngChunk(m.png_colour, "gAMA", Big(45455, 4));
    LeftOut left_out;
    FitMetadataToTurnedPixels(m, orientation, left_out);
    const bool turned = orientation == 6;
    const Resolution::Ratio wide{11811, 1}, narrow{2835, 1};
    EXPECT_EQ(m.AnyResolution(),
              (Resolution{Resolution::Unit::kMetre, turned ? narrow : wide, turned ? wide : narrow}));
    const std::vector<Field> said = {{0x0112, 3, 1, Little(1, 2)},
                                     {0x011a, 5, 1, turned ? down : across},
                                     {0x011b, 5, 1, turned ? across : down},
                                     {0x0128, 3, 1, Little(2, 2)}};
    EXPECT_EQ(m.exif, Tiff(said));
    EXPECT_NE(std::search(m.png_colour.begin(), m.png_colour.end(), &"gAMA"[0], &"gAMA"[4]), m.png_colour.end());
  }
  // Readers of TIFF turn the pixels as its own field says.
  const Found found = Read(Tiff(fields));
  EXPECT_EQ(found.metadata.resolution, (Resolution{Resolution::Unit::kInch, {72, 1}, {300, 1}}));
}

TEST(MetadataKinds, ExifInTextIsExif) {
  std::string digits;
  for (const uint8_t byte : kExif) {
    constexpr char kDigits[] = "0123456789abcdef";
    digits += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  digits.insert(20, "\n");
  const std::string text = "\nexif\n      " + std::to_string(kExif.size()) + "\n" + digits + "\n";
  const std::string keyword = Text("Raw profile type exif\0");
  const Bytes plain = ToBytes(keyword + text), packed = ToBytes(keyword + Text("\0")) + Deflate(ToBytes(text), 6);
  for (const auto& [type, content] : {std::pair("tEXt", plain), std::pair("zTXt", packed)}) {
    const Found found = Read(PngWith({{type, content}}));
    EXPECT_EQ(found.metadata.exif, kExif);
    EXPECT_TRUE(found.metadata.png_text.empty());
    EXPECT_EQ(found.AllNotes(), "");
  }
  // Beside EXIF that stands where it should, or where it is damaged, the text stays a text.
  const Found both = Read(PngWith({{"tEXt", plain}}, {{"eXIf", Tiff({{0x0112, 3, 1, Little(3, 2)}})}}));
  EXPECT_EQ(ExifOrientation(both.metadata.exif), 3);
  EXPECT_FALSE(both.metadata.png_text.empty());
  const Found cut = Read(PngWith({{"tEXt", Bytes(plain.begin(), plain.end() - 4)}}));
  EXPECT_TRUE(cut.metadata.exif.empty());
  EXPECT_FALSE(cut.metadata.png_text.empty());
}

TEST(MetadataKinds, BytesThatAreNoProfileAreNamed) {
  Found found = Read(PngWith({{"iCCP", Packed(ToBytes("garbage"))}}));
  LeftOut left_out;
  FitMetadataToPixels(found.metadata, 3, left_out);
  left_out.AppendTo(&found.notes);
  EXPECT_TRUE(found.metadata.icc.empty());
  EXPECT_EQ(found.AllNotes(), "ICC profile left out: it does not begin as a profile does\n");
}

}  // namespace
}  // namespace aecomp
