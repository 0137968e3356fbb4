#include "debug/journey.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "debug/journey_moments.h"

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
  const JourneyMoment* const moment = FindJourneyMoment(stop);
  return moment == nullptr ? std::nullopt : moment->tour;
}

std::span<const JourneyLife> JourneyLives() { return kLives; }

const JourneyLife* FindJourneyLife(std::string_view name) {
  for (const JourneyLife& life : kLives) {
    if (life.name == name) return &life;
  }
  return nullptr;
}

}  // namespace lgx
