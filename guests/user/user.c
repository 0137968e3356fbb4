#include "user/user.h"

void Exit(int status) {
  for (;;) CallKernel(kSysExit, (u32)status, 0, 0);
}

void Shutdown(enum Shutdown how) {
  for (;;) CallKernel(kSysShutdown, how, 0, 0);
}

void* Map(u32 size) {
  int address = CallKernel(kSysMap, size, 0, 0);
  Require(address > 0, "no memory");
  return (void*)address;
}

// One Print is one write, as long as it fits: a line stays in one piece.
struct Output {
  char text[160];
  u32 length;
};

static void Flush(struct Output* output) {
  Write(1, output->text, output->length);
  output->length = 0;
}

static void PutInOutput(void* context, char c) {
  struct Output* output = context;
  output->text[output->length++] = c;
  if (output->length == sizeof(output->text)) Flush(output);
}

void Print(const char* format, ...) {
  struct Output output = {.length = 0};
  va_list args;
  va_start(args, format);
  FormatText(PutInOutput, &output, format, args);
  va_end(args);
  Flush(&output);
}

struct Stats ReadStats(void) {
  struct Stats stats;
  CallKernel(kSysStats, (u32)&stats, 0, 0);
  return stats;
}

struct TimeInfo ReadTime(void) {
  struct TimeInfo info;
  CallKernel(kSysTime, (u32)&info, 0, 0);
  return info;
}

int Run(char** argv) {
  int pid = Fork();
  if (pid < 0) return pid;
  if (pid == 0) {
    int error = Exec(argv[0], argv);
    if (error == kErrNotFound)
      Print("%s: no such program; `help` lists them\n", argv[0]);
    else
      Print("%s: cannot start, error %d\n", argv[0], error);
    Exit(127);
  }
  int status = 0;
  WaitPid(pid, &status);
  return status;
}

u32 NumberArgument(int argc, char** argv, u32 otherwise) {
  u32 number = argc > 1 ? ParseNumber(argv[1]) : 0;
  return number ? number : otherwise;
}

void PrintTiming(u32 count, const char* things, u64 microseconds) {
  u64 each = Divide(microseconds * 1000, count, NULL);
  Print("%u %s in %Lu us, %Lu ns each\n", count, things, microseconds, each);
}

void Require(bool good, const char* what) {
  if (good) return;
  Print("FAILED: %s\n", what);
  Exit(1);
}
