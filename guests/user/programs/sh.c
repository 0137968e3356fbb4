// The shell: reads a line, splits it at the spaces, and runs the program named by the
// first word.
#include "user/user.h"

enum { kMaxLine = 128, kMaxWords = 16 };

static void Help(void) {
  Print(
      "touch N      touch N new pages; each first touch is a page fault\n"
      "cow N        fork with N pages in common, then write to them on both sides\n"
      "syscalls N   call the kernel N times\n"
      "switch N     two processes take turns N times, through a pipe\n"
      "fork N       start and end N processes\n"
      "heap N       grow the heap by N pages and give them back\n"
      "share MS     two busy processes share the processor\n"
      "sleep MS     wait for the clock\n"
      "crash        do what a program must not do\n"
      "disk         show the disk; read KIB, sum KIB, soak N use it\n"
      "net ...      the network card: address, pings and their answers\n"
      "bench        workloads for `lgx bench demand-paging`; lists them\n"
      "mem ps uptime cpuid   show memory and counters, processes, time, processor\n"
      "demo         run all of them, then power off\n"
      "echo TEXT, halt (or poweroff), reboot, panic, help\n");
}

static void Echo(char** words) {
  for (int i = 1; words[i]; ++i) Print(i > 1 ? " %s" : "%s", words[i]);
  Print("\n");
}

// What the shell does by itself. False if it is the name of a program.
static bool RunBuiltin(char** words) {
  const char* command = words[0];
  if (StringEqual(command, "help"))
    Help();
  else if (StringEqual(command, "echo"))
    Echo(words);
  else if (StringEqual(command, "halt") || StringEqual(command, "poweroff"))
    Shutdown(kPowerOff);
  else if (StringEqual(command, "reboot"))
    Shutdown(kRestart);
  else if (StringEqual(command, "panic"))
    Shutdown(kCrash);
  else
    return false;
  return true;
}

static void SplitWords(char* line, char** words) {
  int count = 0;
  while (count < kMaxWords - 1) {
    while (*line == ' ') *line++ = '\0';
    if (!*line) break;
    words[count++] = line;
    while (*line && *line != ' ') ++line;
  }
  words[count] = NULL;
}

// 0 if the command succeeded.
static int RunLine(char* line) {
  char* words[kMaxWords];
  SplitWords(line, words);
  if (!words[0] || RunBuiltin(words)) return 0;
  int status = Run(words);
  if (status != 0) Print("%s: status %d\n", words[0], status);
  return status;
}

// With an argument the shell runs that one command, and the machine is done.
int main(int argc, char** argv) {
  if (argc > 1) {
    Print("lgx$ %s\n", argv[1]);
    Shutdown(RunLine(argv[1]) == 0 ? kPowerOff : kCrash);
  }
  Print("Type `help` for a list of commands.\n");
  for (;;) {
    char line[kMaxLine + 1];
    Print("lgx$ ");
    int length = Read(0, line, kMaxLine);
    if (length <= 0) break;
    if (line[length - 1] == '\n') --length;
    line[length] = '\0';
    RunLine(line);
  }
  Print("\n");
  Shutdown(kPowerOff);
}
