// What a program must not do. Each sin is committed by a process of its own, which does
// not live to tell; the kernel reports it, and everybody else goes on.
#include "user/user.h"

// volatile: the compiler knows as well as we do that this is wrong, and must not think
// about it.
static volatile char* volatile target;

static void ReadNowhere(void) {
  target = (char*)16;
  (void)*target;
}
static void ReadKernel(void) {
  target = (char*)0xc0100000;
  (void)*target;
}
static void WriteText(void) {
  target = (char*)0x08048000;
  *target = 0;
}
static void DivideByZero(void) { __asm__ volatile("divl %0" : : "r"(0) : "eax", "edx"); }
static void StopInterrupts(void) { __asm__ volatile("cli"); }
static void CallHost(void) { __asm__ volatile("int $0x1f" : : "a"(0)); }
static void UndefinedInstruction(void) { __asm__ volatile("ud2"); }
static void UseFpu(void) { __asm__ volatile("fldz"); }

// The status of a program that died of an exception is 128 + vector.
static const struct {
  const char* name;
  void (*commit)(void);
  int vector;
} kSins[] = {
    {"read address 16", ReadNowhere, 14},
    {"read the kernel", ReadKernel, 14},
    {"write to its own text", WriteText, 14},
    {"divide by zero", DivideByZero, 0},
    {"switch interrupts off", StopInterrupts, 13},
    {"make a hypercall", CallHost, 13},
    {"execute no instruction at all", UndefinedInstruction, 6},
    {"use the FPU", UseFpu, 7},
};

int main(void) {
  u32 wrong = 0;
  for (u32 i = 0; i < sizeof(kSins) / sizeof(kSins[0]); ++i) {
    Print("%s:\n", kSins[i].name);
    int pid = Fork();
    if (pid == 0) {
      kSins[i].commit();
      Exit(0);
    }
    int status = 0;
    WaitPid(pid, &status);
    wrong += status != 128 + kSins[i].vector;
  }
  Require(wrong == 0, "each ends by its own exception");
  return 0;
}
