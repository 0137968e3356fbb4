#include "machine/trap_emulator.h"

#include <array>

#include "absl/strings/str_format.h"
#include "base/bits.h"
#include "base/check.h"
#include "base/endian.h"
#include "hypercalls/trap_forward.h"

namespace lgx {
namespace {

constexpr u32 kPortTrap = 13;
constexpr u32 kMemoryTrap = 14;

constexpr u16 kKeyboardStatus = 0x64;
constexpr u32 kSomethingToRead = 1;  // so that probing for a keyboard ends quickly

constexpr std::array<u32, 8> kByNumber = {pt_regs::kAx, pt_regs::kCx, pt_regs::kDx,
                                          pt_regs::kBx, pt_regs::kSp, pt_regs::kBp,
                                          pt_regs::kSi, pt_regs::kDi};

// A register of one byte: 0-3 are the low bytes, 4-7 the second ones of the same four.
struct ByteRegister {
  u32 reg;
  u32 shift;
};
ByteRegister ByteOf(u8 number) { return {kByNumber[number & 3], number < 4 ? 0u : 8u}; }

u32 Ones(u32 width) { return LowMask<u32>(8 * width); }

}  // namespace

u32 TrapEmulator::Get(u32 reg) const {
  const u32 words[] = {kLhreqGetreg, reg};
  CHECK(file_->Write(words, task_) == sizeof words) << "register " << reg;
  u8 bytes[4];
  CHECK(file_->Read(bytes, task_) == sizeof bytes) << "register " << reg;
  return LoadLe<u32>(bytes);
}

void TrapEmulator::Set(u32 reg, u32 value) {
  const u32 words[] = {kLhreqSetreg, reg, value};
  CHECK(file_->Write(words, task_) == sizeof words) << "register " << reg;
}

void TrapEmulator::Skip(u32 length) { Set(pt_regs::kIp, Get(pt_regs::kIp) + length); }

//: machine.050 Acting out an instruction
// The Host has stopped the Guest in the middle of an IN, an OUT, or a MOV that went to a
// device, and says so with the bytes of the instruction. What the processor would have
// done is done here by hand: find the operands, ask the bus, put the answer into the
// register, and move EIP on. It takes a few calls of the Host for each, and a kernel that
// looks for its devices does it thousands of times. A real Launcher did no less.
//:
MaybeViolation TrapEmulator::Handle(std::span<const u8> pending) {
  CHECK(pending.size() == PendingTrap::kSize);
  const u32 trap = pending[0];
  const std::span<const u8> bytes = pending.subspan(1, PendingTrap::kInsnBytes);
  const u32 addr = LoadLe<u32>(pending.data() + 1 + PendingTrap::kInsnBytes);
  MaybeViolation bad;
  bool done = false;
  if (trap == kPortTrap) {
    const std::optional<PortInsn> insn = DecodePortInsn(bytes);
    done = insn && ActPort(*insn, &bad);
  } else if (trap == kMemoryTrap) {
    const std::optional<MovInsn> insn = DecodeMovInsn(bytes);
    done = insn && ActMov(*insn, addr, &bad);
  }
  return done ? bad : GiveBack(trap);
}

MaybeViolation TrapEmulator::GiveBack(u32 trap) {
  const u32 words[] = {kLhreqTrap, trap};
  if (file_->Write(words, task_) == 0) return std::nullopt;
  return Violation{ViolationKind::kUnhandledTrap,
                   absl::StrFormat("unhandled trap %d at 0x%x", trap, Get(pt_regs::kIp)),
                   "", -1, -1};
}

// --- ports

bool TrapEmulator::ActPort(const PortInsn& insn, MaybeViolation* bad) {
  if ((Get(pt_regs::kCs) & 3) != kGuestPl) return false;
  if (insn.kind != PortInsn::Kind::kCli) {
    const u16 port = insn.port ? *insn.port : static_cast<u16>(Get(pt_regs::kDx));
    const u32 eax = Get(pt_regs::kAx);
    if (insn.kind == PortInsn::Kind::kOut) {
      *bad = WritePort(port, insn.width, eax & Ones(insn.width));
    } else {
      Set(pt_regs::kAx, WithBits(eax, 0, 8 * insn.width, ReadPort(port, insn.width)));
    }
  }
  Skip(insn.length);
  return true;
}

// What is at a port?
//   0x64             a keyboard controller that always has something to say
//   0xcf8 ... 0xcff  the PCI bus
//   any other        nobody: ones, and writing changes nothing
u32 TrapEmulator::ReadPort(u16 port, u32 width) {
  if (PciBus::OwnsPort(port)) return bus_->ReadPort(port, width);
  return port == kKeyboardStatus ? kSomethingToRead : Ones(width);
}

MaybeViolation TrapEmulator::WritePort(u16 port, u32 width, u32 value) {
  if (PciBus::OwnsPort(port)) return bus_->WritePort(port, width, value);
  return std::nullopt;
}

// --- device memory

u32 TrapEmulator::AddressOf(const MovInsn& insn) const {
  u32 address = insn.displacement;
  if (insn.base != kNoRegister) address += Get(kByNumber[insn.base]);
  if (insn.index != kNoRegister) address += Get(kByNumber[insn.index]) << insn.scale;
  return address;
}

bool TrapEmulator::ActMov(const MovInsn& insn, u32 addr, MaybeViolation* bad) {
  const Gpa at(addr);
  if (PageOffset(at) > kPageSize - insn.width) return false;
  // The fault says where the processor stopped; an access that began on the page before
  // stopped at the start of this one. A segment with a base of its own cannot be asked.
  if (!insn.other_segment && (AddressOf(insn) & kPageMask) != PageOffset(at)) {
    return false;
  }
  if (insn.load) {
    Load(insn, bus_->ReadMemory(at, insn.width));
  } else {
    *bad = bus_->WriteMemory(at, insn.width, StoredValue(insn));
  }
  Skip(insn.length);
  return true;
}

void TrapEmulator::Load(const MovInsn& insn, u32 value) {
  if (insn.register_width == 1) {
    const ByteRegister to = ByteOf(insn.reg);
    Set(to.reg, WithBits(Get(to.reg), to.shift, 8, value));
    return;
  }
  if (insn.sign_extend) value = static_cast<u32>(SignExtend(value, 8 * insn.width));
  const u32 reg = kByNumber[insn.reg];
  Set(reg, WithBits(Get(reg), 0, 8 * insn.register_width, value));
}

u32 TrapEmulator::StoredValue(const MovInsn& insn) const {
  if (insn.constant) return *insn.constant;
  if (insn.width == 1) {
    const ByteRegister from = ByteOf(insn.reg);
    return GetBits(Get(from.reg), from.shift, 8);
  }
  return Get(kByNumber[insn.reg]) & Ones(insn.width);
}

}  // namespace lgx
