#include "machine/mem_trace.h"

#include <array>

#include "machine/observe.h"

namespace lgx {
namespace {

constexpr const char* kNames[][2] = {{"user read", "user write"},
                                     {"kernel read", "kernel write"},
                                     {"switcher read", "switcher write"},
                                     {"host read", "host write"}};

u64 NumberOf(std::span<const u8> bytes) {
  u64 value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

MemTrace::MemTrace(Cpu& cpu, const Trace& trace, const SwitcherText& switcher,
                   GuestView guest)
    : cpu_(cpu), trace_(trace), switcher_(switcher), guest_(guest) {
  cpu_.set_access_observer(this);
}

MemTrace::~MemTrace() { cpu_.set_access_observer(nullptr); }

void MemTrace::BeforeStep(Cpu& cpu) {
  stepping_ = true;
  accesses_.clear();
  eip_ = cpu.state.eip;
  cpl_ = cpu.state.cpl;
  insn_ = Lin(cpu.state.seg[1].base + eip_);
}

void MemTrace::OnData(DataAccess kind, Lin at, std::span<const u8> bytes) {
  if (!stepping_) return;
  const Mpa machine = ObserveAddress(cpu_, at).value_or(Mpa(0));
  const bool write = kind == DataAccess::kWrite;
  accesses_.push_back({write, false, at, machine, {bytes.begin(), bytes.end()}});
  if (kind != DataAccess::kModify) return;
  accesses_.push_back({true, true, at, machine, std::vector<u8>(bytes.size())});
}

void MemTrace::AfterStep(Cpu& cpu) {
  stepping_ = false;
  for (Access& access : accesses_) {
    if (access.open) (void)ObserveLinear(cpu, access.at, access.bytes);
    Tell(access);
  }
}

void MemTrace::Tell(const Access& access) const {
  const auto place = static_cast<size_t>(PlaceOfInsn(switcher_, cpl_, insn_));
  const std::optional<Gpa> gpa = guest_.FromMachine(access.machine);
  std::array<TraceArg, 6> args = {{
      {"eip", eip_},
      {"cpl", cpl_},
      {"lin", access.at.value},
      {gpa ? "gpa" : "mpa", gpa ? u64{gpa->value} : access.machine.value},
      {"bytes", access.bytes.size()},
      {"value", 0},
  }};
  std::string hex;
  size_t count = args.size();
  if (access.bytes.size() <= sizeof(u64)) {
    args.back().value = NumberOf(access.bytes);
  } else {
    --count;
    for (const u8 byte : access.bytes) AppendHexByte(byte, &hex);
  }
  trace_.Event(TraceCategory::kMem, kNames[place][access.write ? 1 : 0],
               std::span(args).first(count), hex);
}

}  // namespace lgx
