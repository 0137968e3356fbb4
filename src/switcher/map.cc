#include "switcher/map.h"

#include <vector>

#include "base/check.h"
#include "mmu/pte.h"

namespace lgx {

//: crossing.040 The same code in two worlds
// The Host maps the Switcher once, with all processors' pages, writable: it is the Host's
// own memory. For the Guests there is one page of entries per processor, in which the
// text and the state are read-only. That is enough protection: ring 1 is stopped by a
// read-only page just as ring 3 is, because CR0.WP is set.
//:
SwitcherMap::SwitcherMap(PhysMemory& memory, PagingMode mode, u32 cpus,
                         const Frames& frames, Mfn host_pte_page)
    : mode_(mode),
      cpus_(cpus),
      frames_(frames),
      text_(AssembleSwitcher(SwitcherAddr(mode))) {
  memory.Fill(MpaOf(frames.pages), 0, u64{FramesFor(text_, cpus)} * kPageSize);
  memory.Write(MpaOf(frames.pages), text_.bytes.data(), text_.bytes.size());
  if (mode == PagingMode::kPae) {
    MapInHost<Pae>(memory, host_pte_page);
  } else {
    MapInHost<TwoLevel>(memory, host_pte_page);
  }
  std::vector<Mfn> text_frames;
  for (u32 i = 0; i < text_.Pages(); ++i) text_frames.push_back(frames.pages + i);
  for (u32 cpu = 0; cpu < cpus; ++cpu) {
    PopulateSwitcherPtePage(memory, mode, PtePage(cpu), cpu,
                            {text_frames, RegsFrame(cpu), StateFrame(cpu)});
  }
}

template <class F>
void SwitcherMap::MapInHost(PhysMemory& memory, Mfn pte_page) const {
  const u32 count = FramesFor(text_, cpus_);
  CHECK(count + 1 < F::kEntries) << "mapping switcher would thwack fixmap";
  for (u32 i = 0; i < count; ++i) {
    const PageEntry<F> entry(frames_.pages + i, kKernelExecFlags);
    memory.Store(MpaOf(pte_page) + EntryOffset<F>(i), entry.raw);
  }
}

SwitcherEntry SwitcherMap::EntryOf(u32 cpu) const {
  SwitcherEntry entry;
  entry.pte_page = PtePage(cpu);
  entry.regs_index = SwitcherRegsIndex(text_.Pages(), cpu);
  entry.regs_page = RegsFrame(cpu);
  return entry;
}

}  // namespace lgx
