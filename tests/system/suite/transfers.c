/* Far JMP, CALL and RET to code segments, and to what is none. */
#include "suite.h"

/* Types of system descriptors that lead somewhere have groups of their own. */
static u32 LeadsOn(u32 type) {
  return type == 1 || type == 3 || type == 4 || type == 5 || type == 9 || type == 0xb ||
         type == 0xc;
}

static void Far(const char* name, u32 kind, u32 cpl, u32 type, u32 present) {
  Text(name);
  Field("cpl", cpl);
  Field("type", type);
  Field("p", present);
  for (u32 dpl = 0; dpl < 4; dpl++) {
    for (u32 rpl = 0; rpl < 4; rpl++) {
      const u32 access = type | dpl << 5 | (present ? kPresentBit : 0);
      SetSlot(kSlot, FlatOfType(access));
      const u32 selector = kSlot | rpl;
      const u32 to = (u32)destination;
      PrepareProbe(cpl);
      if (kind == 0) {
        CODE(0xea, W32(to), W16(selector));
      } else if (kind == 1) {
        CODE(0x9a, W32(to), W16(selector));
      } else {
        /* RETF 4, to an outer ring too */
        u32* const stack = (u32*)input_esp;
        stack[0] = to;
        stack[1] = selector;
        stack[3] = (u32)stack_area[3] + 0x200; /* behind 4 bytes of parameters */
        stack[4] = DataOf(rpl);
        CODE(0xca, 4, 0);
      }
      Short();
      if (outcome.vector == kThere) {
        Whereabouts();
        if (kind == 2 && (outcome.cs & 3) != cpl) {
          Field("ds", outcome.ds);
        }
      }
      if (AccessOf(kSlot) != access) Text("A");
    }
  }
  EndLine();
}

static void Odd(u32 cpl) {
  static const u32 kOdd[] = {0, 3, 4, 0x200, 0xfffc, 0x1fc, 0x3fb};
  Text("far odd");
  Field("cpl", cpl);
  for (u32 i = 0; i < sizeof(kOdd) / sizeof(kOdd[0]); i++) {
    PROBE(cpl, 0xea, W32(0x1000), W16(kOdd[i]));
    Short();
    PROBE(cpl, 0x9a, W32(0x1000), W16(kOdd[i]));
    Short();
    PrepareProbe(cpl);
    ((u32*)input_esp)[0] = 0x1000;
    ((u32*)input_esp)[1] = kOdd[i];
    CODE(0xcb);
    Short();
  }
  EndLine();
}

/* The destination beyond the limit of its segment, by each way. */
static void Beyond(u32 cpl) {
  Text("far beyond");
  Field("cpl", cpl);
  for (u32 i = 0; i < 3; i++) {
    const u32 limit = 0xfff + i;
    SetSlot(kSlot,
            Segment((u32)code_area, limit, kPresentBit | kReadExec | cpl << 5, kBig));
    PROBE(cpl, 0xea, W32(0x1000), W16(kSlot | cpl));
    Short();
    PROBE(cpl, 0x9a, W32(0x1000), W16(kSlot | cpl));
    Short();
    PrepareProbe(cpl);
    ((u32*)input_esp)[0] = 0x1000;
    ((u32*)input_esp)[1] = kSlot | cpl;
    CODE(0xcb);
    Short();
    Field("cs", outcome.cs);
  }
  EndLine();
}

void Transfers(void) {
  static const char* const kNames[] = {"jmp", "call", "ret"};
  for (u32 kind = 0; kind < 3; kind++) {
    for (u32 cpl = 0; cpl < 4; cpl++) {
      for (u32 type = 0; type < 32; type++) {
        if (kind < 2 && LeadsOn(type)) continue;
        for (u32 present = 0; present < 2; present++) {
          Far(kNames[kind], kind, cpl, type, present);
        }
      }
    }
  }
  for (u32 cpl = 0; cpl < 4; cpl++) {
    Odd(cpl);
    Beyond(cpl);
  }
}
