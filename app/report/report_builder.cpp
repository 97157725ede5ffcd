#include "app/report/report_builder.h"

#include <algorithm>
#include <utility>

#include "app/eval/peer_measure.h"
#include "app/eval/worker_pool.h"
#include "app/guard.h"
#include "app/report.h"
#include "app/report/page_images.h"
#include "app/version.h"
#include "io/convert.h"

namespace aecomp {
namespace {

constexpr int kRegions = 3;

/// A version of a picture before it has its place in the page.
struct Version {
  PageVariant variant;
  Image image;
};

class Builder {
 public:
  Builder(const ReportPlan& plan, const EvaluationResult& result, Codec& codec, const ResultCache& cache,
          const EvaluationTalk& talk)
      : plan_(plan),
        result_(result),
        talk_(talk),
        own_(AecompContestant("aecomp", codec)),
        context_{result_.metrics, cache, talk.interrupted, {}} {
    for (const Peer& peer : result_.peers) peers_.push_back(PeerContestant(peer, context_));
  }

  Result<Page> Build() {
    FillTexts();
    const size_t count = std::min(plan_.most_pictures, result_.pictures.size());
    for (size_t i = 0; i < count; ++i) {
      if (talk_.interrupted && talk_.interrupted()) return Status(StatusCode::kInterrupted, "interrupted");
      const PictureSource& source = result_.pictures[i];
      if (talk_.progress) talk_.progress(Format("report: picture %zu of %zu: %s", i + 1, count, source.name.c_str()));
      const Status status = Guarded(source.name, [&] { return AddPicture(source); });
      if (status.code() == StatusCode::kInterrupted) return status;
      if (!status.ok()) Say(status.message() + "; it is not compared in the report");
    }
    PageImages::Form form = images_.Choose(kMostPageBytes);
    page_.shown_as = form.text;
    page_.images = std::move(form.uris);
    if (!form.fits) DropPictures();
    return std::move(page_);
  }

 private:
  void Say(const std::string& text) const {
    if (talk_.message) talk_.message(text);
  }

  void FillTexts() {
    page_.title = plan_.title, page_.lead = plan_.lead;
    page_.metrics = result_.metrics, page_.curves = plan_.curves, page_.comparisons = plan_.comparisons;
    page_.summary =
        "How many more (+) or fewer (−) bytes aecomp takes than the codec of the row at equal quality: BD-rate, over "
        "the "
        "range of quality that both curves cover, which stands below it. 95 %: where it lies when the images are drawn "
        "anew. Means over " +
        Format("%zu image%s.", result_.pictures.size(), result_.pictures.size() == 1 ? "" : "s");
    page_.method.push_back("aecomp " AECOMP_VERSION ", integer networks.");
    for (const Peer& peer : result_.peers) {
      page_.method.push_back(peer.name + ": " + peer.program + ", " + peer.options);
    }
    page_.method.push_back(
        "PSNR over all samples. MS-SSIM as −10 log10(1 − MS-SSIM), in dB. Butteraugli as the distance, less is better. "
        "Smooth edges: −10 log10 of the energy of edges that a codec draws where the original is smooth, such as "
        "rings, "
        "grids and borders of blocks; the worst regions are the squares where it is largest.");
  }

  Status AddPicture(const PictureSource& source) {
    AECOMP_ASSIGN_OR_RETURN(Image image, source.read(nullptr));
    const Original original = MakeOriginal(source.name, std::move(image));
    const Original plain = ForPeers(original);
    AECOMP_ASSIGN_OR_RETURN(const Coded coded, own_.code(original, plan_.quality));
    std::vector<Version> versions(1);
    AECOMP_RETURN_IF_ERROR(Fill(versions[0], "aecomp", plan_.quality, coded, original));
    for (const Contestant& contestant : plan_.contestants) {
      AECOMP_ASSIGN_OR_RETURN(const NearestSetting nearest, Nearest(contestant, original, coded.bytes));
      Version& version = versions.emplace_back();
      AECOMP_RETURN_IF_ERROR(Fill(version, contestant.name, nearest.setting, nearest.coded, original));
    }
    AECOMP_RETURN_IF_ERROR(AddPeers(plain, coded.bytes, versions));
    return Place(plain, versions);
  }

  Status AddPeers(const Original& plain, uint64_t bytes, std::vector<Version>& versions) {
    std::vector<Version> found(peers_.size());
    std::vector<Status> statuses(peers_.size());
    RunJobs(
        peers_.size(), plan_.threads,
        [&](size_t p) {
          statuses[p] = Guarded(peers_[p].name, [&]() -> Status {
            AECOMP_ASSIGN_OR_RETURN(const NearestSetting nearest, Nearest(peers_[p], plain, bytes));
            return Fill(found[p], peers_[p].name, nearest.setting, nearest.coded, plain);
          });
        },
        talk_.interrupted);
    if (talk_.interrupted && talk_.interrupted()) return {StatusCode::kInterrupted, "interrupted"};
    for (size_t p = 0; p < peers_.size(); ++p) {
      if (statuses[p].ok()) versions.push_back(std::move(found[p]));
      if (!statuses[p].ok()) Say(statuses[p].message());
    }
    return {};
  }

  Status Fill(Version& version, const std::string& codec, double setting, const Coded& coded,
              const Original& original) {
    version.variant.codec = codec, version.variant.setting = Format("%.4g", setting);
    version.variant.bytes = coded.bytes;
    AECOMP_ASSIGN_OR_RETURN(version.image, coded.decode());
    AECOMP_RETURN_IF_ERROR(Measure(original, version.image, context_, version.variant.scores));
    version.variant.worst = WorstRegions(original.image, version.image, kRegions);
    version.image = To8Bits(std::move(version.image));
    return {};
  }

  /// Gives the original and its versions their places in the page.
  Status Place(const Original& plain, std::vector<Version>& versions) {
    PagePicture picture;
    picture.name = plain.name, picture.width = plain.image.width, picture.height = plain.image.height;
    picture.original = images_.size();
    picture.rates = ComparePicture(result_.measurements, plain.name, result_.metrics);
    images_.Resize(images_.size() + 1 + versions.size());
    std::vector<Status> statuses(1 + versions.size());
    RunJobs(statuses.size(), plan_.threads, [&](size_t i) {
      const Image& image = i == 0 ? plain.image : versions[i - 1].image;
      statuses[i] = Guarded(plain.name, [&] { return images_.Put(picture.original + i, image); });
    });
    for (const Status& status : statuses) AECOMP_RETURN_IF_ERROR(status);
    for (size_t i = 0; i < versions.size(); ++i) {
      versions[i].variant.image = picture.original + 1 + i;
      picture.variants.push_back(std::move(versions[i].variant));
    }
    page_.pictures.push_back(std::move(picture));
    return {};
  }

  /// The last ones, until the rest has room.
  void DropPictures() {
    uint64_t bytes = 0;
    size_t kept = 0;
    for (; kept < page_.pictures.size(); ++kept) {
      const PagePicture& picture = page_.pictures[kept];
      for (size_t i = 0; i <= picture.variants.size(); ++i) bytes += page_.images[picture.original + i].size();
      if (bytes > kMostPageBytes) break;
    }
    Say(Format("note: the report has room for %zu of %zu pictures; curves and tables are those of all", kept,
               page_.pictures.size()));
    if (kept < page_.pictures.size()) page_.images.resize(page_.pictures[kept].original);
    page_.pictures.resize(kept);
  }

  const ReportPlan& plan_;
  const EvaluationResult& result_;
  const EvaluationTalk& talk_;
  Contestant own_;
  const MeasureContext context_;
  std::vector<Contestant> peers_;
  PageImages images_;
  Page page_;
};

}  // namespace

std::vector<Comparison> ComparePicture(const std::vector<Measurement>& measurements, const std::string& picture,
                                       const std::vector<Metric>& metrics) {
  std::vector<Measurement> alone;
  for (const Measurement& m : measurements) {
    if (m.image == picture) alone.push_back(m);
  }
  const std::vector<RdCurve> curves = MeanCurves(alone);
  if (curves.empty()) return {};
  return CompareAll(curves[0], {curves.begin() + 1, curves.end()}, alone, metrics).rates;
}

Result<Page> BuildPage(const ReportPlan& plan, const EvaluationResult& result, Codec& codec, const ResultCache& cache,
                       const EvaluationTalk& talk) {
  return Builder(plan, result, codec, cache, talk).Build();
}

}  // namespace aecomp
