// Memory and counters of the kernel.
#include "user/user.h"

int main(void) {
  struct Stats s = ReadStats();
  u32 programs = s.pages_total - s.pages_free - s.pages_kernel - s.pages_tables;
  Print("pages        %u: %u free, %u kernel, %u page tables, %u programs and stacks\n",
        s.pages_total, s.pages_free, s.pages_kernel, s.pages_tables, programs);
  Print("page faults  %u new, %u from program images\n", s.faults_zero, s.faults_image);
  Print("cow          %u copied, %u kept by their last owner\n", s.cow_copied,
        s.cow_reused);
  Print("kernel       %u system calls, %u switches, %u forks, %u interrupts\n",
        s.syscalls, s.switches, s.forks, s.interrupts);
  Print("hypercalls   %u direct, %u in the ring\n", s.hypercalls, s.hypercalls_queued);
  return 0;
}
