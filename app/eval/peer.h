// The codecs that aecomp is compared with, called peers: programs on the PATH, or encoders of OpenCV.
#pragma once

#include <string>
#include <vector>

#include "io/status.h"

namespace aecomp {

/// Settings of a peer in order of quality, as positions 0 (worst) to kPositions (best).
struct QualityAxis {
  static constexpr int kPositions = 64;

  double worst = 0, best = 100;
  bool logarithmic = false;  ///< equal steps are equal factors
  int decimals = 0;          ///< of a setting

  double At(int position) const;
};

struct Peer {
  std::string name;                 ///< as tables call it
  std::string program;              ///< with its version: "avifenc 0.11.1"
  std::string options;              ///< the command that encodes, as text
  std::vector<std::string> encode;  ///< arguments with {in}, {out}, {q} and perhaps {yuv}; empty: OpenCV
  std::vector<std::string> decode;  ///< arguments with {in} and {out}
  std::string extension;            ///< of its files, with the dot
  std::vector<double> qualities;    ///< settings that are measured; empty: chosen by ChoosePositions
  QualityAxis axis;                 ///< where no qualities are given
  std::string identity;             ///< what results in the cache depend on beside picture and setting

  bool own_qualities = false;  ///< of --command: the axis means nothing

  bool is_program() const { return !encode.empty(); }
  bool has_axis() const { return !own_qualities; }
};

struct FoundPeers {
  std::vector<Peer> peers;
  std::vector<std::string> notes;     ///< default peers that are not installed
  std::vector<std::string> problems;  ///< named peers that are missing; programs that are too old or print nonsense
};

/// The names of the table, in its order.
std::vector<std::string> PeerNames();

/// names: of the table; empty: all of it that is there. Programs are asked for their versions. kUsage for a name that
/// is not in the table, kInput when OpenCV is needed and cannot be loaded.
Result<FoundPeers> FindPeers(const std::vector<std::string>& names);

/// 'NAME: ENCODER {in} {out} {q}; DECODER {in} {out}; 10,30,50'. kUsage with what is wrong. A program that is not there
/// is found out when it is called.
Result<Peer> ParsePeerCommand(const std::string& text);

}  // namespace aecomp
