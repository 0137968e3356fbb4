// What the Host keeps about shadow tables, as bytes.
#include "mmu/shadow_tables.h"

namespace lgx {

void ShadowTables::SaveState(ByteWriter* out) const {
  out->U32(static_cast<u32>(slots_.size()));
  for (const ShadowSlot& slot : slots_) {
    out->U32(slot.gpgdir.value);
    out->U8(slot.root ? 1 : 0);
    out->U32(slot.root.value_or(Mfn(0)).value);
  }
  out->U32(current_);
  out->U32(kernel_address_.value);
  out->U32(esp1_.value);
  out->U32(stack_pages_);
  for (const u64 count :
       {stats_.demand_filled, stats_.fault_guest, stats_.pin_filled, stats_.flush_full,
        stats_.flush_user, stats_.slot_switch, stats_.slot_recycled}) {
    out->U64(count);
  }
  if (!HasPolicyState()) return;
  for (const ShadowSlot& slot : slots_) out->U32(slot.kernel_pmd.value);
  out->U64(stats_.flush_pmd);
  out->U64(stats_.prefilled);
}

void ShadowTables::LoadState(ByteReader* in) {
  if (in->U32("the number of shadow tables") != slots_.size()) {
    in->Fail("another number of shadow tables");
    return;
  }
  for (ShadowSlot& slot : slots_) {
    slot.gpgdir = Gpa(in->U32("a guest page directory"));
    const bool has_root = in->U8("whether a shadow table exists") != 0;
    const Mfn root(in->U32("the root of a shadow table"));
    slot.root.reset();
    if (!has_root) continue;
    if (!parts_.pool.Owns(root))
      in->Fail("the root of a shadow table is outside the pool");
    slot.root = root;
  }
  current_ = in->U32("the current shadow table");
  if (current_ >= slots_.size() || !slots_[current_].root) {
    in->Fail("there is no such current shadow table");
    current_ = 0;
  }
  kernel_address_ = Lin(in->U32("the kernel's first address"));
  esp1_ = Lin(in->U32("the kernel's stack"));
  stack_pages_ = in->U32("the pages of the kernel's stack");
  if (stack_pages_ > 2) in->Fail("more than two pages of stack");
  for (u64* count : {&stats_.demand_filled, &stats_.fault_guest, &stats_.pin_filled,
                     &stats_.flush_full, &stats_.flush_user, &stats_.slot_switch,
                     &stats_.slot_recycled}) {
    *count = in->U64("a counter of shadow tables");
  }
  if (!HasPolicyState()) return;
  for (ShadowSlot& slot : slots_) {
    slot.kernel_pmd = Gpa(in->U32("the kernel's middle table"));
  }
  stats_.flush_pmd = in->U64("a counter of shadow tables");
  stats_.prefilled = in->U64("a counter of shadow tables");
}

// lguest's own ways need none.
bool ShadowTables::HasPolicyState() const {
  return set_pmd_ != SetPmdPolicy::kDropAll || parts_.prefill != 0;
}

}  // namespace lgx
