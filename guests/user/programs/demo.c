// Runs all the exercises, then powers off. Started from the shell, or instead of it if
// the kernel command line has the word `demo`.
#include "user/user.h"

static char* const kCommands[][3] = {
    {"cpuid"},          {"touch", "1000"}, {"cow", "256"}, {"syscalls", "50000"},
    {"switch", "2000"}, {"fork", "100"},   {"heap", "64"}, {"share", "50"},
    {"sleep", "20"},    {"crash"},         {"ps"},         {"mem"},
    {"uptime"},
};
enum { kCommandCount = sizeof(kCommands) / sizeof(kCommands[0]) };

int main(void) {
  u32 failed = 0;
  for (u32 i = 0; i < kCommandCount; ++i) {
    char* argv[] = {kCommands[i][0], kCommands[i][1], NULL};
    Print("lgx$ %s %s\n", argv[0], argv[1] ? argv[1] : "");
    if (Run(argv) != 0) ++failed;
  }
  if (failed) {
    Print("demo: %u of %u commands failed\n", failed, kCommandCount);
    Shutdown(kCrash);
  }
  Print("demo: all %u commands succeeded\n", kCommandCount);
  Shutdown(kPowerOff);
}
