/* Call gates, interrupt and trap gates: who may use them, where they lead, what is on the
 * stack. */
#include "suite.h"

static void ThroughGate(u32 call, u32 gate_type, u32 cpl, u32 gate_dpl, u32 target_type) {
  Text(call ? "gate call" : "gate jmp");
  Field("type", gate_type);
  Field("cpl", cpl);
  Field("dpl", gate_dpl);
  Field("to", target_type);
  for (u32 dpl = 0; dpl < 4; dpl++) {
    for (u32 rpl = 0; rpl < 4; rpl += 3) {
      SetSlot(kSlot, FlatOfType(target_type | dpl << 5));
      SetSlot(kSlot + 8,
              Gate(kSlot, (u32)destination, kPresentBit | gate_type | gate_dpl << 5, 2));
      /* A gate of 16 bits reaches the first 64 KiB only. */
      if (gate_type == 4) {
        SetSlot(kSlot,
                Segment((u32)destination - 0x100, 0xffff, target_type | dpl << 5, kBig));
        SetSlot(kSlot + 8,
                Gate(kSlot, 0x100, kPresentBit | gate_type | gate_dpl << 5, 2));
      }
      PROBE(cpl, call ? 0x9a : 0xea, W32(0x77777777), W16((kSlot + 8) | rpl));
      Short();
      if (outcome.vector == kThere) {
        Whereabouts();
        if (call) {
          const u32* const words = (const u32*)outcome.esp;
          for (u32 i = 0; i < 4; i++) {
            Text(i == 0 ? "[" : ",");
            Hex(words[i] & 0xffff, 4);
          }
          Text("]");
        }
      }
    }
  }
  EndLine();
}

static void OddGates(u32 cpl) {
  Text("gate odd");
  Field("cpl", cpl);
  static const u32 kTargets[] = {0, 3, 4, 0x200, kData0, kMainTss, kCode0};
  for (u32 i = 0; i < sizeof(kTargets) / sizeof(kTargets[0]); i++) {
    for (u32 present = 0; present < 2; present++) {
      SetSlot(kSlot + 8,
              Gate(kTargets[i], (u32)destination, 0x6c | (present ? 0x80 : 0), 0));
      PROBE(cpl, 0x9a, W32(0), W16((kSlot + 8) | cpl));
      Short();
    }
  }
  EndLine();
}

/* An inner stack that cannot be used. */
static void BadInnerStack(u32 type, u32 how) {
  Text("inner stack");
  Field("type", type);
  Field("how", how);
  const u32 old_ss1 = main_tss.ss1, old_esp1 = main_tss.esp1;
  SetSlot(kSlot, FlatOfType(0xbb)); /* ring 1 */
  SetSlot(kSlot + 8, Gate(kSlot, (u32)destination, 0xec, 2));
  for (u32 dpl = 0; dpl < 4; dpl++) {
    for (u32 rpl = 0; rpl < 4; rpl++) {
      SetSlot(kSlot + 16, FlatOfType(type | dpl << 5 | (how == 1 ? 0 : kPresentBit)));
      main_tss.ss1 = how == 2 ? 0x1f8 | rpl : how == 3 ? rpl : (kSlot + 16) | rpl;
      PROBE(3, 0x9a, W32(0), W16((kSlot + 8) | 3));
      Short();
    }
  }
  main_tss.ss1 = old_ss1;
  main_tss.esp1 = old_esp1;
  EndLine();
}

/* An inner stack with too little room, for a call and for an interrupt. */
static void ShortInnerStack(void) {
  Text("inner room");
  SetSlot(kSlot, FlatOfType(0xbb));
  SetSlot(kSlot + 8, Gate(kSlot, (u32)destination, 0xec, 2));
  SetSlot(kSlot + 16, Segment((u32)stack_area[1], 0xfff, 0xb3, kBig));
  const u32 old_ss1 = main_tss.ss1, old_esp1 = main_tss.esp1;
  main_tss.ss1 = (kSlot + 16) | 1;
  for (u32 room = 0; room < 40; room += 4) {
    main_tss.esp1 = room;
    PROBE(3, 0x9a, W32(0), W16((kSlot + 8) | 3));
    Short();
    idt[0x60] = Gate(kSlot, (u32)destination, 0xee, 0);
    PROBE(3, 0xcd, 0x60);
    Short();
  }
  main_tss.ss1 = old_ss1;
  main_tss.esp1 = old_esp1;
  EndLine();
}

static void Interrupt(u32 cpl, u32 access, u32 target_type) {
  Text("int");
  Field("cpl", cpl);
  Field("gate", access);
  Field("to", target_type);
  for (u32 dpl = 0; dpl < 4; dpl++) {
    for (u32 rpl = 0; rpl < 4; rpl += 3) {
      const u32 wide = (access & 8) != 0;
      SetSlot(kSlot, wide ? FlatOfType(target_type | dpl << 5)
                          : Segment((u32)destination - 0x100, 0xffff,
                                    target_type | dpl << 5, kBig));
      idt[0x60] = Gate(kSlot | rpl, wide ? (u32)destination : 0x100, access, 0);
      PrepareProbe(cpl);
      input_eflags = kFlagsReserved | kIf | kNt | 0x3000 | 0x8d5;
      CODE(0xcd, 0x60);
      Short();
      if (outcome.vector == kThere) {
        Whereabouts();
        Text("f");
        Hex(outcome.eflags, 5);
        const u32* const words = (const u32*)outcome.esp;
        for (u32 i = 0; i < (wide ? 3 : 2); i++) {
          Text(i == 0 ? "[" : ",");
          if (i == 0 && wide) {
            Hex(words[i] - (u32)code_area, 4);
          } else {
            Hex(words[i], 8);
          }
        }
        Text("]");
      }
    }
  }
  EndLine();
}

void Gates(void) {
  static const u32 kTargets[] = {0x9b, 0x9f, 0x93, 0x1b, 0x1f, 0x82};
  for (u32 call = 0; call < 2; call++) {
    for (u32 gate_type = 4; gate_type <= 12; gate_type += 8) {
      for (u32 cpl = 0; cpl < 4; cpl++) {
        for (u32 gate_dpl = 0; gate_dpl < 4; gate_dpl++) {
          for (u32 t = 0; t < 6; t++)
            ThroughGate(call, gate_type, cpl, gate_dpl, kTargets[t]);
        }
      }
    }
  }
  for (u32 cpl = 0; cpl < 4; cpl++) OddGates(cpl);
  for (u32 type = 0; type < 32; type++) BadInnerStack(type, 0);
  for (u32 how = 1; how < 4; how++) BadInnerStack(kReadWrite, how);
  ShortInnerStack();
  for (u32 cpl = 0; cpl < 4; cpl++) {
    for (u32 type = 0; type < 16; type++) {
      if (type == 5) continue; /* a task gate */
      static const u32 kAccess[] = {0x80, 0xe0, 0x60, 0xa0};
      for (u32 a = 0; a < 4; a++) {
        for (u32 t = 0; t < 4; t++) Interrupt(cpl, kAccess[a] | type, kTargets[t]);
      }
    }
  }
}
