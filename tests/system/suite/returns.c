/* IRET: to every kind of code and stack segment, and what of the flags may change. */
#include "suite.h"

static void ToCode(u32 cpl, u32 type, u32 present) {
  Text("iret cs");
  Field("cpl", cpl);
  Field("type", type);
  Field("p", present);
  for (u32 dpl = 0; dpl < 4; dpl++) {
    for (u32 rpl = 0; rpl < 4; rpl++) {
      SetSlot(kSlot, FlatOfType(type | dpl << 5 | (present ? kPresentBit : 0)));
      PrepareProbe(cpl);
      u32* const stack = (u32*)input_esp;
      stack[0] = (u32)destination;
      stack[1] = kSlot | rpl;
      stack[2] = kFlagsReserved;
      stack[3] = (u32)stack_area[3] + 0x200;
      stack[4] = DataOf(rpl);
      CODE(0xcf);
      Short();
      if (outcome.vector == kThere) {
        Whereabouts();
        Field("ds", outcome.ds);
      }
    }
  }
  EndLine();
}

static void ToStack(u32 far, u32 to, u32 type, u32 present) {
  Text(far ? "retf ss" : "iret ss");
  Field("to", to);
  Field("type", type);
  Field("p", present);
  for (u32 dpl = 0; dpl < 4; dpl++) {
    for (u32 rpl = 0; rpl < 4; rpl++) {
      SetSlot(kSlot, FlatOfType(type | dpl << 5 | (present ? kPresentBit : 0)));
      PrepareProbe(0);
      u32* const stack = (u32*)input_esp;
      stack[0] = (u32)destination;
      stack[1] = CodeOf(to);
      stack[2] = far ? (u32)stack_area[3] + 0x200 : kFlagsReserved;
      stack[3] = far ? kSlot | rpl : (u32)stack_area[3] + 0x200;
      stack[4] = kSlot | rpl;
      if (far) {
        CODE(0xcb);
      } else {
        CODE(0xcf);
      }
      Short();
    }
  }
  EndLine();
}

/* Data registers whose segments the outer ring may not see become null. */
static void DataAfter(u32 to, u32 type) {
  Text("iret data");
  Field("to", to);
  Field("type", type);
  for (u32 dpl = 0; dpl < 4; dpl++) {
    SetSlot(kSlot, FlatOfType(type | dpl << 5 | kPresentBit));
    PrepareProbe(0);
    input_es = input_fs = input_gs = kSlot | dpl;
    u32* const stack = (u32*)input_esp;
    stack[0] = (u32)destination;
    stack[1] = CodeOf(to);
    stack[2] = kFlagsReserved;
    stack[3] = (u32)stack_area[3] + 0x200;
    stack[4] = DataOf(to);
    CODE(0xcf);
    Short();
    Field("es", outcome.es);
    Field("fs", outcome.fs);
    Field("gs", outcome.gs);
  }
  EndLine();
}

/* All flags asked for at once, by IRET and POPF, in 32 and 16 bits. */
static void Flags(u32 cpl, u32 iopl) {
  static const u8 kWays[][3] = {
      {0xcf, 0x90, 0x90}, {0x9d, 0x90, 0x90}, {0x66, 0x9d, 0x90}};
  Text("flags");
  Field("cpl", cpl);
  Field("iopl", iopl);
  for (u32 way = 0; way < 3; way++) {
    for (u32 ones = 0; ones < 2; ones++) {
      PrepareProbe(cpl);
      const u32 wish = ones ? 0x003ffaff & ~(kVm | kNt | 0x180000) : 0;
      input_eflags = (ones ? 0 : 0x44ad5 | kIf) | kFlagsReserved | iopl << 12;
      u32* const stack = (u32*)input_esp;
      if (way == 0) {
        stack[0] = (u32)code_area + 3;
        stack[1] = CodeOf(cpl);
        stack[2] = wish;
      } else {
        stack[0] = wish;
      }
      RunCode(kWays[way], 3);
      Short();
      Hex(outcome.eflags, 6);
    }
  }
  EndLine();
}

/* Null, missing and misplaced selectors in the frame; NT without a task to return to. */
static void Odd(u32 cpl) {
  static const u32 kOdd[] = {0, 1, 3, 4, 0x200, 0xffff, kData0, kMainTss, kLdt};
  Text("iret odd");
  Field("cpl", cpl);
  for (u32 i = 0; i < sizeof(kOdd) / sizeof(kOdd[0]); i++) {
    PrepareProbe(cpl);
    u32* const stack = (u32*)input_esp;
    stack[0] = (u32)destination;
    stack[1] = kOdd[i];
    stack[2] = kFlagsReserved;
    CODE(0xcf);
    Short();
    PrepareProbe(cpl);
    stack[0] = (u32)destination;
    stack[1] = CodeOf(3);
    stack[2] = kFlagsReserved;
    stack[3] = (u32)stack_area[3] + 0x200;
    stack[4] = kOdd[i] | 3;
    CODE(0xcf);
    Short();
    main_tss.link = kOdd[i];
    PrepareProbe(cpl);
    input_eflags |= kNt;
    CODE(0xcf);
    Short();
    main_tss.link = 0;
  }
  EndLine();
}

void Returns(void) {
  for (u32 cpl = 0; cpl < 4; cpl++) {
    for (u32 type = 0; type < 32; type++) {
      for (u32 present = 0; present < 2; present++) ToCode(cpl, type, present);
    }
    Odd(cpl);
    for (u32 iopl = 0; iopl < 4; iopl++) Flags(cpl, iopl);
  }
  for (u32 to = 1; to < 4; to++) {
    for (u32 type = 0; type < 32; type++) {
      for (u32 present = 0; present < 2; present++) {
        ToStack(0, to, type, present);
        ToStack(1, to, type, present);
      }
    }
    for (u32 type = 0x10; type < 32; type++) {
      const u32 readable = (type & 8) == 0 || (type & 2) != 0;
      if (readable) DataAfter(to, type);
    }
  }
}
