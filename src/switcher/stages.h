// The named stages of a crossing: the numbered steps of host-02, for people.
//
// Twelve lead into the Guest (section 6). On the way back a stub (7.1) comes first, then
// eleven stages (7.2), then a tail (7.3, 7.4).
#ifndef LGX_SWITCHER_STAGES_H_
#define LGX_SWITCHER_STAGES_H_

#include <string>
#include <string_view>

#include "switcher/text.h"

namespace lgx {

struct StageInfo {
  Stage stage;
  std::string_view title;  // as in host-02: "clear host TSS busy"
  u32 number;              // of `of`; 0: a stub or a tail
  u32 of;
  std::string_view section;  // of host-02
  bool into_guest;
};
const StageInfo& InfoOf(Stage stage);

// "Host -> Guest  stage 8/12  CR3", "Guest -> Host  tail  iret".
std::string DescribeStage(Stage stage);

// One stage's instructions in the emitted text. Each stub is a stage of its own.
struct StageRange {
  Stage stage;
  Lin first;
  Lin end;     // one past
  u32 vector;  // of a stub
  bool Contains(Lin eip) const { return first <= eip && eip < end; }
};
// `eip` is an address of the text.
StageRange StageRangeAt(const SwitcherText& text, Lin eip);

}  // namespace lgx

#endif  // LGX_SWITCHER_STAGES_H_
