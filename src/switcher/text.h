// The Switcher's own instructions (host-02 sections 6 and 7).
//
// They are emitted, not assembled by a tool of the system, and run on the emulated CPU at
// CPL 0. The text is position independent; only default_idt_entries knows where it lies.
#ifndef LGX_SWITCHER_TEXT_H_
#define LGX_SWITCHER_TEXT_H_

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "switcher/layout.h"

namespace lgx {

// Every step of the two documents' tables, in the order of the addresses. The eleven
// steps of the way back exist twice, for return_to_host and for deliver_to_host.
enum class Stage : u8 {
  // switch_to_guest (section 6)
  kSaveHost,
  kSaveHostStack,
  kUseRegsStack,
  kLoadGuestGdt,
  kLoadGuestIdt,
  kLoadGuestTss,
  kFreeHostTss,
  kLoadGuestCr3,
  kRestoreGuest,
  kRestoreGuestSegments,
  kSkipTrapNumber,
  kEnterGuest,
  // a stub (section 7.1)
  kStub,
  // the way back (section 7.2)
  kSaveGuest,
  kUseOwnData,
  kFindPages,
  kReadTrapNumber,
  kLoadHostCr3,
  kFreeGuestTss,
  kLoadHostGdt,
  kLoadHostIdt,
  kUseHostStack,
  kLoadHostTss,
  kRestoreHost,
  // the tails (sections 7.3, 7.4 and 8)
  kReturn,
  kFindHandler,
  kCallHandler,
  kDropNmi,
};
inline constexpr u32 kStages = static_cast<u32>(Stage::kDropNmi) + 1;

std::string_view StageName(Stage stage);

struct StagePlace {
  u32 offset;  // in the text
  Stage stage;
};

struct SwitcherText {
  Lin at;  // where it is made for
  std::vector<u8> bytes;
  std::vector<StagePlace> places;  // by offset
  Lin switch_to_guest;
  // For each vector, where its stub is. Host data, not part of the text.
  std::array<u32, kIdtEntries> default_idt_entries;

  // S of the documents.
  u32 Pages() const {
    return (static_cast<u32>(bytes.size()) + kPageSize - 1) / kPageSize;
  }
  bool Contains(Lin eip) const { return eip - at < bytes.size(); }
  // The stage that begins at `eip`.
  std::optional<Stage> StageAt(Lin eip) const;
  // The stage whose instructions `eip` is among; every stub is kStub.
  Stage StageAround(Lin eip) const;
};

SwitcherText AssembleSwitcher(Lin at);

}  // namespace lgx

#endif  // LGX_SWITCHER_TEXT_H_
