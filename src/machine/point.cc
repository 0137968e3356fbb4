#include "machine/point.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "machine/config.h"

namespace lgx {
namespace {

constexpr const char* kForms =
    "insn:N, time:T, crossing:N, stop:ID, symbol:NAME, console:\"text\", "
    "hypercall:NAME#N or end";

struct KindName {
  std::string_view name;
  Point::Kind kind;
};
constexpr KindName kKinds[] = {
    {"insn", Point::Kind::kInstruction},    {"time", Point::Kind::kTime},
    {"crossing", Point::Kind::kCrossing},   {"stop", Point::Kind::kStop},
    {"symbol", Point::Kind::kSymbol},       {"console", Point::Kind::kConsole},
    {"hypercall", Point::Kind::kHypercall},
};

Status BadPoint(std::string_view text, const std::string& expected) {
  return Errorf(StatusCode::kOutOfRange, "\"%s\" is not a point: %s", std::string(text),
                expected);
}

// Takes "#N" off the end of `rest`. False: there is something else behind the #.
bool TakeOrdinal(std::string_view* rest, u64* count) {
  const size_t hash = rest->rfind('#');
  if (hash == std::string_view::npos) return true;
  const StatusOr<u64> parsed = ParseCount(rest->substr(hash + 1));
  if (!parsed.ok() || *parsed == 0) return false;
  *count = *parsed;
  *rest = rest->substr(0, hash);
  return true;
}

Status ParseAmount(std::string_view text, std::string_view rest, Point* point) {
  const bool time = point->kind == Point::Kind::kTime;
  const StatusOr<u64> amount = time ? ParseDuration(rest) : ParseCount(rest);
  if (!amount.ok()) {
    return BadPoint(text, time ? "a time is for example time:1.5s or time:20ms"
                               : "a number is for example 123456 or 100M");
  }
  point->count = *amount;
  if (point->kind == Point::Kind::kCrossing && *amount == 0) {
    return BadPoint(text, "the first crossing is crossing:1");
  }
  return absl::OkStatus();
}

Status ParseConsole(std::string_view text, std::string_view rest, Point* point) {
  if (rest.starts_with('"')) {
    const size_t end = rest.rfind('"');
    if (end == 0) return BadPoint(text, "the second quotation mark is missing");
    std::string_view behind = rest.substr(end + 1);
    if (!behind.empty() && (!TakeOrdinal(&behind, &point->count) || !behind.empty())) {
      return BadPoint(text, "behind the text may come # and a number from 1 on");
    }
    rest = rest.substr(1, end - 1);
  }
  if (rest.empty()) return BadPoint(text, "no text to wait for");
  point->text = rest;
  return absl::OkStatus();
}

Status ParseName(std::string_view text, std::string_view rest, Point* point) {
  if (!TakeOrdinal(&rest, &point->count)) {
    return BadPoint(text, "behind # comes a number from 1 on, for example SET_PTE#12");
  }
  if (rest.empty()) return BadPoint(text, "the name is missing");
  point->text = rest;
  return absl::OkStatus();
}

}  // namespace

StatusOr<Point> ParsePoint(std::string_view text) {
  Point point;
  if (text == "end") return point;
  const size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  const auto* const kind =
      std::find_if(std::begin(kKinds), std::end(kKinds),
                   [word](const KindName& k) { return k.name == word; });
  if (colon == std::string_view::npos || kind == std::end(kKinds)) {
    return BadPoint(text, absl::StrFormat("write %s", kForms));
  }
  point.kind = kind->kind;
  const std::string_view rest = text.substr(colon + 1);
  Status status;
  switch (point.kind) {
    case Point::Kind::kInstruction:
    case Point::Kind::kTime:
    case Point::Kind::kCrossing:
      status = ParseAmount(text, rest, &point);
      break;
    case Point::Kind::kConsole:
      status = ParseConsole(text, rest, &point);
      break;
    default:
      status = ParseName(text, rest, &point);
  }
  if (!status.ok()) return status;
  return point;
}

std::string PointText(const Point& point) {
  if (point.kind == Point::Kind::kEnd) return "end";
  const auto* const kind =
      std::find_if(std::begin(kKinds), std::end(kKinds),
                   [&point](const KindName& k) { return k.kind == point.kind; });
  std::string out = std::string(kind->name) + ":";
  switch (point.kind) {
    case Point::Kind::kInstruction:
    case Point::Kind::kCrossing:
      return out + absl::StrFormat("%d", point.count);
    case Point::Kind::kTime:
      return out + absl::StrFormat("%dns", point.count);
    case Point::Kind::kConsole:
      out += '"' + point.text + '"';
      break;
    default:
      out += point.text;
  }
  return point.count == 1 ? out : out + absl::StrFormat("#%d", point.count);
}

}  // namespace lgx
