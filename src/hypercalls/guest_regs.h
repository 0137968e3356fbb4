// The Guest's registers between two entries: struct lguest_regs at the end of the VCPU's
// register page (host-02 section 2.1). The Switcher's pops and pushes are the only other
// user, so there is no copy to keep in step.
#ifndef LGX_HYPERCALLS_GUEST_REGS_H_
#define LGX_HYPERCALLS_GUEST_REGS_H_

#include <cstddef>

#include "mmu/phys_memory.h"
#include "switcher/layout.h"

namespace lgx {

class GuestRegs {
 public:
  GuestRegs(PhysMemory& memory, Mfn page)
      : memory_(&memory), base_(MpaOf(page) + kRegsOffset) {}

#define LGX_GUEST_REG(name)                                    \
  u32 name() const { return Get(offsetof(LguestRegs, name)); } \
  void set_##name(u32 value) { Set(offsetof(LguestRegs, name), value); }

  LGX_GUEST_REG(eax)
  LGX_GUEST_REG(ebx)
  LGX_GUEST_REG(ecx)
  LGX_GUEST_REG(edx)
  LGX_GUEST_REG(esi)
  LGX_GUEST_REG(edi)
  LGX_GUEST_REG(ebp)
  LGX_GUEST_REG(gs)
  LGX_GUEST_REG(fs)
  LGX_GUEST_REG(ds)
  LGX_GUEST_REG(es)
  LGX_GUEST_REG(trapnum)
  LGX_GUEST_REG(errcode)
  LGX_GUEST_REG(eip)
  LGX_GUEST_REG(cs)
  LGX_GUEST_REG(eflags)
  LGX_GUEST_REG(esp)
  LGX_GUEST_REG(ss)
#undef LGX_GUEST_REG

  // Word `index` of the structure: 0 is EAX, 1 EBX, 2 ECX, 3 EDX, 4 ESI.
  u32 Word(u32 index) const { return Get(index * 4); }

 private:
  u32 Get(u64 offset) const { return memory_->Load<u32>(base_ + offset); }
  void Set(u64 offset, u32 value) { memory_->Store<u32>(base_ + offset, value); }

  PhysMemory* memory_;
  Mpa base_;
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_GUEST_REGS_H_
