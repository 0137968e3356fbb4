/* Loads of segment registers: every type, presence, DPL, RPL and CPL. */
#include "suite.h"

/* MOV to a segment register from AX, by its number. */
static const struct {
  const char* name;
  u8 modrm;
} kRegisters[] = {{"es", 0xc0}, {"ss", 0xd0}, {"ds", 0xd8}, {"fs", 0xe0}, {"gs", 0xe8}};

static void LoadAll(u32 r, u32 cpl, u32 type, u32 present) {
  Text("load ");
  Text(kRegisters[r].name);
  Field("cpl", cpl);
  Field("type", type);
  Field("p", present);
  for (u32 dpl = 0; dpl < 4; dpl++) {
    for (u32 rpl = 0; rpl < 4; rpl++) {
      const u32 access = type | dpl << 5 | (present ? kPresentBit : 0);
      SetSlot(kSlot, FlatOfType(access));
      PrepareProbe(cpl);
      input_eax = kSlot | rpl;
      CODE(0x8e, kRegisters[r].modrm);
      Short();
      if (AccessOf(kSlot) != access) Text("A");
    }
  }
  EndLine();
}

/* Selectors that name no descriptor. */
static void LoadOdd(u32 r, u32 cpl) {
  static const u32 kOdd[] = {0,     1,     2,     3,      4,      7,    0x24,
                             0x3f7, 0x200, 0x203, 0xffff, 0xfffc, 0x1fc};
  Text("odd ");
  Text(kRegisters[r].name);
  Field("cpl", cpl);
  for (u32 i = 0; i < sizeof(kOdd) / sizeof(kOdd[0]); i++) {
    PrepareProbe(cpl);
    input_eax = kOdd[i];
    CODE(0x8e, kRegisters[r].modrm);
    Short();
  }
  EndLine();
}

/* In an LDT, at and past its limit. */
static void LoadLocal(u32 cpl) {
  Text("local");
  Field("cpl", cpl);
  for (u32 loaded = 0; loaded < 2; loaded++) {
    gdt[kLdt / 8] = Segment((u32)ldt, 5 * 8 + 6, 0x82, 0);
    __asm__ volatile("lldt %w0" : : "r"(loaded ? kLdt : 0));
    for (u32 i = 0; i < 8; i++) {
      ldt[i] = FlatOfType(kPresentBit | kReadWrite | cpl << 5);
      PrepareProbe(cpl);
      input_eax = i * 8 | 4 | cpl;
      CODE(0x8e, 0xd8);
      Short();
    }
  }
  __asm__ volatile("lldt %w0" : : "r"(0));
  EndLine();
}

/* LAR, LSL, VERR, VERW: ZF and what was loaded. */
static void Ask(u32 cpl, u32 type, u32 present) {
  Text("ask");
  Field("cpl", cpl);
  Field("type", type);
  Field("p", present);
  for (u32 dpl = 0; dpl < 4; dpl++) {
    for (u32 rpl = 0; rpl < 4; rpl += 3) {
      SetSlot(kSlot, Segment(0x12345678, 0x54321, type | dpl << 5 | (present ? 0x80 : 0),
                             type & 1 ? kGranular : kBig));
      PrepareProbe(cpl);
      input_eax = kSlot | rpl;
      /* lar ecx, ax; lsl edx, ax */
      CODE(0x0f, 0x02, 0xc8, 0x0f, 0x03, 0xd0);
      Text(" ");
      Hex(outcome.ecx, 8);
      Text("/");
      Hex(outcome.edx, 8);
      PrepareProbe(cpl);
      input_eax = kSlot | rpl;
      CODE(0x0f, 0x00, 0xe0); /* verr ax */
      Hex(outcome.eflags >> 6 & 1, 1);
      PrepareProbe(cpl);
      input_eax = kSlot | rpl;
      CODE(0x0f, 0x00, 0xe8); /* verw ax */
      Hex(outcome.eflags >> 6 & 1, 1);
    }
  }
  EndLine();
}

void Segments(void) {
  for (u32 r = 0; r < 5; r++) {
    for (u32 cpl = 0; cpl < 4; cpl++) {
      for (u32 type = 0; type < 32; type++) {
        for (u32 present = 0; present < 2; present++) LoadAll(r, cpl, type, present);
      }
      LoadOdd(r, cpl);
    }
  }
  for (u32 cpl = 0; cpl < 4; cpl++) {
    LoadLocal(cpl);
    for (u32 type = 0; type < 32; type++) {
      for (u32 present = 0; present < 2; present++) Ask(cpl, type, present);
    }
  }
}
