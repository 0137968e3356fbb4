#include "debug/page_map.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "mmu/pte.h"

namespace lgx {
namespace {

bool Present(const std::optional<u64>& entry) {
  return entry && (*entry & kPtePresent) != 0;
}

struct Page {
  PageState state = PageState::kUnmapped;
  std::string rights;  // of the Guest's entries, all levels together
  std::optional<Gpa> gpa;
};

std::string RightsOf(const DoubleWalk& walk) {
  u32 rights = kPteRw | kPteUser;
  for (u32 i = 0; i < walk.levels; ++i) {
    if (!Present(walk.level[i].guest)) return "-";
    if (walk.levels == 2 || i > 0) rights &= static_cast<u32>(*walk.level[i].guest);
  }
  std::string text = (rights & kPteUser) != 0 ? "U " : "S ";
  return text + ((rights & kPteRw) != 0 ? "W" : "R");
}

// Calls fn(first page, Page) for every page that either table maps, in rising order. What
// no upper entry leads to is skipped as a whole.
template <typename Fn>
void ForEachPage(const PageSpace& space, Fn fn) {
  const bool pae = space.shadow.mode() == PagingMode::kPae;
  u64 at = 0;
  while (at < u64{1} << 32) {
    const Lin v(static_cast<u32>(at));
    const DoubleWalk walk = space.shadow.Observe(v);
    u64 step = kPageSize;
    for (u32 i = 0; i + 1 < walk.levels; ++i) {
      if (Present(walk.level[i].guest) || Present(walk.level[i].shadow)) continue;
      const u32 shift = !pae     ? TwoLevel::kPgdShift
                        : i == 0 ? Pae::kPgdShift
                                 : Pae::kPmdShift;
      step = u64{1} << shift;
      break;
    }
    const PageState state = StateOf(space, walk, v);
    const bool switcher = state == PageState::kSwitcher;
    const bool shown = switcher ? walk.mpa.has_value() : state != PageState::kUnmapped;
    if (step == kPageSize && shown) {
      fn(v, Page{state, switcher ? "-" : RightsOf(walk),
                 switcher ? std::nullopt : walk.gpa});
    }
    at = (at & ~(step - 1)) + step;
  }
}

// Pages in a row that look alike.
struct Range {
  Lin first;
  Lin last;
  std::string rights;
  PageState state = PageState::kUnmapped;
  std::optional<Gpa> gpa;  // of the first page
  bool contiguous = true;
  u32 pages = 0;
  u32 filled = 0;
  u32 clean = 0;
  u32 stale = 0;
};

void Add(const Page& page, Lin v, Range* range) {
  if (range->pages != 0) {
    const bool next = page.gpa && range->gpa &&
                      page.gpa->value == range->gpa->value + range->pages * kPageSize;
    range->contiguous = range->contiguous && next;
  }
  range->last = v;
  ++range->pages;
  range->filled += page.state == PageState::kFilled ? 1 : 0;
  range->clean += page.state == PageState::kClean ? 1 : 0;
  range->stale += page.state == PageState::kStale ? 1 : 0;
}

// Calls fn(Range) for each run of neighbours that `same` cannot tell apart.
template <typename Same, typename Fn>
void ForEachRange(const PageSpace& space, Same same, Fn fn) {
  Range range;
  ForEachPage(space, [&](Lin v, const Page& page) {
    const bool joins =
        range.pages != 0 && v == range.last + kPageSize && same(range, page);
    if (!joins) {
      if (range.pages != 0) fn(range);
      range = Range();
      range.first = v;
      range.rights = page.rights;
      range.state = page.state;
      range.gpa = page.gpa;
    }
    Add(page, v, &range);
  });
  if (range.pages != 0) fn(range);
}

std::string Place(const Range& range) {
  return absl::StrFormat("0x%08x-0x%08x %6d", range.first.value,
                         range.last.value + (kPageSize - 1), range.pages);
}

std::string GpaText(const Range& range) {
  if (!range.gpa) return "-";
  if (!range.contiguous) return "scattered";
  return absl::StrFormat("0x%08x", GpaOf(GfnOf(*range.gpa)).value);
}

std::string Header(const PageSpace& space) {
  return absl::StrFormat("guest cr3 gpa 0x%08x, shadow slot %d, root mpa 0x%08x\n",
                         space.shadow.CurrentGpgdir().value, space.shadow.current_slot(),
                         space.shadow.RootOfCurrent().value);
}

const char* Meaning(PageState state) {
  switch (state) {
    case PageState::kNotFilled:
      return "not filled: the first touch faults, invisibly";
    case PageState::kClean:
      return "clean: mapped read-only until the first write";
    case PageState::kStale:
      return "stale: changed by the Guest and not announced";
    default:
      return "?";
  }
}

}  // namespace

std::string ViewPageMap(const PageSpace& space) {
  std::string out = Header(space);
  out += "linear                 pages  guest-physical  guest  in the shadow tables\n";
  const auto same = [](const Range& range, const Page& page) {
    const bool switcher = range.state == PageState::kSwitcher;
    return switcher == (page.state == PageState::kSwitcher) &&
           range.rights == page.rights;
  };
  ForEachRange(space, same, [&](const Range& range) {
    out +=
        absl::StrFormat("%s  %-14s  %-5s  ", Place(range), GpaText(range), range.rights);
    if (range.state == PageState::kSwitcher) {
      out += "the Switcher's pages\n";
      return;
    }
    out += absl::StrFormat("%d", range.filled + range.clean + range.stale);
    if (range.clean != 0) out += absl::StrFormat(", %d clean", range.clean);
    if (range.stale != 0) out += absl::StrFormat(", %d stale", range.stale);
    out += '\n';
  });
  return out;
}

std::string ViewPageDifferences(const PageSpace& space) {
  std::string out = Header(space);
  u32 count = 0;
  const auto same = [](const Range& range, const Page& page) {
    return range.rights == page.rights && range.state == page.state;
  };
  ForEachRange(space, same, [&](const Range& range) {
    if (range.state == PageState::kFilled || range.state == PageState::kSwitcher) return;
    if (count++ == 0) out += "linear                 pages  guest-physical  guest\n";
    out += absl::StrFormat("%s  %-14s  %-5s  %s\n", Place(range), GpaText(range),
                           range.rights, Meaning(range.state));
  });
  if (count == 0) out += "the tables agree everywhere\n";
  return out;
}

}  // namespace lgx
