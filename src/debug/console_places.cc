// The console's commands about stop places.
#include "absl/strings/str_format.h"
#include "debug/console.h"
#include "machine/config.h"

namespace lgx {
namespace {

std::string AccessText(const StopPlace& place) {
  if (place.access == StopPlace::kExecute) return "break";
  if (place.only_changes) return "change";
  if ((place.access & StopPlace::kRead) == 0) return "write";
  return (place.access & StopPlace::kWrite) == 0 ? "read" : "access";
}

std::string PlaceText(const StopPlace& place, const Symbols& symbols) {
  std::string text = absl::StrFormat("%-3d %-7s%s", place.id, AccessText(place),
                                     AddressText({place.space, place.address}));
  if (place.access != StopPlace::kExecute) {
    text += absl::StrFormat(", %d bytes", place.len);
  }
  if (place.space == Space::kLinear) {
    const std::string name = symbols.Describe(Lin(static_cast<u32>(place.address)));
    if (!name.empty()) text += " <" + name + ">";
  }
  if (place.hits != 0)
    text +=
        place.hits == 1 ? ", hit once" : absl::StrFormat(", hit %d times", place.hits);
  if (!place.enabled) text += ", off";
  return text + "\n";
}

// The letters and the size behind the address of `watch`.
Status ReadWatchOptions(std::string_view text, StopPlace* place) {
  u8 access = 0;
  while (!text.empty()) {
    text.remove_prefix(1);  // the comma
    const size_t comma = text.find(',');
    const std::string word(text.substr(0, comma));
    text = comma == std::string_view::npos ? "" : text.substr(comma);
    if (word == "r") {
      access |= StopPlace::kRead;
    } else if (word == "w") {
      access |= StopPlace::kWrite;
    } else if (word == "x") {
      access |= StopPlace::kExecute;
    } else {
      const StatusOr<u64> bytes = ParseNumber(word);
      if (!bytes.ok() || *bytes > kPageSize) {
        return Errorf(kInvalidArgument,
                      "\"%s\" is not one of r, w, x, or a number of bytes up to %d", word,
                      kPageSize);
      }
      place->len = static_cast<u32>(*bytes);
    }
  }
  place->only_changes = access == 0;
  place->access = access == 0 ? u8{StopPlace::kWrite} : access;
  return absl::OkStatus();
}

}  // namespace

Status DebugConsole::DoBreak(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  if (words.empty()) {
    std::string text;
    for (const StopPlace& place : parts_.control.places()) {
      text += PlaceText(place, parts_.symbols);
    }
    Say(text.empty() ? "no stops are set\n" : text);
    return absl::OkStatus();
  }
  const StatusOr<TypedAddress> at = Address(words[0]);
  if (!at.ok()) return at.status();
  StopPlace place;
  place.space = at->space;
  place.address = at->value;
  const StatusOr<u32> id = parts_.control.Add(place);
  if (!id.ok()) return id.status();
  Say(PlaceText(*parts_.control.Find(*id), parts_.symbols));
  return absl::OkStatus();
}

Status DebugConsole::DoWatch(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  if (words.empty()) return DoBreak({});
  const size_t comma = std::min(words[0].find(','), words[0].size());
  const StatusOr<TypedAddress> at = Address(words[0].substr(0, comma));
  if (!at.ok()) return at.status();
  StopPlace place;
  place.space = at->space;
  place.address = at->value;
  place.len = 4;
  LGX_RETURN_IF_ERROR(ReadWatchOptions(words[0].substr(comma), &place));
  if (place.access == StopPlace::kExecute) place.len = 1;
  const StatusOr<u32> id = parts_.control.Add(place);
  if (!id.ok()) return id.status();
  Say(PlaceText(*parts_.control.Find(*id), parts_.symbols));
  return absl::OkStatus();
}

namespace {

StatusOr<u32> StopNumber(RunControl& control, const std::string& word) {
  const StatusOr<u64> number = ParseNumber(word);
  if (number.ok() && *number <= ~u32{0} &&
      control.Find(static_cast<u32>(*number)) != nullptr) {
    return static_cast<u32>(*number);
  }
  return Errorf(kInvalidArgument, "there is no stop \"%s\"; break lists them", word);
}

}  // namespace

Status DebugConsole::DoDelete(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  if (words.empty()) {
    return Errorf(kInvalidArgument, "say which stop: delete 1, or delete all");
  }
  RunControl& control = parts_.control;
  if (words[0] == "all") {
    while (!control.places().empty()) control.Remove(control.places().front().id);
    return absl::OkStatus();
  }
  const StatusOr<u32> id = StopNumber(control, words[0]);
  if (!id.ok()) return id.status();
  control.Remove(*id);
  return absl::OkStatus();
}

Status DebugConsole::DoEnable(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 2));
  if (words.size() < 2 || (words[1] != "on" && words[1] != "off")) {
    return Errorf(kInvalidArgument, "say which stop and whether: enable 1 off");
  }
  const StatusOr<u32> id = StopNumber(parts_.control, words[0]);
  if (!id.ok()) return id.status();
  StopPlace* const place = parts_.control.Find(*id);
  place->enabled = words[1] == "on";
  Say(PlaceText(*place, parts_.symbols));
  return absl::OkStatus();
}

}  // namespace lgx
