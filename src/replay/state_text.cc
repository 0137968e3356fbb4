#include "replay/state_text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/byte_writer.h"

namespace lgx {
namespace {

constexpr std::array<const char*, 8> kRegisters = {"EAX", "ECX", "EDX", "EBX",
                                                   "ESP", "EBP", "ESI", "EDI"};
constexpr std::array<const char*, 6> kSegmentNames = {"ES", "CS", "SS", "DS", "FS", "GS"};

// A value of a state, by name.
using Value = std::pair<std::string, u64>;

std::vector<Value> ValuesOf(const Machine& machine) {
  const CpuState& s = machine.cpu().state;
  std::vector<Value> values = {{"instructions", machine.instructions()},
                               {"virtual ns", machine.virtual_ns()}};
  for (u32 i = 0; i < 8; ++i) values.emplace_back(kRegisters[i], s.regs[i]);
  values.emplace_back("EIP", s.eip);
  values.emplace_back("EFLAGS", machine.cpu().Eflags());
  for (u32 i = 0; i < 6; ++i) {
    values.emplace_back(kSegmentNames[i], s.seg[i].selector);
    values.emplace_back(std::string(kSegmentNames[i]) + " base", s.seg[i].base);
    values.emplace_back(std::string(kSegmentNames[i]) + " limit", s.seg[i].limit);
  }
  values.insert(values.end(), {{"CR0", s.cr0},
                               {"CR2", s.cr2},
                               {"CR3", s.cr3},
                               {"CR4", s.cr4},
                               {"CPL", s.cpl},
                               {"GDTR", s.gdtr.base},
                               {"IDTR", s.idtr.base}});
  const Vcpu& cpu = machine.guest().cpu;
  values.insert(values.end(), {{"guest halted", cpu.halted ? 1 : 0},
                               {"guest interrupts pending", cpu.irqs_pending.load()},
                               {"guest alarm", cpu.clock_deadline.value_or(0)},
                               {"shadow slot", machine.guest().shadow.current_slot()}});
  return values;
}

// Which half of memory an address is in, as people want to know it.
std::string NameOfAddress(const Machine& machine, u64 at) {
  const GuestView& view = machine.guest().memory;
  const u64 start = view.ToMachine(Gpa(0)).value;
  if (at >= start && at - start < view.size()) {
    return absl::StrFormat("guest memory at gpa 0x%08x", at - start);
  }
  return absl::StrFormat("host memory at mpa 0x%08x", at);
}

std::string Bytes(const u8* at, u64 len) {
  std::string text;
  for (u64 i = 0; i < std::min<u64>(len, 8); ++i) {
    text += absl::StrFormat("%s%02x", i == 0 ? "" : " ", at[i]);
  }
  return text + (len > 8 ? " ..." : "");
}

// Ranges of bytes that differ; gaps of less than four bytes belong to them.
void CompareMemory(const Machine& a, const Machine& b, std::vector<std::string>* lines) {
  u64 differing = 0;
  u32 ranges = 0;
  for (u32 frame = 0; frame < a.memory().frames(); ++frame) {
    const u8* one = a.memory().ReadPointer(Mfn(frame));
    const u8* two = b.memory().ReadPointer(Mfn(frame));
    if (std::memcmp(one, two, kPageSize) == 0) continue;
    for (u32 at = 0; at < kPageSize;) {
      if (one[at] == two[at]) {
        ++at;
        continue;
      }
      u32 end = at + 1;
      for (u32 next = end; next < kPageSize && next < end + 4; ++next) {
        if (one[next] != two[next]) end = next + 1;
      }
      differing += end - at;
      if (++ranges <= kMostRanges) {
        lines->push_back(absl::StrFormat(
            "%s, %d bytes: %s | %s", NameOfAddress(a, (u64{frame} << kPageShift) + at),
            end - at, Bytes(one + at, end - at), Bytes(two + at, end - at)));
      }
      at = end;
    }
  }
  if (ranges > kMostRanges) {
    lines->push_back(absl::StrFormat("and %d more ranges of memory, %d bytes in all",
                                     ranges - kMostRanges, differing));
  }
}

}  // namespace

std::vector<std::string> CompareMachines(const Machine& a, const Machine& b) {
  std::vector<std::string> lines;
  const std::vector<Value> first = ValuesOf(a), second = ValuesOf(b);
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i].second == second[i].second) continue;
    const bool count = i < 2;
    lines.push_back(absl::StrFormat("%s: %s | %s", first[i].first,
                                    count ? absl::StrFormat("%d", first[i].second)
                                          : absl::StrFormat("0x%08x", first[i].second),
                                    count ? absl::StrFormat("%d", second[i].second)
                                          : absl::StrFormat("0x%08x", second[i].second)));
  }
  if (a.memory().frames() != b.memory().frames()) {
    lines.push_back(absl::StrFormat("memory: %d pages | %d pages", a.memory().frames(),
                                    b.memory().frames()));
    return lines;
  }
  CompareMemory(a, b, &lines);
  if (lines.empty() && a.QuickHash() != b.QuickHash()) {
    lines.push_back("the Host's knowledge of the guest, or the state of a device");
  }
  return lines;
}

}  // namespace lgx
