#include "tests/cpu/x87_host.h"

#include <utility>

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>

#include <cstring>
#endif

namespace lgx {

#if defined(__x86_64__) && defined(__GNUC__)

namespace {

using Stub = void (*)(X87HostRun&);

// Never inlined: rsp moves inside, so no operand may be addressed through it.
template <int kOpcode, int kModrm>
[[gnu::noinline]] void Run(X87HostRun& run) {
  asm volatile(
      "lea -256(%%rsp), %%rsp\n\t"
      "fninit\n\t"
      "frstor %[in]\n\t"
      "pushq %[flags]\n\t"
      "popfq\n\t"
      ".byte %c[opcode], %c[modrm]\n\t"
      "pushfq\n\t"
      "popq %[flags]\n\t"
      "fnsave %[out]\n\t"
      "lea 256(%%rsp), %%rsp\n\t"
      "cld"
      : [out] "=m"(run.out), [flags] "+r"(run.flags), "+a"(run.rax), "+m"(run.memory)
      : [in] "m"(run.in), [opcode] "i"(kOpcode), [modrm] "i"(kModrm),
        "c"(run.memory.data())
      : "memory", "cc", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)",
        "st(7)");
}

// 64 register forms, then the eight memory forms [rcx].
template <int kOpcode, int... kIndex>
constexpr std::array<Stub, 72> MakeRow(std::integer_sequence<int, kIndex...>) {
  return {Run<kOpcode, (kIndex < 64 ? 0xc0 + kIndex : (kIndex - 64) * 8 + 1)>...};
}
template <int... kRow>
constexpr std::array<std::array<Stub, 72>, 8> MakeTable(
    std::integer_sequence<int, kRow...>) {
  return {MakeRow<0xd8 + kRow>(std::make_integer_sequence<int, 72>())...};
}
constexpr auto kStubs = MakeTable(std::make_integer_sequence<int, 8>());

}  // namespace

bool RunOnHost(u8 opcode, u8 modrm, X87HostRun& run) {
  const unsigned column = modrm >= 0xc0 ? modrm - 0xc0u : 64u + ((modrm >> 3) & 7);
  kStubs[opcode - 0xd8u][column](run);
  return true;
}

bool HostHasX87() { return true; }

bool HostIsIntel() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  __get_cpuid(0, &eax, &ebx, &ecx, &edx);
  char maker[12];
  std::memcpy(maker, &ebx, 4);
  std::memcpy(maker + 4, &edx, 4);
  std::memcpy(maker + 8, &ecx, 4);
  return std::memcmp(maker, "GenuineIntel", 12) == 0;
}

#else

bool RunOnHost(u8, u8, X87HostRun&) { return false; }
bool HostHasX87() { return false; }
bool HostIsIntel() { return false; }

#endif

}  // namespace lgx
