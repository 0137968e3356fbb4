#include "cpu/fpu.h"

#include "cpu/fpu_internal.h"

namespace lgx {

namespace fpu_internal {

bool Report(FpuState& s, const FloatContext& context) {
  s.sw |= context.flags;
  SetConditions(s, context.rounded_up ? kFpuSwC1 : 0, kFpuSwC1);
  FpuUpdateSummary(s);
  return !context.Suppressed();
}

namespace {

bool StackFault(FpuState& s, u16 c1) {
  s.sw |= kX87Invalid | kFpuSwStackFault;
  SetConditions(s, c1, kFpuSwC1);
  FpuUpdateSummary(s);
  return (s.cw & kX87Invalid) != 0;
}

}  // namespace

bool StackUnderflow(FpuState& s) { return StackFault(s, 0); }
bool StackOverflow(FpuState& s) { return StackFault(s, kFpuSwC1); }

bool ReadyToPushSecond(FpuState& s) {
  if (s.IsEmpty(7) && !s.IsEmpty(0)) return true;
  const bool masked = s.IsEmpty(7) ? StackUnderflow(s) : StackOverflow(s);
  if (masked) {
    Write(s, 0, kFloat80Indefinite);
    Push(s, kFloat80Indefinite);
  }
  return false;
}

void SetConditions(FpuState& s, u16 conditions, u16 mask) {
  s.sw = static_cast<u16>((s.sw & ~mask) | conditions);
}

void Push(FpuState& s, Float80 value) {
  s.SetTop(s.Top() - 1);
  Write(s, 0, value);
}

void Empty(FpuState& s, unsigned i) {
  s.valid &= static_cast<u8>(~(1u << s.Physical(i)));
}

void Pop(FpuState& s) {
  Empty(s, 0);
  s.SetTop(s.Top() + 1);
}

void Write(FpuState& s, unsigned i, Float80 value) {
  s.St(i) = value;
  s.valid |= static_cast<u8>(1u << s.Physical(i));
}

bool WriteResult(FpuState& s, unsigned i, Float80 value, const FloatContext& context) {
  if (!Report(s, context)) return false;
  Write(s, i, value);
  return true;
}

}  // namespace fpu_internal

void FpuInit(FpuState& s) {
  s.cw = kFpuCwInit;
  s.sw = 0;
  s.valid = 0;
  s.fop = s.fcs = s.fds = 0;
  s.fip = s.fdp = 0;
}

void FpuClearExceptions(FpuState& s) { s.sw &= kFpuSwConditions | 0x3800; }

void FpuLoadControlWord(FpuState& s, u16 cw) {
  s.cw = (cw & kFpuCwWritable) | kFpuCwAlwaysSet;
  FpuUpdateSummary(s);
}

void FpuUpdateSummary(FpuState& s) {
  const bool pending = (s.sw & ~s.cw & 0x3f) != 0;
  fpu_internal::SetConditions(s, pending ? kFpuSwSummary | kFpuSwBusy : 0,
                              kFpuSwSummary | kFpuSwBusy);
}

void FpuFree(FpuState& s, unsigned i) {
  fpu_internal::SetConditions(s, 0, kFpuSwC1);
  fpu_internal::Empty(s, i);
}

void FpuFreePop(FpuState& s, unsigned i) {
  FpuFree(s, i);
  fpu_internal::Pop(s);
}

void FpuRotate(FpuState& s, int by) {
  s.SetTop(s.Top() + static_cast<unsigned>(by));
  fpu_internal::SetConditions(s, 0, kFpuSwC1);
}

u16 FpuTagWord(const FpuState& s) {
  constexpr unsigned kValid = 0, kZero = 1, kSpecial = 2, kEmpty = 3;
  unsigned tags = 0;
  for (unsigned n = 0; n < 8; ++n) {
    unsigned tag = kEmpty;
    if (((s.valid >> n) & 1) != 0) {
      switch (Classify(s.regs[n])) {
        case Float80Class::kNormal:
          tag = kValid;
          break;
        case Float80Class::kZero:
          tag = kZero;
          break;
        default:
          tag = kSpecial;
      }
    }
    tags |= tag << (2 * n);
  }
  return static_cast<u16>(tags);
}

}  // namespace lgx
