// Demand paging: one fault of a Guest, answered with one shadow entry (host-07 section
// 3).
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "mmu/guest_view.h"
#include "mmu/kill_sink.h"
#include "mmu/page_pool.h"
#include "mmu/page_walk.h"
#include "mmu/shadow_tables.h"
#include "mmu/slot_chooser.h"

namespace lgx {
namespace {

constexpr u32 kPages = 512;
constexpr u32 kGuestPages = 0x1000;
constexpr Mfn kGuestFirst(0x100);
constexpr Mfn kPoolFirst(0x1200);
constexpr u32 kPoolPages = 64;
constexpr Lin kFirst(0x40000000);
constexpr Lin kKernel(0xc0000000);
constexpr Gpa kTop(0x1000);
constexpr Gpa kMiddle(0x2000);
constexpr Gpa kTable(0x3000);
constexpr u32 kFirstDataPage = 0x100;

class NobodyDies final : public KillSink {
 public:
  void Kill(std::string_view, std::string) override { dead_ = true; }
  bool dead() const override { return dead_; }

 private:
  bool dead_ = false;
};

// The Guest's own tables: kPages pages from kFirst on, all there.
bool MapGuest(GuestView& view, PagingMode mode) {
  bool ok = true;
  if (mode == PagingMode::kPae) {
    ok &= view.StoreValue<u64>(kTop + 8 * (kFirst.value >> 30), kMiddle.value | 1);
    ok &= view.StoreValue<u64>(kMiddle, kTable.value | kPageTableFlags);
  } else {
    ok &= view.StoreValue<u32>(kTop + 4 * (kFirst.value >> 22),
                               kTable.value | kPageTableFlags);
  }
  for (u32 i = 0; i < kPages; ++i) {
    const u32 entry = (kFirstDataPage + i) << kPageShift | kPageTableFlags;
    ok &= mode == PagingMode::kPae ? view.StoreValue<u64>(kTable + 8 * i, entry)
                                   : view.StoreValue<u32>(kTable + 4 * i, entry);
  }
  return ok;
}

// Every page is touched once, then the Guest drops its user mappings; `items` are faults.
void DemandFill(benchmark::State& state) {
  const PagingMode mode = state.range(0) != 0 ? PagingMode::kPae : PagingMode::kTwoLevel;
  const auto memory = *PhysMemory::Create(u64{32} << 20);
  GuestView view(*memory, kGuestFirst, kGuestPages);
  PagePool pool(*memory, kPoolFirst, kPoolPages);
  NobodyDies kill;
  RandomSlotChooser chooser(1);
  ShadowTables shadow(*memory, view, pool, kill, chooser, {.mode = mode});
  if (!MapGuest(view, mode) || !shadow.Init(kTop).ok() ||
      !shadow.SetKernelAddress(kKernel)) {
    state.SkipWithError("the shadow tables did not start");
    return;
  }
  for (auto _ : state) {
    for (u32 i = 0; i < kPages; ++i) {
      if (!shadow.DemandPage(kFirst + i * kPageSize, kPfWrite | kPfUser)) {
        state.SkipWithError("a fault was not answered");
        return;
      }
    }
    shadow.FlushUser();
  }
  state.SetItemsProcessed(static_cast<i64>(state.iterations()) * kPages);
}
BENCHMARK(DemandFill)->ArgName("pae")->Arg(0)->Arg(1);

}  // namespace
}  // namespace lgx
