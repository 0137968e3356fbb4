#include "kernel/panic.h"

#include "common/text.h"
#include "kernel/layout.h"
#include "kernel/lguest.h"
#include "kernel/page_table.h"
#include "kernel/print.h"

enum { kReasonPowerOff = 1, kReasonRestart = 2 };

// The Host reads 128 bytes at the address of the text.
struct ShutdownText {
  char text[128];
  u32 length;
};
static struct ShutdownText reason;

static _Noreturn void StopMachine(u32 why) {
  DisableInterrupts();
  for (;;) Hypercall(kHcShutdown, PhysOf(reason.text), why, 0, 0);
}

static void PutInReason(void* context, char c) {
  struct ShutdownText* to = context;
  if (to->length < sizeof(to->text) - 1) to->text[to->length++] = c;
}

static void SetReason(const char* format, va_list args) {
  memset(&reason, 0, sizeof(reason));
  FormatText(PutInReason, &reason, format, args);
}

void Panic(const char* format, ...) {
  static bool panicking;  // printing may be what does not work
  va_list args;
  va_start(args, format);
  SetReason(format, args);
  va_end(args);
  if (!panicking) {
    panicking = true;
    Print("kernel panic: %s\n", reason.text);
  }
  StopMachine(kReasonPowerOff);
}

// The Launcher takes exactly this text for a normal end.
void PowerOff(void) {
  StringCopy(reason.text, "Power down", sizeof(reason.text));
  StopMachine(kReasonPowerOff);
}

void Restart(void) {
  StringCopy(reason.text, "Restarting", sizeof(reason.text));
  StopMachine(kReasonRestart);
}

// The format texts are variables of their own because the PAE one is what the Launcher
// looks for in a kernel without symbols: Linux has it in the same place.
#ifdef GUEST_PAE
static const char kTopFormat[] = "*pdpt = %016Lx";
static const char kEntryFormat[] = " *pte = %016Lx";
#else
static const char kTopFormat[] = "*pde = %08Lx";
static const char kEntryFormat[] = " *pte = %08Lx";
#endif

void PrintTables(u32 root, u32 address) {
  if (!root) root = KernelPageTable();
  const PageEntry* top = PtrOf(root);
  Print(kTopFormat, (u64)top[address >> kTopShift]);
  const PageEntry* entry = FindEntry(root, address);
  if (entry) Print(kEntryFormat, (u64)*entry);
}
