// All processes.
#include "user/user.h"

int main(void) {
  static struct ProcessInfo list[64];
  int count = ListProcesses(list, sizeof(list) / sizeof(list[0]));
  Print("  PID PARENT STATE  PAGES FAULTS      CPU us NAME\n");
  for (int i = 0; i < count; ++i) {
    const struct ProcessInfo* p = &list[i];
    Print("%5u %6u %c     %6u %6u %11Lu %s\n", p->pid, p->parent, p->state, p->pages,
          p->faults, p->cpu_us, p->name);
  }
  return 0;
}
