#include "traps.h"

enum {
  kVectors = 256,
  kLeaveVector = 0x81,
  kCodeSelector = 0x08,
  kDataSelector = 0x10,
  kTssSelector = 0x38,
  kInterruptGate = 0x8e00,
};

struct Gate {
  u32 low, high;
};

struct TableRegister {
  u16 limit;
  u32 base;
} __attribute__((packed));

static struct {
  u32 link, esp0, ss0;
  u32 rest[23];
} tss;

static struct Gate idt[kVectors] __attribute__((aligned(8)));
static u8 inner_stack[4096] __attribute__((aligned(16)));

extern struct Gate gdt[];
void OnUnexpected(void);
void OnLeaveRing(void);
void EnterRing(u32 code, u32 data, void (*function)(void));

__attribute__((weak)) void MapPage(u32 linear) {
  (void)linear;
  Fail("an unexpected page fault");
}

void UnexpectedTrap(void) { Fail("an unexpected exception"); }

void SetGate(u8 vector, void (*handler)(void), u32 ring) {
  const u32 offset = (u32)handler;
  idt[vector].low = (u32)kCodeSelector << 16 | (offset & 0xffff);
  idt[vector].high = (offset & 0xffff0000) | kInterruptGate | ring << 13;
}

void StartTraps(void) {
  for (u32 vector = 0; vector < kVectors; ++vector) SetGate((u8)vector, OnUnexpected, 0);
  SetGate(kLeaveVector, OnLeaveRing, 3);
  const struct TableRegister idtr = {sizeof(idt) - 1, (u32)idt};
  __asm__ volatile("lidt %0" : : "m"(idtr));
  tss.esp0 = (u32)inner_stack + sizeof(inner_stack);
  tss.ss0 = kDataSelector;
  const u32 base = (u32)&tss;
  gdt[kTssSelector / 8].low = base << 16 | (sizeof(tss) - 1);
  gdt[kTssSelector / 8].high = (base & 0xff000000) | 0x8900 | (base >> 16 & 0xff);
  __asm__ volatile("ltr %w0" : : "r"(kTssSelector));
}

void RunInRing(u32 ring, void (*function)(void)) {
  if (ring == 1) {
    EnterRing(0x19, 0x21, function);
  } else {
    EnterRing(0x2b, 0x33, function);
  }
}
