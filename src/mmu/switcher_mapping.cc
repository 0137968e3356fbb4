#include "mmu/switcher_mapping.h"

#include "base/check.h"
#include "mmu/pte.h"

namespace lgx {
namespace {

constexpr u32 kReadOnly = kPtePresent | kPteAccessed;
constexpr u32 kReadWrite = kPtePresent | kPteRw | kPteAccessed;

template <class F>
void Populate(PhysMemory& memory, Mfn pte_page, u32 cpu, const SwitcherFrames& frames) {
  const u32 text_pages = static_cast<u32>(frames.text.size());
  const u32 regs = SwitcherRegsIndex(text_pages, cpu);
  CHECK(text_pages < F::kEntries && regs < F::kEntries - 1)
      << "the Switcher's pages do not fit under one table";
  const auto set = [&](u32 index, Mfn frame, u32 flags) {
    memory.Store(MpaOf(pte_page) + EntryOffset<F>(index), PageEntry<F>(frame, flags).raw);
  };
  memory.Fill(MpaOf(pte_page), 0, kPageSize);
  for (u32 i = 0; i < text_pages; ++i) set(i, frames.text[i], kReadOnly);
  set(regs, frames.regs_page, kReadWrite);
  set(regs + 1, frames.state_page, kReadOnly);
}

}  // namespace

void PopulateSwitcherPtePage(PhysMemory& memory, PagingMode mode, Mfn pte_page, u32 cpu,
                             const SwitcherFrames& frames) {
  if (mode == PagingMode::kPae) {
    Populate<Pae>(memory, pte_page, cpu, frames);
  } else {
    Populate<TwoLevel>(memory, pte_page, cpu, frames);
  }
}

}  // namespace lgx
