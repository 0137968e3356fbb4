// Address translation: the walk alone, the walk that fills the TLB, a change of CR3.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "mmu/page_walk.h"
#include "mmu/tlb.h"

namespace lgx {
namespace {

constexpr u32 kPages = 256;
constexpr Lin kFirst(0x40000000);
constexpr u32 kTables = 0x100000;  // address of the first table
constexpr u32 kFrames = 0x200000;
constexpr u64 kFlags = 0x67;  // present, writable, user, accessed, dirty

// Maps kPages pages from kFirst on, in the format of `pae`, with tables from `tables` on.
PagingRegisters MakeTables(PhysMemory& memory, bool pae, u32 tables) {
  PagingRegisters regs;
  regs.paging = regs.write_protect = true;
  regs.pae = pae;
  regs.cr3 = tables;
  const u32 directory = tables + 0x1000, table = tables + 0x2000;
  for (u32 i = 0; i < kPages; ++i) {
    const u64 entry = kFrames + i * kPageSize + kFlags;
    if (pae) {
      memory.Store<u64>(Mpa(table + 8 * i), entry);
    } else {
      memory.Store<u32>(Mpa(table + 4 * i), static_cast<u32>(entry));
    }
  }
  if (pae) {
    regs.pdpte[kFirst.value >> 30] = directory | 1;
    memory.Store<u64>(Mpa(directory), table | kFlags);
  } else {
    memory.Store<u32>(Mpa(tables + 4 * (kFirst.value >> 22)), table | u32{kFlags});
  }
  return regs;
}

bool IsPae(const benchmark::State& state) { return state.range(0) != 0; }

void Walk(benchmark::State& state) {
  const auto memory = *PhysMemory::Create(u64{8} << 20);
  const PagingRegisters regs = MakeTables(*memory, IsPae(state), kTables);
  u32 page = 0;
  for (auto _ : state) {
    const Lin lin = kFirst + (page++ % kPages) * kPageSize;
    benchmark::DoNotOptimize(
        WalkPageTables(*memory, regs, lin, Access::kRead, false, nullptr));
  }
}
BENCHMARK(Walk)->ArgName("pae")->Arg(0)->Arg(1);

void TlbFill(benchmark::State& state) {
  const auto memory = *PhysMemory::Create(u64{8} << 20);
  Tlb tlb(*memory);
  tlb.Select(MakeTables(*memory, IsPae(state), kTables));
  u32 page = 0;
  for (auto _ : state) {
    const Lin lin = kFirst + (page++ % kPages) * kPageSize;
    benchmark::DoNotOptimize(tlb.Fill(lin, Access::kWrite, false));
  }
}
BENCHMARK(TlbFill)->ArgName("pae")->Arg(0)->Arg(1);

// Back and forth between address spaces that the TLB knows.
void SelectKnownSpace(benchmark::State& state) {
  const auto memory = *PhysMemory::Create(u64{8} << 20);
  Tlb tlb(*memory);
  const PagingRegisters spaces[] = {MakeTables(*memory, IsPae(state), kTables),
                                    MakeTables(*memory, IsPae(state), kTables + 0x10000)};
  u32 turn = 0;
  for (auto _ : state) tlb.Select(spaces[turn++ & 1]);
}
BENCHMARK(SelectKnownSpace)->ArgName("pae")->Arg(0)->Arg(1);

// In turn through many address spaces, each of which touches 16 pages of its own when it
// comes.
void SelectOneOfMany(benchmark::State& state) {
  constexpr u32 kTouched = 16;
  const auto memory = *PhysMemory::Create(u64{16} << 20);
  Tlb tlb(*memory);
  std::vector<PagingRegisters> spaces;
  for (u32 i = 0; i < state.range(0); ++i) {
    spaces.push_back(MakeTables(*memory, false, 0x400000 + i * 0x3000));
  }
  u32 turn = 0;
  for (auto _ : state) {
    tlb.Select(spaces[turn++ % spaces.size()]);
    for (u32 page = 0; page < kTouched; ++page) {
      const Lin lin = kFirst + page * kPageSize;
      const TlbEntry& entry = tlb.Entries(false)[Tlb::IndexOf(lin.value)];
      if (entry.read_tag != lin.value) (void)tlb.Fill(lin, Access::kRead, false);
      benchmark::DoNotOptimize(entry.addend);
    }
  }
}
BENCHMARK(SelectOneOfMany)->ArgName("spaces")->RangeMultiplier(4)->Range(1, 1024);

}  // namespace
}  // namespace lgx
