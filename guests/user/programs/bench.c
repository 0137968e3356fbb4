// Workloads for measuring how this system pages: `lgx bench demand-paging` runs them on
// machines with different rules. What is measured lies between two lines, "bench: begin"
// and "bench: end", and counts and time are taken from outside at these lines. The same
// arguments give the same check sum on every machine.
#include "user/user.h"

enum { kStep = kPageSize / sizeof(u32) };

struct Options {
  u32 pages;      // touched in a round
  u32 rounds;     // how often
  u32 processes;  // that take turns
  u32 stride;     // pages from one touch to the next
  u32 announce;   // tell the Host of every new table, as Linux does
};

static void Begin(const char* name, const struct Options* o) {
  CallKernel(kSysAnnounce, o->announce, 0, 0);
  Print("bench: begin %s pages=%u rounds=%u processes=%u stride=%u announce=%u\n", name,
        o->pages, o->rounds, o->processes, o->stride, o->announce);
}

static void End(const char* name, u32 operations, u32 check) {
  Print("bench: end %s operations=%u check=%08x\n", name, operations, check);
  CallKernel(kSysAnnounce, 0, 0, 0);
}

// ---- touching pages

// Which page comes behind page `i`; begins with 0 and meets each of `pages` once.
typedef u32 (*Order)(u32 i, const struct Options* o);

static u32 Sequential(u32 i, const struct Options* o) {
  return i + 1 < o->pages ? i + 1 : 0;
}

// A generator of full period over the next power of two; what is too large is left out.
static u32 Random(u32 i, const struct Options* o) {
  u32 mask = 1;
  while (mask < o->pages) mask <<= 1;
  do i = (i * 1664525 + 1013904223) & (mask - 1);
  while (i >= o->pages);
  return i;
}

// Every stride-th page, then the same from the next page on.
static u32 Strided(u32 i, const struct Options* o) {
  if (i + o->stride < o->pages) return i + o->stride;
  u32 start = i % o->stride + 1;
  return start < o->stride && start < o->pages ? start : 0;
}

static void Touch(const char* name, Order next, const struct Options* o) {
  u32 check = 0;
  Begin(name, o);
  for (u32 round = 0; round < o->rounds; ++round) {
    volatile u32* words = Map(o->pages * kPageSize);
    u32 page = 0;
    for (u32 i = 0; i < o->pages; ++i) {
      check += words[page * kStep] + page;
      words[page * kStep] = i;
      page = next(page, o);
    }
    Require(page == 0, "every page has its turn once");
    Unmap((void*)words);
  }
  End(name, o->pages * o->rounds, check);
}

static void TouchSequential(const struct Options* o) {
  Touch("touch-sequential", Sequential, o);
}
static void TouchRandom(const struct Options* o) { Touch("touch-random", Random, o); }
static void TouchStride(const struct Options* o) { Touch("touch-stride", Strided, o); }

// ---- address spaces

static u32 WriteAll(volatile u32* words, u32 pages) {
  u32 sum = 0;
  for (u32 i = 0; i < pages; ++i) sum += words[i * kStep]++;
  return sum;
}

// `pid` may be -1, for any child.
static int WaitFor(int pid) {
  int status = -1;
  Require(pid != 0 && WaitPid(pid, &status) > 0, "a child");
  return status;
}

// Parent and child have the pages in common until each has written to them.
static void ForkAndWrite(const struct Options* o) {
  volatile u32* words = Map(o->pages * kPageSize);
  u32 check = WriteAll(words, o->pages);
  Begin("fork", o);
  for (u32 round = 0; round < o->rounds; ++round) {
    int pid = Fork();
    Require(pid >= 0, "fork");
    if (pid == 0) Exit((int)(WriteAll(words, o->pages) & 0x7f));
    check = check * 31 + (u32)WaitFor(pid);
    check += WriteAll(words, o->pages);
  }
  End("fork", o->rounds, check);
}

static void ForkAndExec(const struct Options* o) {
  char* argv[] = {"bench", "nothing", NULL};
  u32 check = 0;
  Begin("exec", o);
  for (u32 round = 0; round < o->rounds; ++round) check += (u32)Run(argv) + 1;
  End("exec", o->rounds, check);
}

// Each process touches its pages and gives the processor to the next one.
static u32 TakeTurns(volatile u32* words, const struct Options* o) {
  u32 check = 0;
  for (u32 round = 0; round < o->rounds; ++round) {
    check += WriteAll(words, o->pages);
    Yield();
  }
  return check;
}

static void Switch(const struct Options* o) {
  volatile u32* words = Map(o->pages * kPageSize);
  int ready[2], go[2];
  char byte = 0;
  Require(Pipe(ready) == 0 && Pipe(go) == 0, "two pipes");
  WriteAll(words, o->pages);
  for (u32 i = 1; i < o->processes; ++i) {
    int pid = Fork();
    Require(pid >= 0, "enough processes");
    if (pid != 0) continue;
    WriteAll(words, o->pages);  // now they are its own
    Write(ready[1], &byte, 1);
    Read(go[0], &byte, 1);
    Exit((int)(TakeTurns(words, o) & 0x7f));
  }
  for (u32 i = 1; i < o->processes; ++i) Read(ready[0], &byte, 1);
  WriteAll(words, o->pages);
  Begin("switch", o);
  for (u32 i = 1; i < o->processes; ++i) Write(go[1], &byte, 1);
  u32 check = TakeTurns(words, o);
  for (u32 i = 1; i < o->processes; ++i) check += (u32)WaitFor(-1);
  End("switch", o->rounds * o->processes, check);
}

// ---- many small mappings

enum { kLive = 4 };

// A few mappings are alive at a time; the oldest one goes when the next one comes.
static void Churn(const struct Options* o) {
  volatile u32* live[kLive] = {NULL};
  u32 check = 0;
  Begin("mmap", o);
  for (u32 round = 0; round < o->rounds; ++round) {
    volatile u32** slot = &live[round % kLive];
    if (*slot) Unmap((void*)*slot);
    *slot = Map(o->pages * kPageSize);
    check += WriteAll(*slot, o->pages) + WriteAll(*slot, o->pages);
  }
  End("mmap", o->rounds, check);
}

// ---- none of it

static void Compute(const struct Options* o) {
  u32 x = 2463534242u;
  Begin("compute", o);
  for (u32 round = 0; round < o->rounds; ++round) {
    for (u32 i = 0; i < 1000; ++i) {
      x ^= x << 13;
      x ^= x >> 17;
      x ^= x << 5;
    }
  }
  End("compute", o->rounds, x);
}

// ---- the command line

static const struct Workload {
  const char* name;
  void (*run)(const struct Options*);
  struct Options options;  // unless it is told otherwise
} kWorkloads[] = {
    {"touch-sequential", TouchSequential, {2048, 2, 1, 1, 1}},
    {"touch-random", TouchRandom, {2048, 2, 1, 1, 1}},
    {"touch-stride", TouchStride, {2048, 2, 1, 17, 1}},
    {"fork", ForkAndWrite, {64, 50, 1, 1, 1}},
    {"exec", ForkAndExec, {1, 50, 1, 1, 1}},
    {"switch", Switch, {32, 50, 8, 1, 1}},
    {"mmap", Churn, {16, 200, 1, 1, 1}},
    {"compute", Compute, {1, 1000, 1, 1, 1}},
};
enum { kWorkloadCount = sizeof(kWorkloads) / sizeof(kWorkloads[0]) };

static bool SetOption(struct Options* o, const char* text) {
  static const char* const kNames[] = {
      "pages=", "rounds=", "processes=", "stride=", "announce="};
  u32* const values[] = {&o->pages, &o->rounds, &o->processes, &o->stride, &o->announce};
  for (u32 i = 0; i < sizeof(values) / sizeof(values[0]); ++i) {
    u32 length = (u32)StringLength(kNames[i]);
    if (StringLength(text) < length || memcmp(text, kNames[i], length) != 0) continue;
    *values[i] = ParseNumber(text + length);
    return *values[i] != 0 || values[i] == &o->announce;
  }
  return false;
}

static int Explain(void) {
  Print("bench WORKLOAD [pages=N] [rounds=N] [processes=N] [stride=N] [announce=0]\n");
  for (u32 i = 0; i < kWorkloadCount; ++i) Print("  %s\n", kWorkloads[i].name);
  return 1;
}

int main(int argc, char** argv) {
  if (argc > 1 && StringEqual(argv[1], "nothing")) return 0;
  for (u32 i = 0; argc > 1 && i < kWorkloadCount; ++i) {
    if (!StringEqual(argv[1], kWorkloads[i].name)) continue;
    struct Options options = kWorkloads[i].options;
    for (int j = 2; j < argc; ++j) {
      if (!SetOption(&options, argv[j])) return Explain();
    }
    kWorkloads[i].run(&options);
    return 0;
  }
  return Explain();
}
