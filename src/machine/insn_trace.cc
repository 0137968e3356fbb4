#include "machine/insn_trace.h"

#include <algorithm>
#include <initializer_list>

#include "cpu/decode.h"
#include "machine/observe.h"

namespace lgx {
namespace {

// Arguments of one event, as many as are needed.
class Arguments {
 public:
  void Add(const char* key, u64 value) { args_[count_++] = {key, value}; }
  void AddChanged(const char* key, u32 before, u32 after) {
    if (before != after) Add(key, after);
  }
  std::span<const TraceArg> all() const { return std::span(args_).first(count_); }

 private:
  std::array<TraceArg, 32> args_{};
  size_t count_ = 0;
};

constexpr const char* kGprNames[8] = {"eax", "ecx", "edx", "ebx",
                                      "esp", "ebp", "esi", "edi"};
constexpr const char* kSegNames[6] = {"es", "cs", "ss", "ds", "fs", "gs"};

constexpr const char* kPlaceNames[] = {"user", "kernel", "switcher", "host"};

}  // namespace

void AppendHexByte(u8 byte, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  if (!out->empty()) *out += ' ';
  *out += kDigits[byte >> 4];
  *out += kDigits[byte & 15];
}

InsnPlace PlaceOfInsn(const SwitcherText& switcher, u32 cpl, Lin at) {
  if (cpl == 3) return InsnPlace::kUser;
  if (cpl != 0) return InsnPlace::kKernel;
  return switcher.Contains(at) ? InsnPlace::kSwitcher : InsnPlace::kHost;
}

InsnTrace::Registers InsnTrace::RegistersOf(const Cpu& cpu) {
  const CpuState& s = cpu.state;
  Registers r;
  std::copy_n(std::begin(s.regs), r.gpr.size(), r.gpr.begin());
  r.eip = s.eip;
  r.eflags = cpu.Eflags();
  for (size_t i = 0; i < r.seg.size(); i++) r.seg[i] = s.seg[i].selector;
  r.cr0 = s.cr0;
  r.cr2 = s.cr2;
  r.cr3 = s.cr3;
  r.cpl = s.cpl;
  return r;
}

// The instruction at linear_, as far as it can be read.
void InsnTrace::NoteBytes(Cpu& cpu) {
  bytes_.clear();
  std::array<u8, kMaxInsnBytes> raw{};
  u32 count = ObserveLinear(cpu, Lin(linear_), raw);
  RawInsn insn;
  const bool code32 = (cpu.state.seg[1].attr & kAttrDb) != 0;
  if (Decode(std::span(raw).first(count), code32, &insn) == DecodeStatus::kOk) {
    count = insn.length;
  }
  for (u32 i = 0; i < count; i++) AppendHexByte(raw[i], &bytes_);
}

void InsnTrace::BeforeStep(Cpu& cpu) {
  before_ = RegistersOf(cpu);
  linear_ = cpu.state.seg[1].base + cpu.state.eip;
  deliveries_ = cpu.stats().faults + cpu.stats().interrupts;
  NoteBytes(cpu);
}

void InsnTrace::AfterStep(Cpu& cpu) {
  const Registers now = RegistersOf(cpu);
  const bool delivered = cpu.stats().faults + cpu.stats().interrupts != deliveries_;
  Arguments args;
  args.Add("eip", before_.eip);
  args.Add("cpl", before_.cpl);
  for (size_t i = 0; i < now.gpr.size(); i++) {
    args.AddChanged(kGprNames[i], before_.gpr[i], now.gpr[i]);
  }
  args.AddChanged("eflags", before_.eflags, now.eflags);
  for (size_t i = 0; i < now.seg.size(); i++) {
    args.AddChanged(kSegNames[i], before_.seg[i], now.seg[i]);
  }
  args.AddChanged("cr0", before_.cr0, now.cr0);
  args.AddChanged("cr2", before_.cr2, now.cr2);
  args.AddChanged("cr3", before_.cr3, now.cr3);
  if (delivered) args.Add("next_eip", now.eip);
  const InsnPlace place = PlaceOfInsn(switcher_, before_.cpl, Lin(linear_));
  trace_.Event(TraceCategory::kInsn,
               delivered ? "event" : kPlaceNames[static_cast<u8>(place)], args.all(),
               bytes_);
}

}  // namespace lgx
