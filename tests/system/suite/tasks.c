/* Task switches: through every door, to good and bad TSSs, and what is in them
 * afterwards. */
#include "suite.h"

static struct Tss other __attribute__((aligned(128)));
static struct {
  u16 link, sp0, ss0, sp1, ss1, sp2, ss2, ip, flags, ax, cx, dx, bx, sp, bp, si, di, es,
      cs, ss, ds, ldt;
} other16 __attribute__((aligned(128)));

static void LoadMain(void) {
  gdt[kMainTss / 8].high &= ~0x200u;
  __asm__ volatile("ltr %w0" : : "r"(kMainTss));
  __asm__ volatile("pushfl; andl $0xffffbfff, (%%esp); popfl" : : : "memory", "cc");
}

static void PrepareOther(u32 ring) {
  other = (struct Tss){.esp0 = main_tss.esp0,
                       .ss0 = kData0,
                       .esp1 = main_tss.esp1,
                       .ss1 = main_tss.ss1,
                       .eip = (u32)destination,
                       .eflags = kFlagsReserved,
                       .eax = 0x11,
                       .ecx = 0x22,
                       .edx = 0x33,
                       .ebx = 0x44,
                       .esp = (u32)stack_area[ring] + 0x800,
                       .es = DataOf(ring),
                       .cs = CodeOf(ring),
                       .ss = DataOf(ring),
                       .ds = DataOf(ring),
                       .fs = DataOf(ring),
                       .gs = DataOf(ring),
                       .io_map = 0x68};
}

static void Finish(void) {
  const u32 tr = outcome.tr;
  Short();
  if (outcome.vector != kEnd) {
    Field("tr", tr);
    Field("cs", outcome.cs);
    Field("f", outcome.eflags);
    Text(" b");
    Hex(AccessOf(kMainTss), 2);
    Hex(AccessOf(kSlot), 2);
  }
  LoadMain();
}

enum { kJump, kCall, kInterrupt, kReturn, kGateJump, kGateCall, kDoors };

static void Go(u32 door, u32 cpl, u32 rpl) {
  PrepareProbe(cpl);
  switch (door) {
    case kJump:
      CODE(0xea, W32(0), W16(kSlot | rpl));
      break;
    case kCall:
      CODE(0x9a, W32(0), W16(kSlot | rpl));
      break;
    case kInterrupt:
      idt[0x60] = Gate(kSlot | rpl, 0, 0xe5, 0);
      CODE(0xcd, 0x60);
      break;
    case kReturn:
      main_tss.link = kSlot | rpl;
      input_eflags |= kNt;
      CODE(0xcf);
      break;
    case kGateJump:
    case kGateCall:
      SetSlot(kSlot + 8, Gate(kSlot | rpl, 0, 0xe5, 0));
      CODE(door == kGateJump ? 0xea : 0x9a, W32(0), W16((kSlot + 8) | 3));
      break;
  }
}

static void Door(u32 door, u32 cpl, u32 type) {
  Text("task door");
  Field("door", door);
  Field("cpl", cpl);
  Field("type", type);
  for (u32 present = 0; present < 2; present++) {
    for (u32 dpl = 0; dpl < 4; dpl++) {
      PrepareOther(dpl & 1 ? 3 : 0);
      SetSlot(kSlot,
              Segment((u32)&other, 0x67, type | dpl << 5 | (present ? 0x80 : 0), 0));
      Go(door, cpl, dpl == 2 ? 3 : 0);
      Finish();
      Field("link", other.link & 0xffff);
    }
  }
  EndLine();
}

static void Limit(u32 door, u32 type, u32 limit) {
  Text("task limit");
  Field("door", door);
  Field("type", type);
  Field("limit", limit);
  PrepareOther(0);
  other16.ip = 0x100;
  other16.flags = 2;
  other16.sp = 0x800;
  other16.es = other16.ss = other16.ds = kData0;
  other16.cs = kSlot + 16;
  SetSlot(kSlot + 16, Segment((u32)destination - 0x100, 0xffff, 0x9b, kBig));
  const u32 wide = (type & 8) != 0;
  SetSlot(kSlot, Segment(wide ? (u32)&other : (u32)&other16, limit, type | 0x80,
                         limit > 0xfffff ? kGranular : 0));
  Go(door, 0, 0);
  if (!wide) {
    /* The stack of the new task is wherever 16 bits of SP point: only where it went
     * counts. */
    Field("link", other16.link);
  }
  Finish();
  EndLine();
}

/* One field of the new TSS is bad. */
static void BadField(const char* name, u32* field, u32 ring) {
  Text("task ");
  Text(name);
  Field("ring", ring);
  static const u32 kValues[] = {
      0,          1,          2,          3,          4,          0x200,
      0xfffc,     kCode0,     kData0,     0x1b - 2,   0x23 - 2,   0x3b,
      0x43,       kMainTss,   kLdt,       kSlot + 24, kSlot + 27, kSlot + 32,
      kSlot + 35, kSlot + 40, kSlot + 43, kSlot + 48, kSlot + 51};
  for (u32 i = 0; i < sizeof(kValues) / sizeof(kValues[0]); i++) {
    SetSlot(kSlot + 24, FlatOfType(0x9f)); /* conforming, ring 0 */
    SetSlot(kSlot + 32, FlatOfType(0x7a)); /* not present code, ring 3 */
    SetSlot(kSlot + 40, FlatOfType(0x72)); /* not present data, ring 3 */
    SetSlot(kSlot + 48, FlatOfType(0xf0)); /* read-only data, ring 3 */
    PrepareOther(ring);
    *field = kValues[i];
    SetSlot(kSlot, Segment((u32)&other, 0x67, 0xe9, 0));
    Go(kJump, 0, 0);
    Finish();
  }
  EndLine();
}

static void OddTasks(void) {
  Text("task odd");
  /* T bit */
  for (u32 trap = 0; trap < 2; trap++) {
    PrepareOther(3);
    other.trap = (u16)trap;
    SetSlot(kSlot, Segment((u32)&other, 0x67, 0x89, 0));
    Go(kJump, 0, 0);
    Finish();
    u32 dr6;
    __asm__ volatile("movl %%dr6, %0" : "=r"(dr6));
    Field("dr6", dr6);
    __asm__ volatile("movl %0, %%dr6" : : "r"(0xffff0ff0));
  }
  /* EIP beyond the limit of its code segment */
  PrepareOther(3);
  SetSlot(kSlot + 16, Segment(0, 0xfff, 0xfb, kBig));
  other.cs = (kSlot + 16) | 3;
  SetSlot(kSlot, Segment((u32)&other, 0x67, 0x89, 0));
  Go(kCall, 0, 0);
  Finish();
  /* What of the flags comes from a TSS */
  for (u32 ring = 0; ring < 4; ring += 3) {
    PrepareOther(ring);
    other.eflags = 0x243ed7;
    SetSlot(kSlot, Segment((u32)&other, 0x67, 0x89, 0));
    Go(kJump, 0, 0);
    Finish();
  }
  /* TS, and the saved state of the old task */
  WriteCr0(ReadCr0() & ~8u);
  PrepareOther(3);
  SetSlot(kSlot, Segment((u32)&other, 0x67, 0x89, 0));
  main_tss.eip = main_tss.eflags = main_tss.esp = 0;
  Go(kJump, 3, 0);
  SetSlot(kSlot, Segment((u32)&other, 0x67, 0xe9, 0));
  Go(kJump, 3, 0);
  Field("ts", ReadCr0() >> 3 & 1);
  Field("eip", main_tss.eip - (u32)code_area);
  Field("ef", main_tss.eflags);
  Field("esp", main_tss.esp - (u32)stack_area[3]);
  Field("ecx", main_tss.ecx);
  Field("cs", main_tss.cs & 0xffff);
  Field("gs", main_tss.gs & 0xffff);
  WriteCr0(ReadCr0() & ~8u);
  Finish();
  EndLine();
}

void Tasks(void) {
  for (u32 door = 0; door < kDoors; door++) {
    for (u32 cpl = 0; cpl < 4; cpl += 3) {
      static const u32 kTypes[] = {9, 0xb, 2, 0xe, 0x12};
      for (u32 t = 0; t < 5; t++) Door(door, cpl, kTypes[t]);
    }
    static const u32 kLimits[] = {0, 0x2a, 0x2b, 0x2c, 0x66, 0x67, 0x68};
    for (u32 l = 0; l < 7; l++) {
      Limit(door, door == kReturn ? 0xb : 9, kLimits[l]);
      if (kLimits[l] < 0x2b) Limit(door, door == kReturn ? 3 : 1, kLimits[l]);
    }
  }
  for (u32 ring = 0; ring < 4; ring += 3) {
    BadField("cs", &other.cs, ring);
    BadField("ss", &other.ss, ring);
    BadField("ds", &other.ds, ring);
    BadField("gs", &other.gs, ring);
    BadField("ldt", &other.ldt, ring);
  }
  OddTasks();
}
