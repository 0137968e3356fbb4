// The processor: what an instruction costs, by kind of code. `items` are guest
// instructions.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "cpu/cpu.h"

namespace lgx {
namespace {

constexpr u32 kCode = 0x100000;
constexpr u32 kStackTop = 0x200000;
constexpr u64 kInstructions = 1000000;  // in one iteration of a benchmark

// Flat 32-bit code in ring 0 that never ends; the count of instructions stops it.
void RunForever(benchmark::State& state, const std::vector<u8>& code) {
  const auto memory = *PhysMemory::Create(u64{8} << 20);
  memory->Write(Mpa(kCode), code.data(), code.size());
  Cpu cpu(*memory);
  for (u32 n = 0; n < kSegments; ++n) {
    const bool is_code = n == static_cast<u32>(Seg::kCs);
    cpu.state.seg[n].Set(is_code ? 0x08 : 0x10, 0, 0xffffffff, is_code ? 0xc09b : 0xc093);
  }
  cpu.state.cr0 = kCr0Pe | kCr0Et;
  cpu.state.eip = kCode;
  cpu.state.regs[kEsp] = kStackTop;
  cpu.StateChanged();
  u64 until = 0;
  for (auto _ : state) {
    until += kInstructions;
    if (cpu.Run(until) != StopReason::kDeadline) {
      state.SkipWithError("the code stopped by itself");
      return;
    }
  }
  state.SetItemsProcessed(static_cast<i64>(cpu.retired()));
}

void Registers(benchmark::State& state) {
  RunForever(state, {0x01, 0xd8,           // 1: add %ebx, %eax
                     0xc1, 0xc0, 7,        // rol $7, %eax
                     0x31, 0xc3,           // xor %eax, %ebx
                     0x8d, 0x4c, 0x41, 3,  // lea 3(%ecx,%eax,2), %ecx
                     0x39, 0xd9,           // cmp %ebx, %ecx
                     0x72, 0x01,           // jb 2f
                     0x42,                 // inc %edx
                     0xeb, 0xee});         // 2: jmp 1b
}
BENCHMARK(Registers);

void LoadsAndStores(benchmark::State& state) {
  RunForever(state, {0x25, 0xfc, 0x0f, 0, 0,        // 1: and $0xffc, %eax
                     0x03, 0x98, 0,    0, 0x30, 0,  // add 0x300000(%eax), %ebx
                     0x01, 0x98, 0,    0, 0x30, 0,  // add %ebx, 0x300000(%eax)
                     0x83, 0xc0, 4,                 // add $4, %eax
                     0xeb, 0xea});                  // jmp 1b
}
BENCHMARK(LoadsAndStores);

void CallsAndReturns(benchmark::State& state) {
  RunForever(state, {0xe8, 4, 0, 0, 0,        // 1: call 2f
                     0x40, 0xeb, 0xf8, 0x90,  // inc %eax; jmp 1b; nop
                     0x53, 0x43, 0x5b,        // 2: push %ebx; inc %ebx; pop %ebx
                     0xc3});                  // ret
}
BENCHMARK(CallsAndReturns);

// Each iteration of the rep counts.
void RepMovs(benchmark::State& state) {
  RunForever(state, {0xb9, 0, 4, 0, 0,     // 1: mov $1024, %ecx
                     0xbe, 0, 0, 0x30, 0,  // mov $0x300000, %esi
                     0xbf, 0, 0, 0x31, 0,  // mov $0x310000, %edi
                     0xf3, 0xa5,           // rep movsl
                     0xeb, 0xed});         // jmp 1b
}
BENCHMARK(RepMovs);

}  // namespace
}  // namespace lgx
