// Segment registers with their hidden parts, and the constants of descriptors.
#ifndef LGX_CPU_SEGMENT_H_
#define LGX_CPU_SEGMENT_H_

#include "base/types.h"

namespace lgx {

// In the order of the manuals' sreg field.
enum class Seg : u8 { kEs = 0, kCs = 1, kSs = 2, kDs = 3, kFs = 4, kGs = 5 };
inline constexpr u32 kSegments = 6;

// Descriptor attributes: bits 8 ... 23 of the descriptor's high word, moved down to bit
// 0. The four bits of the limit in their middle (8 ... 11) are kept zero.
inline constexpr u16 kAttrAccessed = 1u << 0;
inline constexpr u16 kAttrWritable = 1u << 1;    // data
inline constexpr u16 kAttrReadable = 1u << 1;    // code
inline constexpr u16 kAttrExpandDown = 1u << 2;  // data
inline constexpr u16 kAttrConforming = 1u << 2;  // code
inline constexpr u16 kAttrCode = 1u << 3;
inline constexpr u16 kAttrType = 0xf;
inline constexpr u16 kAttrS = 1u << 4;  // code or data, not a system descriptor
inline constexpr u16 kAttrDplShift = 5;
inline constexpr u16 kAttrPresent = 1u << 7;
inline constexpr u16 kAttrDb = 1u << 14;  // 32-bit code or stack
inline constexpr u16 kAttrG = 1u << 15;

// System descriptor types.
inline constexpr u8 kTypeTss16Available = 1;
inline constexpr u8 kTypeLdt = 2;
inline constexpr u8 kTypeTss16Busy = 3;
inline constexpr u8 kTypeCallGate16 = 4;
inline constexpr u8 kTypeTaskGate = 5;
inline constexpr u8 kTypeInterruptGate16 = 6;
inline constexpr u8 kTypeTrapGate16 = 7;
inline constexpr u8 kTypeTss32Available = 9;
inline constexpr u8 kTypeTss32Busy = 11;
inline constexpr u8 kTypeCallGate32 = 12;
inline constexpr u8 kTypeInterruptGate32 = 14;
inline constexpr u8 kTypeTrapGate32 = 15;

// What a segment adds to the mode of a block (BlockMode in op.h), as bits of its shape.
inline constexpr u8 kShapeCode32 = 1u << 1;    // D/B; like kModeCode32
inline constexpr u8 kShapeStack32 = 1u << 2;   // D/B; like kModeStack32
inline constexpr u8 kShapeFlat = 1u << 3;      // base 0, all 4 GiB, readable
inline constexpr u8 kShapeFlatData = 1u << 4;  // that, and writable

// A segment register. Change it with Set(), which derives the last five members.
struct Segment {
  u16 selector = 0;
  u16 attr = 0;  // not present: unusable, every access raises #GP(0) (SS: #SS(0))
  u32 base = 0;
  u32 limit = 0;  // in bytes

  // An access of n bytes at offset o is inside if first <= o <= last, n - 1 <= last - o.
  u32 first = 1;
  u32 last = 0;
  bool readable = false;
  bool writable = false;
  u8 shape = 0;

  void Set(u16 new_selector, u32 new_base, u32 new_limit, u16 new_attr) {
    selector = new_selector;
    base = new_base;
    limit = new_limit;
    attr = new_attr;
    const bool usable = (attr & kAttrPresent) != 0 && (attr & kAttrS) != 0;
    const bool code = (attr & kAttrCode) != 0;
    readable = usable && (!code || (attr & kAttrReadable) != 0);
    writable = usable && !code && (attr & kAttrWritable) != 0;
    first = 0;
    last = limit;
    bool empty = !usable;
    if (!code && (attr & kAttrExpandDown) != 0) {
      first = limit + 1;
      last = (attr & kAttrDb) != 0 ? 0xffffffff : 0xffff;
      empty = empty || limit >= last;
    }
    if (empty) {
      first = 1;
      last = 0;
    }
    const bool flat = base == 0 && first == 0 && last == 0xffffffff && readable;
    shape = static_cast<u8>(((attr & kAttrDb) != 0 ? kShapeCode32 | kShapeStack32 : 0) |
                            (flat ? kShapeFlat : 0) |
                            (flat && writable ? kShapeFlatData : 0));
  }
  void SetNull(u16 null_selector) { Set(null_selector, 0, 0, 0); }

  u32 Dpl() const { return (attr >> kAttrDplShift) & 3; }
  bool Contains(u32 offset, u32 size) const {
    return offset >= first && offset <= last && size - 1 <= last - offset;
  }
  // Base 0, all 4 GiB: reading needs no check but the page tables'.
  bool IsFlat() const { return (shape & kShapeFlat) != 0; }
  // Nor does writing. Code segments are never writable, also not through DS.
  bool IsFlatData() const { return (shape & kShapeFlatData) != 0; }
  // A 32-bit stack that needs no check either.
  bool IsFlatStack() const {
    constexpr u8 kBoth = kShapeFlatData | kShapeStack32;
    return (shape & kBoth) == kBoth;
  }
};

// GDTR, IDTR.
struct TableRegister {
  u32 base = 0;
  u16 limit = 0xffff;
};

}  // namespace lgx

#endif  // LGX_CPU_SEGMENT_H_
