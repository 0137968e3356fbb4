// What CPUID reports: only what is executed.
#ifndef LGX_CPU_CPUID_H_
#define LGX_CPU_CPUID_H_

#include "cpu/cpu.h"

namespace lgx {

struct CpuidResult {
  u32 eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// Leaf EAX, sub-leaf ECX. Leaves 0x40000000 ... 0x400000ff are zero, so that no guest
// sees another hypervisor; other unknown leaves are zero too.
CpuidResult Cpuid(const CpuModel& model, u32 leaf, u32 subleaf);

}  // namespace lgx

#endif  // LGX_CPU_CPUID_H_
