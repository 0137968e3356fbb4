#include "debug/journey.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "switcher/crossing.h"

namespace lgx {
namespace {

constexpr std::string_view kHeading = "### ";
constexpr std::string_view kArrow = "\xe2\x86\x92 [`";  // an arrow to the right
constexpr std::string_view kCompare = "(compare ";

constexpr std::string_view kPageFault[] = {"memory.030",  "crossing.020", "crossing.090",
                                           "paging.040",  "paging.050",   "crossing.070",
                                           "crossing.010"};
constexpr std::string_view kHypercall[] = {"hypercalls.010", "crossing.020",
                                           "crossing.090",   "crossing.080",
                                           "hypercalls.030", "hypercalls.020"};
constexpr std::string_view kInterrupt[] = {"time.020", "crossing.030", "time.040",
                                           "time.050", "crossing.080"};
constexpr std::string_view kSystemCall[] = {"privilege.020", "privilege.010",
                                            "privilege.030"};
constexpr std::string_view kContextSwitch[] = {"paging.020", "hypercalls.020",
                                               "paging.100", "paging.060", "paging.070"};
constexpr std::string_view kBoot[] = {"machine.010",   "machine.020",  "paging.030",
                                      "machine.030",   "crossing.050", "privilege.010",
                                      "hypercalls.040"};

constexpr JourneyLife kLives[] = {
    {"page-fault", "The life of a page fault", kPageFault},
    {"hypercall", "The life of a hypercall", kHypercall},
    {"interrupt", "The life of an interrupt", kInterrupt},
    {"system-call", "The life of a system call", kSystemCall},
    {"context-switch", "The life of a context switch", kContextSwitch},
    {"boot", "The life of a boot", kBoot},
};

using Kind = Moment::Kind;

struct StopMoment {
  std::string_view stop;
  Moment moment;
};

constexpr Moment At(Kind kind, u64 count = 1) { return {kind, 0, Call::kUnknown, count}; }
constexpr Moment Exit(u32 trap) { return {Kind::kExit, trap, Call::kUnknown, 1}; }
constexpr Moment Calls(Call call) { return {Kind::kCall, 0, call, 1}; }

constexpr StopMoment kMoments[] = {
    {"machine.010", At(Kind::kStart)},
    {"machine.020", At(Kind::kStart)},
    {"machine.030", At(Kind::kCrossing)},
    {"memory.020", At(Kind::kStart)},
    {"memory.030", At(Kind::kPageFault)},
    {"paging.010", At(Kind::kPageFault)},
    {"paging.020", At(Kind::kPageFault, 100)},
    {"paging.030", At(Kind::kStart)},
    {"paging.040", At(Kind::kPageFault)},
    {"paging.060", Calls(Call::kSetPte)},
    {"paging.070", Calls(Call::kFlushTlb)},
    {"paging.080", At(Kind::kCrossing)},
    {"paging.100", Calls(Call::kNewPgtable)},
    {"privilege.010", At(Kind::kCrossing)},
    {"privilege.020", Calls(Call::kLoadIdtEntry)},
    {"privilege.030", Exit(0)},
    {"privilege.040", Exit(13)},
    {"crossing.010", At(Kind::kCrossing)},
    {"crossing.020", At(Kind::kCrossing)},
    {"crossing.030", Exit(kHostTimerVector)},
    {"crossing.040", At(Kind::kCrossing)},
    {"crossing.050", At(Kind::kCrossing)},
    {"crossing.060", At(Kind::kCrossing)},
    {"crossing.070", At(Kind::kCrossing)},
    {"crossing.080", Exit(kLguestTrapEntry)},
    {"crossing.090", Exit(14)},
    {"hypercalls.010", Calls(Call::kUnknown)},
    {"hypercalls.030", Exit(kLguestTrapEntry)},
    {"hypercalls.040", Calls(Call::kLguestInit)},
    {"hypercalls.060", Calls(Call::kShutdown)},
    {"devices.020", Calls(Call::kNotify)},
    {"devices.030", Calls(Call::kNotify)},
    {"time.020", Exit(kHostTimerVector)},
    {"time.030", Calls(Call::kHalt)},
    {"time.040", Calls(Call::kSetClockevent)},
    {"time.050", At(Kind::kInterrupt)},
};

// "[`FILE`](..): `SYMBOL` (compare PLACE)", behind the arrow and its first backtick.
bool ReadPlace(std::string_view line, JourneyStop* stop) {
  const size_t file_end = line.find('`');
  const size_t symbol = line.find(": `");
  if (file_end == std::string_view::npos || symbol == std::string_view::npos)
    return false;
  stop->file = line.substr(0, file_end);
  line.remove_prefix(symbol + 3);
  const size_t symbol_end = line.find('`');
  if (symbol_end == std::string_view::npos) return false;
  stop->symbol = line.substr(0, symbol_end);
  line.remove_prefix(symbol_end + 1);
  if (const size_t at = line.find(kCompare); at != std::string_view::npos) {
    line.remove_prefix(at + kCompare.size());
    stop->compare = line.substr(0, line.find(')'));
  }
  return true;
}

void Trim(std::string* text) {
  while (text->ends_with('\n')) text->pop_back();
  while (text->starts_with('\n')) text->erase(0, 1);
}

}  // namespace

StatusOr<Journey> Journey::Parse(std::string_view markdown) {
  Journey journey;
  int number = 0;
  bool inside = false;
  while (!markdown.empty()) {
    const size_t end = markdown.find('\n');
    const std::string_view line = markdown.substr(0, end);
    markdown.remove_prefix(end == std::string_view::npos ? markdown.size() : end + 1);
    ++number;
    if (line.starts_with(kHeading)) {
      const std::string_view heading = line.substr(kHeading.size());
      const size_t space = heading.find(' ');
      if (inside || space == std::string_view::npos) {
        return Errorf(kDataLoss, "journey:%d: a stop is \"### chapter.NNN Title\"",
                      number);
      }
      JourneyStop stop;
      stop.name = heading.substr(0, space);
      stop.title = heading.substr(space + 1);
      journey.stops_.push_back(std::move(stop));
      inside = true;
    } else if (inside && line.starts_with(kArrow)) {
      JourneyStop& stop = journey.stops_.back();
      if (!ReadPlace(line.substr(kArrow.size()), &stop)) {
        return Errorf(kDataLoss, "journey:%d: the place of %s has no file or no name",
                      number, stop.name);
      }
      Trim(&stop.text);
      inside = false;
    } else if (inside) {
      journey.stops_.back().text += std::string(line) + "\n";
    }
  }
  if (inside) {
    return Errorf(kDataLoss, "journey: %s has no place", journey.stops_.back().name);
  }
  return journey;
}

const JourneyStop* Journey::Find(std::string_view name) const {
  const auto at = std::find_if(stops_.begin(), stops_.end(),
                               [&](const JourneyStop& s) { return s.name == name; });
  return at == stops_.end() ? nullptr : &*at;
}

const JourneyStop* Journey::FindTag(std::string_view tag) const {
  std::string wanted(tag);
  if (const size_t colon = wanted.find(':'); colon != std::string::npos) {
    wanted[colon] = ' ';
  }
  const auto at = std::find_if(stops_.begin(), stops_.end(),
                               [&](const JourneyStop& s) { return s.compare == wanted; });
  return at == stops_.end() ? nullptr : &*at;
}

std::vector<std::string> Journey::Names() const {
  std::vector<std::string> names;
  for (const JourneyStop& stop : stops_) names.push_back(stop.name);
  for (const JourneyLife& life : kLives) names.emplace_back(life.name);
  return names;
}

std::optional<Moment> MomentOf(std::string_view stop) {
  for (const StopMoment& row : kMoments) {
    if (row.stop == stop) return row.moment;
  }
  return std::nullopt;
}

std::span<const JourneyLife> JourneyLives() { return kLives; }

const JourneyLife* FindJourneyLife(std::string_view name) {
  for (const JourneyLife& life : kLives) {
    if (life.name == name) return &life;
  }
  return nullptr;
}

}  // namespace lgx
