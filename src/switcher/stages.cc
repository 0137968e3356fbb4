#include "switcher/stages.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/check.h"

namespace lgx {
namespace {

constexpr std::string_view kIn = "6";
constexpr std::string_view kBack = "7.2";

constexpr StageInfo kInfos[kStages] = {
    {Stage::kSaveHost, "save host registers", 1, 12, kIn, true},
    {Stage::kSaveHostStack, "save host stack", 2, 12, kIn, true},
    {Stage::kUseRegsStack, "switch stack", 3, 12, kIn, true},
    {Stage::kLoadGuestGdt, "GDT", 4, 12, kIn, true},
    {Stage::kLoadGuestIdt, "IDT", 5, 12, kIn, true},
    {Stage::kLoadGuestTss, "TR", 6, 12, kIn, true},
    {Stage::kFreeHostTss, "clear host TSS busy", 7, 12, kIn, true},
    {Stage::kLoadGuestCr3, "CR3", 8, 12, kIn, true},
    {Stage::kRestoreGuest, "pop general registers", 9, 12, kIn, true},
    {Stage::kRestoreGuestSegments, "pop segments", 10, 12, kIn, true},
    {Stage::kSkipTrapNumber, "skip trap words", 11, 12, kIn, true},
    {Stage::kEnterGuest, "iret", 12, 12, kIn, true},
    {Stage::kStub, "stub", 0, 0, "7.1", false},
    {Stage::kSaveGuest, "push registers", 1, 11, kBack, false},
    {Stage::kUseOwnData, "flat DS", 2, 11, kBack, false},
    {Stage::kFindPages, "find pages", 3, 11, kBack, false},
    {Stage::kReadTrapNumber, "read trap number", 4, 11, kBack, false},
    {Stage::kLoadHostCr3, "CR3", 5, 11, kBack, false},
    {Stage::kFreeGuestTss, "clear guest TSS busy", 6, 11, kBack, false},
    {Stage::kLoadHostGdt, "GDT", 7, 11, kBack, false},
    {Stage::kLoadHostIdt, "IDT", 8, 11, kBack, false},
    {Stage::kUseHostStack, "stack", 9, 11, kBack, false},
    {Stage::kLoadHostTss, "TR", 10, 11, kBack, false},
    {Stage::kRestoreHost, "pop host registers", 11, 11, kBack, false},
    {Stage::kReturn, "iret", 0, 0, "7.3", false},
    {Stage::kFindHandler, "deliver: find the handler", 0, 0, "7.4", false},
    {Stage::kCallHandler, "deliver: jump to the handler", 0, 0, "7.4", false},
    {Stage::kDropNmi, "drop NMI", 0, 0, "8", false},
};

}  // namespace

const StageInfo& InfoOf(Stage stage) {
  const StageInfo& info = kInfos[static_cast<u32>(stage)];
  CHECK(info.stage == stage) << "the rows are not in the order of the stages";
  return info;
}

std::string DescribeStage(Stage stage) {
  const StageInfo& info = InfoOf(stage);
  const char* const way = info.into_guest ? "Host -> Guest" : "Guest -> Host";
  if (info.number != 0) {
    return absl::StrFormat("%s  stage %d/%d  %s", way, info.number, info.of, info.title);
  }
  if (stage == Stage::kStub) return absl::StrFormat("%s  stub", way);
  return absl::StrFormat("%s  tail  %s", way, info.title);
}

StageRange StageRangeAt(const SwitcherText& text, Lin eip) {
  CHECK(text.Contains(eip)) << "not an address of the Switcher";
  const u32 offset = eip - text.at;
  const auto behind =
      std::upper_bound(text.places.begin(), text.places.end(), offset,
                       [](u32 wanted, const StagePlace& p) { return wanted < p.offset; });
  const StagePlace& place = *std::prev(behind);
  StageRange range{
      place.stage, text.at + place.offset,
      text.at + (behind == text.places.end() ? static_cast<u32>(text.bytes.size())
                                             : behind->offset),
      0};
  if (range.stage == Stage::kStub) {
    const auto& stubs = text.default_idt_entries;  // in rising order
    range.vector = static_cast<u32>(
        std::upper_bound(stubs.begin(), stubs.end(), eip.value) - stubs.begin() - 1);
  }
  return range;
}

}  // namespace lgx
