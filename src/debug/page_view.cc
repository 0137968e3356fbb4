#include "debug/page_view.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "mmu/page_walk.h"
#include "mmu/pte.h"

namespace lgx {
namespace {

using Kind = PageOutcome::Kind;

constexpr u32 kRights = kPteRw | kPteUser;

constexpr u32 NeededFor(PageAccess access) {
  const bool write =
      access == PageAccess::kKernelWrite || access == PageAccess::kUserWrite;
  const bool user = access == PageAccess::kUserRead || access == PageAccess::kUserWrite;
  return (write ? kPteRw : 0) | (user ? kPteUser : 0);
}

bool Present(const std::optional<u64>& entry) {
  return entry && (*entry & kPtePresent) != 0;
}

const DoubleWalk::Level& Last(const DoubleWalk& walk) {
  return walk.level[walk.levels - 1];
}

// The levels whose flags count: with PAE a PDPT entry has no rights.
u32 FirstWithRights(const DoubleWalk& walk) { return walk.levels == 3 ? 1 : 0; }

// Nothing: some level is not present. Otherwise the rights of all of them together.
std::optional<u32> ShadowRights(const DoubleWalk& walk) {
  u32 rights = kRights;
  for (u32 i = 0; i < walk.levels; ++i) {
    const std::optional<u64>& entry = walk.level[i].shadow;
    if (!Present(entry)) return std::nullopt;
    if (i >= FirstWithRights(walk)) rights &= static_cast<u32>(*entry);
  }
  return rights;
}
std::optional<u32> GuestRights(const DoubleWalk& walk) {
  u32 rights = kRights;
  for (u32 i = 0; i < walk.levels; ++i) {
    const std::optional<u64>& entry = walk.level[i].guest;
    if (!Present(entry)) return std::nullopt;
    if (i >= FirstWithRights(walk)) rights &= static_cast<u32>(*entry);
  }
  return rights;
}

u64 PageNumberOf(const DoubleWalk& walk, u64 last_entry) {
  const u64 bits = walk.levels == 3 ? Pae::kPteFrameBits : TwoLevel::kPteFrameBits;
  return (last_entry & bits) >> kPageShift;
}

// An upper entry of the Guest's tables, when the shadow table below it is made.
bool UpperEntryIsBad(const PageSpace& space, const DoubleWalk& walk, u32 level) {
  const u64 raw = *walk.level[level].guest;
  u32 allowed = kPageTableFlags;
  if (walk.levels == 3 && level == 0) allowed = Pae::kPgdFlags;
  return (raw & kPageMask & ~u64{allowed}) != 0 ||
         raw >> kPageShift >= space.memory.page_limit();
}

bool InSwitcher(const PageSpace& space, Lin v) {
  return v >= SwitcherAddr(space.shadow.mode());
}

// demand_page as far as the level above the last (host-07 section 4, steps 1 to 4).
// Nothing: it goes on.
std::optional<PageOutcome> PredictUpper(const PageSpace& space, const DoubleWalk& walk,
                                        Lin v, u32 error) {
  for (u32 i = 0; i + 1 < walk.levels; ++i) {
    const DoubleWalk::Level& level = walk.level[i];
    if (!level.guest) return PageOutcome{Kind::kKills, "bad read address", error};
    if (!Present(level.guest)) {
      return PageOutcome{Kind::kGuestFault, "its directory has no entry", error};
    }
    if (i + 2 == walk.levels && InSwitcher(space, v)) {
      return PageOutcome{Kind::kKills, "attempt to access switcher pages", error};
    }
    if (!Present(level.shadow) && UpperEntryIsBad(space, walk, i)) {
      return PageOutcome{
          Kind::kKills,
          i == 0 ? "bad page directory entry" : "bad page middle directory entry", error};
    }
  }
  return std::nullopt;
}

PageOutcome PredictFault(const PageSpace& space, const DoubleWalk& walk, Lin v,
                         u32 needed, u32 error) {
  if (const auto outcome = PredictUpper(space, walk, v, error)) return *outcome;
  const std::optional<u64>& gpte = Last(walk).guest;
  if (!gpte) return {Kind::kKills, "bad read address", error};
  if (!Present(gpte)) return {Kind::kGuestFault, "its entry is not present", error};
  if ((*gpte & needed) != needed) {
    const bool user = (needed & ~*gpte & kPteUser) != 0;
    return {Kind::kGuestFault,
            user ? "its entry is for the kernel alone" : "its entry is read-only", error};
  }
  // The flags of the level above were copied when its shadow was made.
  const DoubleWalk::Level& upper = walk.level[walk.levels - 2];
  const u64 flags = Present(upper.shadow) ? *upper.shadow : *upper.guest;
  if ((flags & needed) != needed) {
    return {Kind::kGuestFault, "the directory above forbids it", error};
  }
  const u64 page = PageNumberOf(walk, *gpte);
  const bool large = (*gpte & kPtePse) != 0;
  if (!large && page >= space.memory.page_limit() && page < space.device_limit) {
    return {Kind::kDevice, "a device has its registers there", error};
  }
  if (large || page >= space.memory.page_limit()) {
    return {Kind::kKills, "bad page table entry", error};
  }
  return {Kind::kFills, "", error};
}

// --- words

const char* OutcomeWords(Kind kind) {
  switch (kind) {
    case Kind::kGoes:
      return "goes through";
    case Kind::kFills:
      return "faults once, filled by the Host";
    case Kind::kGuestFault:
      return "the Guest's own fault";
    case Kind::kDevice:
      return "handed to the Launcher";
    case Kind::kKills:
      return "the Guest is killed";
  }
  return "?";
}

bool Allowed(const PageOutcome& outcome) {
  return outcome.kind == Kind::kGoes || outcome.kind == Kind::kFills;
}

struct Outcomes {
  PageOutcome of[kPageAccesses];
  const PageOutcome& At(PageAccess access) const { return of[static_cast<u32>(access)]; }
};

Outcomes PredictAll(const PageSpace& space, const DoubleWalk& walk, Lin v) {
  Outcomes all;
  for (u32 i = 0; i < kPageAccesses; ++i) {
    all.of[i] = PredictAccess(space, walk, v, static_cast<PageAccess>(i));
  }
  return all;
}

std::string WhoMay(const Outcomes& all) {
  const bool user_reads = Allowed(all.At(PageAccess::kUserRead));
  const bool user_writes = Allowed(all.At(PageAccess::kUserWrite));
  const bool kernel_writes = Allowed(all.At(PageAccess::kKernelWrite));
  if (user_writes) return "writable for the Guest";
  if (user_reads) {
    return kernel_writes ? "readable for its programs, writable for its kernel"
                         : "readable for the Guest";
  }
  return kernel_writes ? "writable for the Guest kernel alone"
                       : "readable for the Guest kernel alone";
}

std::string LevelName(const DoubleWalk& walk, u32 level) {
  if (level + 1 == walk.levels) return "tbl";
  if (walk.levels == 3) return level == 0 ? "ptr" : "dir";
  return "dir";
}

std::string EntryText(const DoubleWalk& walk, u32 level, const std::optional<u64>& entry,
                      bool guest, bool reached) {
  if (!entry) return guest && reached ? "outside Guest memory" : "-";
  if (walk.levels == 3) {
    // The four entries of the top have neither rights nor A.
    if (level == 0 && Present(entry)) return absl::StrFormat("0x%016x P", *entry);
    return absl::StrFormat("0x%016x %s", *entry, DescribeEntry(*entry));
  }
  return absl::StrFormat("0x%08x %s", *entry, DescribeEntry(*entry));
}

std::string Faulting(const PageOutcome& outcome) {
  std::string text = OutcomeWords(outcome.kind);
  if (outcome.kind == Kind::kGoes || outcome.kind == Kind::kFills) return text;
  if (outcome.kind == Kind::kKills)
    return absl::StrFormat("%s: %s", text, outcome.reason);
  return absl::StrFormat("%s, error code %d: %s", text, outcome.error, outcome.reason);
}

}  // namespace

PageSpace PageSpaceOf(const Guest& guest) {
  return {guest.shadow, guest.memory, guest.options.shadow.device_limit};
}

const char* NameOf(PageAccess access) {
  switch (access) {
    case PageAccess::kKernelRead:
      return "kernel read";
    case PageAccess::kKernelWrite:
      return "kernel write";
    case PageAccess::kUserRead:
      return "user read";
    case PageAccess::kUserWrite:
      return "user write";
  }
  return "?";
}

const char* NameOf(PageState state) {
  switch (state) {
    case PageState::kUnmapped:
      return "unmapped";
    case PageState::kNotFilled:
      return "not filled";
    case PageState::kClean:
      return "clean";
    case PageState::kFilled:
      return "filled";
    case PageState::kStale:
      return "stale";
    case PageState::kSwitcher:
      return "Switcher";
  }
  return "?";
}

// The CPU looks into the shadow tables, with CR0.WP set; where they say no, demand_page
// looks into the Guest's.
PageOutcome PredictAccess(const PageSpace& space, const DoubleWalk& walk, Lin v,
                          PageAccess access) {
  const u32 needed = NeededFor(access);
  const std::optional<u32> rights = ShadowRights(walk);
  if (rights && (*rights & needed) == needed) return {Kind::kGoes, "", 0};
  const u32 error = (rights ? kPfPresent : 0) | ((needed & kPteRw) != 0 ? kPfWrite : 0) |
                    ((needed & kPteUser) != 0 ? kPfUser : 0);
  return PredictFault(space, walk, v, needed, error);
}

PageState StateOf(const PageSpace& space, const DoubleWalk& walk, Lin v) {
  if (InSwitcher(space, v)) return PageState::kSwitcher;
  const std::optional<u32> guest = GuestRights(walk);
  const std::optional<u32> shadow = ShadowRights(walk);
  if (!guest && !shadow) return PageState::kUnmapped;
  if (!shadow) return PageState::kNotFilled;
  if (!guest) return PageState::kStale;
  const Mfn frame(static_cast<u32>(PageNumberOf(walk, *Last(walk).shadow)));
  const u64 page = PageNumberOf(walk, *Last(walk).guest);
  const bool same_page = page < space.memory.page_limit() &&
                         space.memory.FrameOf(Gfn(static_cast<u32>(page))) == frame;
  if (!same_page || (*shadow & ~*guest) != 0) return PageState::kStale;
  return *shadow == *guest ? PageState::kFilled : PageState::kClean;
}

std::string Verdict(const PageSpace& space, const DoubleWalk& walk, Lin v) {
  const Outcomes all = PredictAll(space, walk, v);
  const PageOutcome& first = all.At(PageAccess::kKernelRead);
  switch (StateOf(space, walk, v)) {
    case PageState::kSwitcher:
      return "the Switcher's region: the same in every table, and no business of the "
             "Guest";
    case PageState::kUnmapped:
      if (first.kind == Kind::kKills) {
        return absl::StrFormat("any access kills the Guest: %s", first.reason);
      }
      return "not mapped by the Guest: any access is its own page fault";
    case PageState::kNotFilled:
      if (first.kind == Kind::kKills) {
        return absl::StrFormat("the first access kills the Guest: %s", first.reason);
      }
      if (first.kind == Kind::kDevice) {
        return "a device: every access faults, and the Launcher acts it out";
      }
      return WhoMay(all) + ", not yet filled: the next read faults once, invisibly";
    case PageState::kClean:
      if (all.At(PageAccess::kKernelWrite).kind == Kind::kFills) {
        return WhoMay(all) +
               ", filled read-only: the first write faults once, invisibly, and marks "
               "the page dirty";
      }
      return WhoMay(all) + ", filled with fewer rights than the Guest's tables give now";
    case PageState::kFilled:
      return WhoMay(all) + ", filled: nothing that the Guest allows faults";
    case PageState::kStale:
      return "stale: the CPU still uses an entry that the Guest has changed and not "
             "announced";
  }
  return "?";
}

std::string ViewPage(const PageSpace& space, Lin v) {
  const DoubleWalk walk = space.shadow.Observe(v);
  const int width = walk.levels == 3 ? 38 : 30;
  std::string out = absl::StrFormat(
      "linear 0x%08x   %-*sshadow slot %d, root mpa 0x%08x\n", v.value, width + 2,
      absl::StrFormat("guest cr3 gpa 0x%08x", space.shadow.CurrentGpgdir().value),
      space.shadow.current_slot(), space.shadow.RootOfCurrent().value);
  bool reached = true;
  for (u32 i = 0; i < walk.levels; ++i) {
    const DoubleWalk::Level& level = walk.level[i];
    out +=
        absl::StrFormat("  %s  0x%03x        %-*s%s\n", LevelName(walk, i), level.index,
                        width + 2, EntryText(walk, i, level.guest, true, reached),
                        EntryText(walk, i, level.shadow, false, false));
    reached = Present(level.guest);
  }
  out += absl::StrFormat("  page              %-*s%s\n", width + 2,
                         walk.gpa ? absl::StrFormat("gpa 0x%08x", walk.gpa->value) : "-",
                         walk.mpa ? absl::StrFormat("mpa 0x%08x", walk.mpa->value) : "-");
  out += absl::StrFormat("  => %s\n", Verdict(space, walk, v));
  if (StateOf(space, walk, v) == PageState::kSwitcher) return out;
  for (u32 i = 0; i < kPageAccesses; ++i) {
    const auto access = static_cast<PageAccess>(i);
    out += absl::StrFormat("     %-13s %s\n", NameOf(access),
                           Faulting(PredictAccess(space, walk, v, access)));
  }
  return out;
}

}  // namespace lgx
