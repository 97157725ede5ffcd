#include "app/report.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/streams.h"
#include "io/printable.h"
#include "model/base/json_text.h"

namespace aecomp {
namespace {

std::string StreamName(const std::string& name, const char* stream) { return IsStream(name) ? stream : name; }

std::string Line(const FileReport& r) {
  if (r.skipped) return r.input + ": skipped, " + r.output + " exists";
  std::string more;
  if (r.quality) more += Format("  -q %.1f", *r.quality);
  if (r.psnr) more += Format("  %.2f dB", *r.psnr);
  return Format("%s -> %s  %dx%d  %s  %.3f bpp%s  %.2f s", StreamName(r.input, "stdin").c_str(),
                StreamName(r.output, "stdout").c_str(), r.width, r.height, HumanBytes(r.bytes).c_str(), r.Bpp(),
                more.c_str(), r.seconds);
}

nlohmann::ordered_json Json(const FileReport& r) {
  nlohmann::ordered_json json = {{"input", r.input}, {"output", r.output}, {"status", r.status.ok() ? "ok" : "error"}};
  if (r.skipped) json["status"] = "skipped";
  if (r.skipped) return json;
  if (!r.status.ok()) {
    json["error"] = r.status.message();
    json["exit_code"] = r.status.exit_code();
    return json;
  }
  json["width"] = r.width;
  json["height"] = r.height;
  json["bytes"] = r.bytes;
  json["bpp"] = r.Bpp();
  if (r.quality) json["quality"] = *r.quality;
  if (r.psnr) json["psnr"] = std::isfinite(*r.psnr) ? nlohmann::ordered_json(*r.psnr) : nullptr;
  json["seconds"] = r.seconds;
  if (!r.model.empty()) json["model"] = r.model;
  if (!r.layers.empty()) json["layers"] = r.layers;
  if (r.max_error) json["residual_bytes"] = r.residual_bytes, json["max_error"] = *r.max_error;
  if (!r.notes.empty()) json["notes"] = r.notes;
  return json;
}

}  // namespace

double FileReport::Bpp() const {
  const double pixels = static_cast<double>(width) * height;
  return pixels > 0 ? 8.0 * static_cast<double>(bytes) / pixels : 0;
}

std::string OneLine(std::string text) {
  HideControls(text);
  return text;
}

void PrintError(const std::string& message) { std::fprintf(stderr, "aecomp: %s\n", OneLine(message).c_str()); }

void PrintReport(const FileReport& report, const TalkOptions& talk) {
  if (talk.json) PrintStdout(JsonText(Json(report)) + "\n");
  if (!report.status.ok()) return PrintError(report.status.message());
  if (talk.quiet) return;
  for (const std::string& note : report.notes) PrintError(StreamName(report.input, "stdin") + ": note: " + note);
  std::fprintf(stderr, "%s\n", OneLine(Line(report)).c_str());
}

std::string HumanBytes(uint64_t bytes) {
  const double value = static_cast<double>(bytes);
  if (bytes < 1000) return Format("%d B", static_cast<int>(bytes));
  if (value < 1e6) return Format("%.1f kB", value / 1e3);
  return Format("%.2f MB", value / 1e6);
}

std::string Format(const char* format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  std::string text(static_cast<size_t>(std::vsnprintf(nullptr, 0, format, arguments)), '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  va_end(arguments);
  return text;
}

}  // namespace aecomp
