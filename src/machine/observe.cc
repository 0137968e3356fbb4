#include "machine/observe.h"

#include <algorithm>
#include <cstring>

#include "mmu/page_walk.h"

namespace lgx {
namespace {

PagingRegisters PagingOf(const CpuState& s) {
  PagingRegisters regs;
  regs.paging = (s.cr0 & kCr0Pg) != 0;
  regs.pae = (s.cr4 & kCr4Pae) != 0;
  regs.pse = (s.cr4 & kCr4Pse) != 0;
  regs.write_protect = (s.cr0 & kCr0Wp) != 0;
  regs.no_execute = (s.efer & kEferNxe) != 0;
  regs.cr3 = s.cr3;
  std::copy(std::begin(s.pdpte), std::end(s.pdpte), regs.pdpte);
  return regs;
}

}  // namespace

u32 ObserveLinear(Cpu& cpu, Lin at, std::span<u8> bytes) {
  const PagingRegisters regs = PagingOf(cpu.state);
  const u32 wanted = static_cast<u32>(bytes.size());
  u32 count = 0;
  while (count < wanted) {
    const Lin from = at + count;
    const WalkResult walk = ObservePageTables(cpu.memory(), regs, from);
    if (!walk.ok || !cpu.memory().IsRam(walk.frame)) break;
    const u32 offset = PageOffset(from);
    const u32 part = std::min(kPageSize - offset, wanted - count);
    std::memcpy(bytes.data() + count, cpu.memory().ReadPointer(walk.frame) + offset,
                part);
    count += part;
  }
  return count;
}

std::optional<Mpa> ObserveAddress(Cpu& cpu, Lin at) {
  const WalkResult walk = ObservePageTables(cpu.memory(), PagingOf(cpu.state), at);
  if (!walk.ok) return std::nullopt;
  return MpaOf(walk.frame) + PageOffset(at);
}

}  // namespace lgx
