// Errors as values. A Status or Result must be looked at (class [[nodiscard]]); only `main` turns one into an exit
// code. A message names the file, what is wrong and what to do about it.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace aecomp {

/// The numbers are the process exit codes that scripts rely on.
enum class StatusCode : int {
  kOk = 0,
  kSomeFailed = 1,    ///< some file of a batch failed
  kUsage = 2,         ///< wrong options or plan; nothing was written
  kInput = 3,         ///< an input cannot be read or is not an image
  kCorrupt = 4,       ///< a corrupt or truncated .aec
  kModel = 5,         ///< a model is missing, broken or not the one the file names
  kWrite = 6,         ///< an output cannot be written
  kDiverged = 7,      ///< training met a NaN or an infinity
  kMemory = 8,        ///< memory does not suffice
  kInterrupted = 130  ///< stopped by a signal
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  int exit_code() const { return static_cast<int>(code_); }
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status UsageError(std::string m) { return {StatusCode::kUsage, std::move(m)}; }
inline Status InputError(std::string m) { return {StatusCode::kInput, std::move(m)}; }
inline Status CorruptError(std::string m) { return {StatusCode::kCorrupt, std::move(m)}; }
inline Status ModelError(std::string m) { return {StatusCode::kModel, std::move(m)}; }
inline Status WriteError(std::string m) { return {StatusCode::kWrite, std::move(m)}; }
inline Status MemoryError(std::string m) { return {StatusCode::kMemory, std::move(m)}; }

/// A value or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}         // NOLINT: implicit on purpose
  Result(Status status) : state_(std::move(status)) {}  // NOLINT: implicit on purpose

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }
  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T&& value() && { return std::get<T>(std::move(state_)); }

 private:
  std::variant<Status, T> state_;
};

}  // namespace aecomp

#define AECOMP_CONCAT_INNER(a, b) a##b
#define AECOMP_CONCAT(a, b) AECOMP_CONCAT_INNER(a, b)

/// Returns from the enclosing function when `expr` (a Status) is an error.
#define AECOMP_RETURN_IF_ERROR(expr)            \
  if (::aecomp::Status s_ = (expr); !s_.ok()) { \
    return s_;                                  \
  }

/// `AECOMP_ASSIGN_OR_RETURN(auto image, ReadPlainImage(path, nullptr));`
#define AECOMP_ASSIGN_OR_RETURN(declaration, expr) \
  AECOMP_ASSIGN_OR_RETURN_IMPL(AECOMP_CONCAT(result_, __LINE__), declaration, expr)
#define AECOMP_ASSIGN_OR_RETURN_IMPL(result, declaration, expr) \
  auto result = (expr);                                         \
  if (!result.ok()) {                                           \
    return result.status();                                     \
  }                                                             \
  declaration = std::move(result).value()
