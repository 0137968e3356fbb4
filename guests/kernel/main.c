// The kernel from its first line of C to the moment when it only answers.
#include "common/text.h"
#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/disk.h"
#include "kernel/layout.h"
#include "kernel/lguest.h"
#include "kernel/net.h"
#include "kernel/page_table.h"
#include "kernel/pages.h"
#include "kernel/print.h"
#include "kernel/process.h"
#include "kernel/scheduler.h"
#include "kernel/stats.h"
#include "kernel/traps.h"

#ifdef GUEST_PAE
static const char kBanner[] = "lgx built-in guest, three-level page tables (PAE)\n";
#else
static const char kBanner[] = "lgx built-in guest, two-level page tables\n";
#endif

static char command_line[256];

// What follows the word `do`: a command for the shell, instead of somebody who types.
static const char* CommandToDo(void) {
  static const char kWord[] = "do ";
  for (u32 i = 0; i < sizeof(kWord) - 1; ++i) {
    if (command_line[i] != kWord[i]) return NULL;
  }
  return command_line + sizeof(kWord) - 1;
}

// entry.S calls this, on the boot stack, which then belongs to the idle process. Virtual
// interrupts are off, and so they stay in the kernel.
_Noreturn void lguest_init(void) {
  u32 memory = *(const u32*)PtrOf(kBootMemorySize);
  u32 command_line_address = *(const u32*)PtrOf(kBootCommandLine);
  StringCopy(command_line, PtrOf(command_line_address), sizeof(command_line));
  Print(kBanner);

  InitTraps();
  InitPages(memory);
  InitPageTables(memory);
  InitClock();
  InitConsole();
  InitDisk();
  InitNet();
  InitProcesses();
  Print("memory: %u KiB, %u KiB free; the Switcher has the top %u KiB of the addresses\n",
        memory >> 10, stats.pages_free * 4, lguest_data.reserve_mem >> 10);
  Print("clock: time stamp counter at %u kHz\n", lguest_data.tsc_khz);
  Print("command line: %s\n", command_line);

  if (HasWord(command_line, "demo")) {
    StartInit("demo", NULL);
  } else {
    StartInit("sh", CommandToDo());
  }
  Idle();
}
