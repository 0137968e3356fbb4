// lgread and lgwrite: the Host's access to Guest memory on the Guest's behalf (host-08
// section 7). A bad address is the Guest's fault and kills it.
#ifndef LGX_MMU_LG_ACCESS_H_
#define LGX_MMU_LG_ACCESS_H_

#include "base/types.h"
#include "mmu/guest_view.h"
#include "mmu/kill_sink.h"
#include "mmu/phys_memory.h"

namespace lgx {

class LgAccess {
 public:
  LgAccess(PhysMemory& memory, GuestView& view, KillSink& kill)
      : memory_(&memory), view_(&view), kill_(&kill) {}

  // lguest_address_ok. It looks at the end of the range, not at its last byte, so a range
  // that ends exactly at the end of memory is refused (Q12).
  bool Ok(Gpa at, u32 len) const {
    const u32 end = at.value + len;
    return end >= at.value && (end >> kPageShift) < view_->page_limit();
  }

  // lgread. A refused range kills with `bad read address %#lx len %u`, gives zeros, and
  // is false.
  bool Read(Gpa from, void* to, u32 len) const;
  // lgwrite. A refused range kills with `bad write address %#lx len %u`, writes nothing,
  // and is false.
  bool Write(Gpa to, const void* from, u32 len) const;

  // One little-endian value. Table entries are read with these: aligned, they cost one
  // check and one load.
  template <typename T>
  T Load(Gpa from) const {
    if (Ok(from, sizeof(T)) && PageOffset(from) <= kPageSize - sizeof(T)) [[likely]] {
      return memory_->Load<T>(view_->ToMachine(from));
    }
    u8 bytes[sizeof(T)];
    Read(from, bytes, sizeof bytes);
    return LoadLe<T>(bytes);
  }
  template <typename T>
  bool Store(Gpa to, T value) const {
    if (Ok(to, sizeof(T)) && PageOffset(to) <= kPageSize - sizeof(T)) [[likely]] {
      memory_->Store<T>(view_->ToMachine(to), value);
      return true;
    }
    u8 bytes[sizeof(T)];
    StoreLe<T>(bytes, value);
    return Write(to, bytes, sizeof bytes);
  }

 private:
  PhysMemory* memory_;
  GuestView* view_;
  KillSink* kill_;
};

}  // namespace lgx

#endif  // LGX_MMU_LG_ACCESS_H_
