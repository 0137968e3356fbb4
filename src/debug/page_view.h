// Page tables for people: the Guest's walk and the CPU's walk side by side, and in words
// what an access would meet (user-interface section 8).
//
// Looking changes nothing, kills nobody, and needs no processor.
#ifndef LGX_DEBUG_PAGE_VIEW_H_
#define LGX_DEBUG_PAGE_VIEW_H_

#include <array>
#include <string>

#include "base/types.h"
#include "hypercalls/guest.h"
#include "mmu/shadow_tables.h"

namespace lgx {

// What is looked at. All of it outlives the view.
struct PageSpace {
  const ShadowTables& shadow;
  const GuestView& memory;
  u32 device_limit = 0;  // as in ShadowOptions
};
PageSpace PageSpaceOf(const Guest& guest);

enum class PageAccess : u8 { kKernelRead, kKernelWrite, kUserRead, kUserWrite };
inline constexpr u32 kPageAccesses = 4;
const char* NameOf(PageAccess access);

// What happens to one access, by the rules of host-07 section 4.
struct PageOutcome {
  enum class Kind : u8 {
    kGoes,        // the shadow entry allows it
    kFills,       // one fault, which the Host answers with an entry
    kGuestFault,  // reflected: the Guest's own page fault
    kDevice,      // handed to the Launcher: a register of a device
    kKills,       // `reason` is lguest's
  };
  Kind kind = Kind::kGoes;
  const char* reason = "";
  u32 error = 0;  // of the page fault, if there is one
};

PageOutcome PredictAccess(const PageSpace& space, const DoubleWalk& walk, Lin v,
                          PageAccess access);

// How far the two tables agree about one page.
enum class PageState : u8 {
  kUnmapped,   // neither has it
  kNotFilled,  // the Guest's tables have it, the shadow not yet
  kClean,      // filled without RW, so that the first write is noticed
  kFilled,     // every access that the Guest's tables allow goes through
  kStale,      // the shadow allows what the Guest's tables no longer say
  kSwitcher,   // the Switcher's region: the Guest's tables do not count
};
const char* NameOf(PageState state);
PageState StateOf(const PageSpace& space, const DoubleWalk& walk, Lin v);

// The sentence behind "=>".
std::string Verdict(const PageSpace& space, const DoubleWalk& walk, Lin v);

// `inspect pages ADDR`: both walks, the verdict, and the four kinds of access.
std::string ViewPage(const PageSpace& space, Lin v);
}  // namespace lgx

#endif  // LGX_DEBUG_PAGE_VIEW_H_
