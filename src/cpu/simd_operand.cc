#include "cpu/simd_operand.h"

namespace lgx::simd {

bool StoreMasked(Cpu& cpu, const Op& op, const u8* bytes, const u8* mask, u32 n) {
  bool any = false;
  for (u32 i = 0; i < n; ++i) any |= (mask[i] & 0x80) != 0;
  if (!any) return true;
  const Seg seg = static_cast<Seg>(op.seg);
  const u32 edi = cpu.Gpr(kEdi);
  const u32 offset = op.insn().address_bytes == 2 ? edi & 0xffff : edi;
  if (!cpu.ProbeStore(seg, offset, n, 8)) return false;
  for (u32 i = 0; i < n; ++i) {
    if ((mask[i] & 0x80) == 0) continue;
    if (!cpu.StoreBytes(seg, offset + i, bytes + i, 1)) return false;  // cannot: probed
  }
  return true;
}

}  // namespace lgx::simd
