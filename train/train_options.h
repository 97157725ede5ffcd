// The options of a training run, with what "automatic" stands for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/formats/decode_options.h"

namespace aecomp {

/// What a run makes small beside the bits.
enum class Tune {
  kAutomatic,
  kVisual,  ///< the distortion for eyes, see DistortionWeights
  kPsnr,    ///< the mean squared error
};

/// An option that is left at "automatic" comes from the checkpoint when one is resumed, else it has the default that is
/// named.
struct TrainOptions {
  std::vector<std::string> folders;   ///< training images, searched recursively
  std::string validation_folder;      ///< empty: a few training images are held out by hash of their names
  std::string output = "model.aecm";  ///< the usable model: the best of all validations, or that of the last checkpoint
  std::string init;              ///< model to start from; "none": the untrained transform codec; empty: embedded model
  std::string architecture;      ///< architecture JSON file; empty: that of the model, or the built-in one
  bool resume = false;           ///< continue from <output>.checkpoint
  Tune tune = Tune::kAutomatic;  ///< automatic: visual; a resumed run keeps its choice
  int64_t steps = 0;             ///< total steps; 0: see hours
  double hours = 0;              ///< total wall time of the run without loading, all parts together; 0: see steps
  int batch = 0;                 ///< crops a step of each process; 0: automatic, see PlanTraining
  int patch = 0;                 ///< crop size in pixels, a multiple of the architecture's stride; 0: automatic
  double learning_rate = 0;      ///< peak of the schedule; 0: automatic, kScratchRate or kTuningRate
  double last_rate = 0;          ///< at the end of the schedule; 0: automatic, kLastRate of the peak
  /// Part of the run (0 .. 1) before the integer codec's rounding begins; 1: none; see noise.
  double fake_quantise = -1;
  /// Part of the run (0 .. 1) after which at the latest bits are counted as a file has them, see FileRate; 1: never;
  /// below 0: automatic, kFileRatePart, and 1 where there is no hyperprior or where the model learns to denoise.
  double file_rate = -1;
  /// Share of the crops (0 .. 1) that are reduced by up to 2x; below 0: automatic, half, or none from a trained model.
  double reduce = -1;
  bool bfloat16 = false;  ///< convolutions multiply in bfloat16, see Layer::UseBfloat16; a resumed run keeps its choice
  double noise = -1;      ///< standard deviation of noise on the network's input, in 1/255; below 0: automatic, none
  std::optional<uint64_t> seed;  ///< automatic: kSeed
  int threads = 0;               ///< 0: all
  DecodeOptions decode;          ///< how large images may be, and whether damage is passed over
  int64_t image_memory = 0;      ///< bytes for decoded images; 0: automatic, a part of what is free
  int checkpoint_minutes = 5;    ///< or checkpoint_steps, whichever comes first
  int checkpoint_steps = 0;      ///< 0: see checkpoint_minutes
  int validate_steps = -1;       ///< steps between validations; 0: at start and end; -1: automatic
  int patience = -1;             ///< stop after so many validations without a gain of 0.2 %; 0: never; -1: automatic
  std::string log;               ///< JSON Lines; empty: <output>.log.jsonl

  std::string CheckpointPath() const { return output + ".checkpoint"; }
  std::string LogPath() const { return log.empty() ? output + ".log.jsonl" : log; }
  std::string LogPlotPath() const { return output + ".log.png"; }
};

/// The name of a choice, as the command line and files have it. Not of kAutomatic.
inline const char* TuneName(Tune tune) { return tune == Tune::kPsnr ? "psnr" : "visual"; }

inline constexpr double kScratchRate = 1e-3;  ///< of an untrained model
inline constexpr double kTuningRate = 6e-4;   ///< of a trained one
inline constexpr double kReducedPart = 0.5;   ///< of the crops of an untrained model
inline constexpr double kLastRate = 0.02;     ///< of the peak
inline constexpr double kFileRatePart = 0.8;
inline constexpr int kValidateSteps = 500;
inline constexpr int kPatience = 10;
inline constexpr uint64_t kSeed = 1;

}  // namespace aecomp
