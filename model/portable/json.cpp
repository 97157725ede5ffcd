#include "model/portable/json.h"

#include <algorithm>
#include <cstdlib>

namespace aecomp_portable {
namespace {

class Parser {
 public:
  Parser(const char* at, const char* end) : at_(at), end_(end) {}

  bool Value(Json* json, int depth) {
    Blanks();
    if (at_ == end_ || depth > 32) return false;
    switch (*at_) {
      case '{':
        return Group(json, '}', depth);
      case '[':
        return Group(json, ']', depth);
      case '"':
        json->kind = Json::kText;
        return Text(&json->text);
      case 't':
        json->kind = Json::kBool, json->number = 1;
        return Word("true");
      case 'f':
        json->kind = Json::kBool;
        return Word("false");
      case 'n':
        return Word("null");
      default:
        json->kind = Json::kNumber;
        return Number(&json->number);
    }
  }
  bool AtEnd() {
    Blanks();
    return at_ == end_;
  }

 private:
  void Blanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool Take(char c) {
    Blanks();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool Word(const char* word) {
    const size_t n = std::strlen(word);
    if (static_cast<size_t>(end_ - at_) < n || std::memcmp(at_, word, n) != 0) return false;
    at_ += n;
    return true;
  }

  /// An object or a list.
  bool Group(Json* json, char close, int depth) {
    json->kind = close == '}' ? Json::kObject : Json::kList;
    ++at_;
    if (Take(close)) return true;
    do {
      if (close == '}') {
        Blanks();
        std::string key;
        if (at_ == end_ || *at_ != '"' || !Text(&key) || !Take(':')) return false;
        json->keys.push_back(std::move(key));
      }
      if (!Value(&json->items.emplace_back(), depth + 1)) return false;
    } while (Take(','));
    return Take(close);
  }

  /// Exact up to 15 digits and 22 places behind the point. The numbers that a decoder needs are within.
  bool Number(double* number) {
    const bool negative = at_ < end_ && *at_ == '-';
    at_ += negative;
    *number = 0;
    int power = 0, digits = 0;
    bool behind = false;
    for (; at_ < end_ && ((*at_ >= '0' && *at_ <= '9') || (*at_ == '.' && !behind)); ++at_) {
      if (*at_ == '.') {
        behind = true;
      } else {
        *number = *number * 10 + (*at_ - '0'), ++digits;
        power -= behind;
      }
    }
    if (at_ < end_ && digits > 0 && (*at_ | 32) == 'e') {
      const bool down = ++at_ < end_ && *at_ == '-';
      at_ += at_ < end_ && (*at_ == '-' || *at_ == '+');
      int exponent = 0;
      for (digits = 0; at_ < end_ && *at_ >= '0' && *at_ <= '9'; ++at_, ++digits) {
        exponent = std::min(10 * exponent + (*at_ - '0'), 9999);
      }
      power += down ? -exponent : exponent;
    }
    double scale = 1;
    for (int i = std::min(std::abs(power), 400); i > 0; --i) scale *= 10;
    *number = (negative ? -*number : *number) * (power > 0 ? scale : 1) / (power < 0 ? scale : 1);
    return digits > 0 && std::isfinite(*number);
  }

  bool Text(std::string* text) {
    for (++at_; at_ < end_ && *at_ != '"'; ++at_) {
      if (static_cast<unsigned char>(*at_) < 0x20) return false;
      if (*at_ != '\\') {
        *text += *at_;
      } else if (++at_ == end_ || !Escape(text)) {
        return false;
      }
    }
    if (at_ == end_) return false;
    ++at_;
    return true;
  }

  /// Names are compared byte by byte, so of \u no more than ASCII is needed; other characters become '?'.
  bool Escape(std::string* text) {
    static constexpr char kFrom[] = "\"\\/bfnrt", kTo[] = "\"\\/\b\f\n\r\t";
    const char* found = *at_ == 0 ? nullptr : std::strchr(kFrom, *at_);
    if (found != nullptr) {
      *text += kTo[found - kFrom];
      return true;
    }
    if (*at_ != 'u' || end_ - at_ < 5) return false;
    int code = 0;
    for (int i = 1; i < 5; ++i) {
      const int digit = at_[i] >= '0' && at_[i] <= '9' ? at_[i] - '0' : (at_[i] | 32) - 'a' + 10;
      if (digit < 0 || digit > 15 || (digit > 9 && (at_[i] & 64) == 0)) return false;
      code = code * 16 + digit;
    }
    *text += code < 128 ? static_cast<char>(code) : '?';
    at_ += 4;
    return true;
  }

  const char *at_, *end_;
};

}  // namespace

const Json* Json::Find(const std::string& key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return &items[i];
  }
  return nullptr;
}

int Json::Whole(const std::string& key, int otherwise) const {
  const Json* found = Find(key);
  if (found == nullptr) return otherwise;
  const double v = found->number;
  if (found->kind != kNumber || !(v >= 0 && v <= 1 << 30) || v != std::floor(v)) return -1;
  return static_cast<int>(v);
}

std::string Json::Text(const std::string& key) const {
  const Json* found = Find(key);
  return found != nullptr && found->kind == kText ? found->text : "";
}

bool ParseJson(const char* text, size_t size, Json* json) {
  Parser parser(text, text + size);
  return parser.Value(json, 0) && parser.AtEnd();
}

}  // namespace aecomp_portable
