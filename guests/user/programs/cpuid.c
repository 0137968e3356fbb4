// What the processor says about itself. CPUID is not privileged: programs see it
// unfiltered.
#include "user/user.h"

struct Registers {
  u32 eax, ebx, ecx, edx;
};

static struct Registers Cpuid(u32 leaf) {
  struct Registers r;
  __asm__ volatile("cpuid"
                   : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                   : "a"(leaf), "c"(0));
  return r;
}

static const char* const kFeatures[32] = {
    "fpu",  "vme",  "de",   "pse", "tsc",  "msr", "pae",   "mce", "cx8",     "apic", "",
    "sep",  "mtrr", "pge",  "mca", "cmov", "pat", "pse36", "psn", "clflush", "",     "ds",
    "acpi", "mmx",  "fxsr", "sse", "sse2", "ss",  "ht",    "tm",  "ia64",    "pbe",
};

int main(void) {
  struct Registers r = Cpuid(0);
  u32 vendor[4] = {r.ebx, r.edx, r.ecx, 0};
  Print("vendor %s, highest leaf %u\n", (const char*)vendor, r.eax);
  r = Cpuid(1);
  Print("family %u, model %u, stepping %u\nfeatures", r.eax >> 8 & 15, r.eax >> 4 & 15,
        r.eax & 15);
  for (u32 bit = 0; bit < 32; ++bit) {
    if (r.edx >> bit & 1) Print(" %s", kFeatures[bit]);
  }
  Print("\n");
  return 0;
}
