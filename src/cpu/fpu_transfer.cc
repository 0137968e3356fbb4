// Loads, stores and moves between registers.
#include "base/endian.h"
#include "cpu/fpu_internal.h"

namespace lgx {

using namespace fpu_internal;  // NOLINT: this file implements part of the unit

unsigned FpuFormatSize(FpuFormat format) {
  switch (format) {
    case FpuFormat::kI16:
      return 2;
    case FpuFormat::kF32:
    case FpuFormat::kI32:
      return 4;
    case FpuFormat::kF64:
    case FpuFormat::kI64:
      return 8;
    case FpuFormat::kF80:
    case FpuFormat::kBcd:
      break;
  }
  return 10;
}

namespace {

Float80 ValueOf(FpuFormat format, const u8* bytes, FloatContext& context) {
  switch (format) {
    case FpuFormat::kF32:
      return LoadF32(LoadLe<u32>(bytes), context);
    case FpuFormat::kF64:
      return LoadF64(LoadLe<u64>(bytes), context);
    case FpuFormat::kF80:
      return {LoadLe<u64>(bytes), LoadLe<u16>(bytes + 8)};
    case FpuFormat::kI16:
      return LoadInt(static_cast<i16>(LoadLe<u16>(bytes)));
    case FpuFormat::kI32:
      return LoadInt(static_cast<i32>(LoadLe<u32>(bytes)));
    case FpuFormat::kI64:
      return LoadInt(static_cast<i64>(LoadLe<u64>(bytes)));
    case FpuFormat::kBcd:
      break;
  }
  return LoadBcd(bytes);
}

// Pushes a value unless the stack is full; that is found first and hides other
// exceptions. An unmasked DE does not prevent the load.
void PushChecked(FpuState& s, Float80 value, const FloatContext& context) {
  if (!s.IsEmpty(7)) {
    if (StackOverflow(s)) Push(s, kFloat80Indefinite);
    return;
  }
  Report(s, context);
  if ((context.flags & ~context.masks & kX87Invalid) == 0) Push(s, value);
}

}  // namespace

void FpuLoad(FpuState& s, FpuFormat format, const u8* bytes) {
  FloatContext context = ContextOf(s);
  const Float80 value = ValueOf(format, bytes, context);
  PushChecked(s, value, context);
}

void FpuLoadRegister(FpuState& s, unsigned i) {
  if (s.IsEmpty(7) && s.IsEmpty(i)) {
    if (StackUnderflow(s)) Push(s, kFloat80Indefinite);
    return;
  }
  PushChecked(s, s.St(i), ContextOf(s));
}

// The constants have 66 bits inside; RC decides about the 64th, without PE or C1.
void FpuLoadConstant(FpuState& s, FpuConstant constant) {
  struct Entry {
    Float80 truncated;
    bool above_half;  // what follows the 64th bit, against one half
    bool exact;
  };
  static constexpr Entry kEntries[] = {
      {{0x8000000000000000, 0x3fff}, false, true},   // 1
      {{0xd49a784bcd1b8afe, 0x4000}, false, false},  // log2(10)
      {{0xb8aa3b295c17f0bb, 0x3fff}, true, false},   // log2(e)
      {{0xc90fdaa22168c234, 0x4000}, true, false},   // pi
      {{0x9a209a84fbcff798, 0x3ffd}, true, false},   // log10(2)
      {{0xb17217f7d1cf79ab, 0x3ffe}, true, false},   // ln(2)
      {{0, 0}, false, true},                         // 0
  };
  const Entry& entry = kEntries[static_cast<unsigned>(constant)];
  const FloatRounding rounding = ContextOf(s).rounding;
  const bool up =
      !entry.exact && (rounding == FloatRounding::kUp ||
                       (rounding == FloatRounding::kNearest && entry.above_half));
  Float80 value = entry.truncated;
  if (up) ++value.significand;
  PushChecked(s, value, ContextOf(s));
}

namespace {

void Encode(Float80 a, FpuFormat format, u8* bytes, FloatContext& context) {
  switch (format) {
    case FpuFormat::kF32:
      return StoreLe<u32>(bytes, StoreF32(a, context));
    case FpuFormat::kF64:
      return StoreLe<u64>(bytes, StoreF64(a, context));
    case FpuFormat::kF80:
      StoreLe<u64>(bytes, a.significand);
      return StoreLe<u16>(bytes + 8, a.sign_exp);
    case FpuFormat::kI16:
      return StoreLe<u16>(bytes, static_cast<u16>(StoreInt(a, 16, context)));
    case FpuFormat::kI32:
      return StoreLe<u32>(bytes, static_cast<u32>(StoreInt(a, 32, context)));
    case FpuFormat::kI64:
      return StoreLe<u64>(bytes, static_cast<u64>(StoreInt(a, 64, context)));
    case FpuFormat::kBcd:
      return StoreBcd(a, bytes, context);
  }
}

}  // namespace

FpuStore FpuPrepareStore(const FpuState& s, FpuFormat format, bool truncate) {
  FpuStore store;
  FloatContext context = ContextOf(s);
  if (truncate) context.rounding = FloatRounding::kZero;
  if (s.IsEmpty(0)) {
    Encode(kFloat80Indefinite, format, store.bytes.data(), context);
    store.raised = kX87Invalid | kFpuSwStackFault;
    store.write = (context.masks & kX87Invalid) != 0;
    return store;
  }
  Encode(s.St(0), format, store.bytes.data(), context);
  store.write = !context.StoreSuppressed();
  store.raised = context.flags;
  if (!store.write) {
    store.raised &= static_cast<u16>(~kX87Precision);  // nothing was rounded
  } else if (context.rounded_up) {
    store.raised |= kFpuSwC1;
  }
  return store;
}

void FpuFinishStore(FpuState& s, const FpuStore& store, bool pop) {
  SetConditions(s, 0, kFpuSwC1);
  s.sw |= store.raised;
  FpuUpdateSummary(s);
  if (pop && store.write) Pop(s);
}

void FpuStoreRegister(FpuState& s, unsigned i, bool pop) {
  SetConditions(s, 0, kFpuSwC1);
  if (s.IsEmpty(0)) {
    if (!StackUnderflow(s)) return;
    Write(s, i, kFloat80Indefinite);
  } else {
    Write(s, i, s.St(0));
  }
  if (pop) Pop(s);
}

void FpuStoreRegisterUnchecked(FpuState& s, unsigned i) {
  SetConditions(s, 0, kFpuSwC1);
  if (!s.IsEmpty(0)) Write(s, i, s.St(0));
  Pop(s);
}

void FpuExchange(FpuState& s, unsigned i) {
  SetConditions(s, 0, kFpuSwC1);
  if (s.IsEmpty(0) || s.IsEmpty(i)) {
    if (!StackUnderflow(s)) return;
    if (s.IsEmpty(0)) Write(s, 0, kFloat80Indefinite);
    if (s.IsEmpty(i)) Write(s, i, kFloat80Indefinite);
  }
  std::swap(s.St(0), s.St(i));
}

void FpuMoveIf(FpuState& s, unsigned i, bool condition) {
  if (s.IsEmpty(0) || s.IsEmpty(i)) {
    if (StackUnderflow(s)) Write(s, 0, kFloat80Indefinite);
    return;
  }
  if (condition) s.St(0) = s.St(i);
}

}  // namespace lgx
