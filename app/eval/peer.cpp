#include "app/eval/peer.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <regex>

#include "app/eval/child_process.h"
#include "app/eval/program_identity.h"
#include "app/report.h"
#include "io/formats/opencv_api.h"

namespace aecomp {
namespace {

/// A peer of the table. A new one is a new row.
struct PeerRow {
  const char* name;
  const char* encode;  ///< null: OpenCV alone
  const char* decode;
  const char* version;    ///< the command that prints it
  double least_version;   ///< major.minor that has these options
  const char* extension;  ///< of files of the program
  QualityAxis axis;
  const char* opencv = nullptr;  ///< extension for OpenCV's encoder; null: it has none
  QualityAxis opencv_axis = {};
};

// Programs run one thread each, for several run side by side. {yuv} is 444, or 400 for gray pictures.
const PeerRow kTable[] = {
    {"avif",
     "avifenc -s 6 -j 1 --yuv {yuv} --min 0 --max 63 -a end-usage=q -a cq-level={q} {in} {out}",
     "avifdec -j 1 {in} {out}",
     "avifenc --version",
     0.09,
     ".avif",
     {63, 0, false, 0}},
    {"jxl",
     "cjxl --quiet -e 7 --num_threads=0 -d {q} {in} {out}",
     "djxl --quiet --num_threads=0 {in} {out}",
     "cjxl --version",
     0.07,
     ".jxl",
     {25, 0.1, true, 2}},
    {"webp",
     "cwebp -quiet -m 6 -q {q} {in} -o {out}",
     "dwebp -quiet {in} -o {out}",
     "cwebp -version",
     0.05,
     ".webp",
     {0, 100, false, 0},
     ".webp",
     {0, 100, false, 0}},
    {"jpeg", nullptr, nullptr, nullptr, 0, ".jpg", {}, ".jpg", {1, 100, false, 0}},
    // Thousandths of the size of the pixels: 0.024 bpp each.
    {"jpeg2000", nullptr, nullptr, nullptr, 0, ".jp2", {}, ".jp2", {3, 600, true, 0}},
};

/// "0.11.1" of whatever a program prints about itself.
std::optional<std::string> VersionIn(const std::string& text) {
  std::smatch found;
  if (!std::regex_search(text, found, std::regex("[0-9]+\\.[0-9]+(\\.[0-9]+)?"))) return std::nullopt;
  return found[0];
}

/// Major version and hundredths of the minor one: 0.11 for 0.11.1.
double Comparable(const std::string& version) {
  const size_t dot = version.find('.');
  return std::stod(version.substr(0, dot)) + std::stod(version.substr(dot + 1)) * 0.01;
}

std::vector<std::string> Words(const char* command) { return SplitArguments(command).value(); }

/// As a program; empty name: it is not there. A Status: it is, and unfit.
Result<Peer> AsProgram(const PeerRow& row) {
  Peer peer;
  if (row.encode == nullptr) return peer;
  peer.encode = Words(row.encode), peer.decode = Words(row.decode);
  if (FindProgram(peer.encode[0]).empty() || FindProgram(peer.decode[0]).empty()) return Peer();
  AECOMP_ASSIGN_OR_RETURN(const ChildOutput said, RunChild(Words(row.version), {.timeout_seconds = 60}));
  const auto version = VersionIn(said.out + "\n" + said.err);
  if (said.exit_code != 0 || !version) {
    return InputError(std::string(row.version) + ": prints no version; install another build of it");
  }
  if (Comparable(*version) < row.least_version - 1e-9) {
    return InputError(Format("%s %s: is too old; install 0.%.0f or later", peer.encode[0].c_str(), version->c_str(),
                             row.least_version * 100));
  }
  peer.name = row.name, peer.program = peer.encode[0] + " " + *version, peer.options = row.encode;
  peer.extension = row.extension, peer.axis = row.axis;
  // What it prints has the versions of its libraries too.
  peer.identity = HashText({CommandIdentity(peer.encode), CommandIdentity(peer.decode), said.out});
  return peer;
}

Result<Peer> AsOpenCv(const PeerRow& row) {
  Peer peer;
  if (row.opencv == nullptr) return peer;
  AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* api, LoadOpenCv());
  peer.name = row.name, peer.program = std::string("OpenCV ") + api->version;
  peer.options = std::string("imencode ") + row.opencv + ", quality {q}";
  peer.extension = row.opencv, peer.axis = row.opencv_axis;
  peer.identity = peer.program + peer.options;
  return peer;
}

Status AddRow(const PeerRow& row, bool asked_for, FoundPeers& found) {
  Result<Peer> program = AsProgram(row);
  if (!program.ok()) found.problems.push_back(std::string(row.name) + ": left out: " + program.status().message());
  if (!program.ok() && row.opencv == nullptr) return {};
  if (program.ok() && program.value().is_program()) {
    found.peers.push_back(std::move(program).value());
    return {};
  }
  AECOMP_ASSIGN_OR_RETURN(Peer peer, AsOpenCv(row));
  if (!peer.name.empty()) {
    found.peers.push_back(std::move(peer));
    return {};
  }
  const std::string programs = Words(row.encode)[0] + " and " + Words(row.decode)[0];
  (asked_for ? found.problems : found.notes)
      .push_back(std::string(row.name) + ": left out: " + programs + " are not on the PATH");
  return {};
}

std::string Trimmed(const std::string& text) {
  const size_t start = text.find_first_not_of(" \t\n"), end = text.find_last_not_of(" \t\n");
  return start == std::string::npos ? "" : text.substr(start, end - start + 1);
}

Status CheckPlaces(const std::vector<std::string>& arguments, std::initializer_list<const char*> places) {
  if (arguments.empty()) return UsageError("a command is missing");
  for (const char* place : places) {
    const bool found = std::any_of(arguments.begin(), arguments.end(),
                                   [&](const std::string& a) { return a.find(place) != std::string::npos; });
    if (!found) return UsageError(std::string(place) + " is missing in '" + arguments[0] + " ...'");
  }
  return {};
}

Result<std::vector<double>> ParseQualities(const std::string& text) {
  std::vector<double> qualities;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(',', start), text.size());
    const std::string number = Trimmed(text.substr(start, end - start));
    char* rest = nullptr;
    const double value = std::strtod(number.c_str(), &rest);
    if (number.empty() || *rest != 0 || !std::isfinite(value)) {
      return UsageError("'" + number + "' is not a number; qualities are like 10,30,50");
    }
    qualities.push_back(value);
    start = end + 1;
  }
  if (qualities.size() < 2) return UsageError("a curve needs two qualities, as in 10,30,50");
  return qualities;
}

Result<Peer> ParseParts(const std::string& text) {
  const size_t colon = text.find(':'), first = text.find(';', colon), second = text.find(';', first + 1);
  if (colon == std::string::npos || first == std::string::npos || second == std::string::npos) {
    return UsageError("not three parts with ; between them after NAME:");
  }
  Peer peer;
  peer.name = Trimmed(text.substr(0, colon));
  if (peer.name.empty() || peer.name == "aecomp")
    return UsageError("a name other than aecomp has to stand before the :");
  AECOMP_ASSIGN_OR_RETURN(peer.encode, SplitArguments(text.substr(colon + 1, first - colon - 1)));
  AECOMP_ASSIGN_OR_RETURN(peer.decode, SplitArguments(text.substr(first + 1, second - first - 1)));
  AECOMP_RETURN_IF_ERROR(CheckPlaces(peer.encode, {"{in}", "{out}", "{q}"}));
  AECOMP_RETURN_IF_ERROR(CheckPlaces(peer.decode, {"{in}", "{out}"}));
  AECOMP_ASSIGN_OR_RETURN(peer.qualities, ParseQualities(text.substr(second + 1)));
  peer.program = peer.encode[0], peer.options = Trimmed(text.substr(colon + 1, first - colon - 1));
  peer.extension = ".coded", peer.own_qualities = true;
  return peer;
}

}  // namespace

double QualityAxis::At(int position) const {
  const double t = static_cast<double>(position) / kPositions;
  const double value = logarithmic ? worst * std::pow(best / worst, t) : worst + (best - worst) * t;
  const double scale = std::pow(10, decimals);
  return std::round(value * scale) / scale;
}

std::vector<std::string> PeerNames() {
  std::vector<std::string> names;
  for (const PeerRow& row : kTable) names.emplace_back(row.name);
  return names;
}

Result<FoundPeers> FindPeers(const std::vector<std::string>& names) {
  const std::vector<std::string> known = PeerNames();
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const std::string& other : known) list += (list.empty() ? "" : ", ") + other;
    return UsageError("--peers " + name + ": is none of " + list + "; name other programs with --command");
  }
  FoundPeers found;
  for (const PeerRow& row : kTable) {
    const bool asked_for = std::find(names.begin(), names.end(), row.name) != names.end();
    if (asked_for || names.empty()) AECOMP_RETURN_IF_ERROR(AddRow(row, asked_for, found));
  }
  return found;
}

Result<Peer> ParsePeerCommand(const std::string& text) {
  Result<Peer> peer = ParseParts(text);
  if (!peer.ok()) {
    return UsageError("--command '" + text + "': " + peer.status().message() +
                      "; write 'NAME: ENCODER {in} {out} {q}; DECODER {in} {out}; 10,30,50'");
  }
  peer.value().identity = CommandIdentity(peer.value().encode) + CommandIdentity(peer.value().decode);
  return peer;
}

}  // namespace aecomp
