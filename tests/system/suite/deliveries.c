/* Exceptions whose delivery fails: which exception comes of it, with what error code. */
#include "suite.h"

/* What raises the first exception, from ring 3. */
static const struct {
  const char* name;
  u32 vector;
  u8 code[4];
} kCauses[] = {
    {"de", 0, {0x31, 0xc0, 0xf7, 0xf0}}, /* div eax */
    {"bp", 3, {0xcc, 0x90, 0x90, 0x90}},    {"ud", 6, {0x0f, 0x0b, 0x90, 0x90}},
    {"gp", 13, {0xf4, 0x90, 0x90, 0x90}},   {"int", 0x62, {0xcd, 0x62, 0x90, 0x90}},
    {"icebp", 1, {0xf1, 0x90, 0x90, 0x90}},
};

static void Deliver(u32 c, const char* how, struct Descriptor gate) {
  const struct Descriptor old = idt[kCauses[c].vector];
  idt[kCauses[c].vector] = gate;
  Text("deliver ");
  Text(kCauses[c].name);
  Text(" ");
  Text(how);
  for (u32 cpl = 0; cpl < 4; cpl += 3) {
    PrepareProbe(cpl);
    RunCode(kCauses[c].code, 4);
    Short();
    if (cpl == 0 && kCauses[c].vector == 13) continue; /* HLT */
    const u32 offset = outcome.eip - (u32)code_area;
    Field("eip", offset < sizeof(code_area) ? offset : 0xfff); /* or in a handler */
    Field("rf", outcome.eflags >> 16 & 1);
  }
  EndLine();
  idt[kCauses[c].vector] = old;
}

void Deliveries(void) {
  extern u8 vector_stubs[256][16];
  SetSlot(kSlot, FlatOfType(0x1b));      /* code that is not present */
  SetSlot(kSlot + 8, FlatOfType(0xfb));  /* code of ring 3 */
  SetSlot(kSlot + 16, FlatOfType(0x93)); /* data */
  SetSlot(kSlot + 24, Segment(0, 0xfff, 0x9b, kBig));
  SetSlot(kSlot + 32, Segment(0, 0x66, 0x89, 0)); /* a short TSS */
  for (u32 c = 0; c < sizeof(kCauses) / sizeof(kCauses[0]); c++) {
    if (kCauses[c].vector == 13) continue;
    const u32 stub = (u32)vector_stubs[kCauses[c].vector];
    Deliver(c, "as usual", Gate(kCode0, stub, 0xee, 0));
    Deliver(c, "dpl 0", Gate(kCode0, stub, 0x8e, 0));
    Deliver(c, "not present", Gate(kCode0, stub, 0x6e, 0));
    Deliver(c, "no gate", Gate(kCode0, stub, 0xec, 0));
    Deliver(c, "data", Gate(kData0, stub, 0xf2, 0));
    Deliver(c, "null", Gate(0, stub, 0xee, 0));
    Deliver(c, "outside", Gate(0x200, stub, 0xee, 0));
    Deliver(c, "local", Gate(4, stub, 0xee, 0));
    Deliver(c, "code not present", Gate(kSlot, stub, 0xee, 0));
    Deliver(c, "code of ring 3", Gate(kSlot + 8, stub, 0xee, 0));
    Deliver(c, "data segment", Gate(kSlot + 16, stub, 0xee, 0));
    Deliver(c, "beyond limit", Gate(kSlot + 24, stub, 0xee, 0));
    Deliver(c, "short tss", Gate(kSlot + 32, 0, 0xe5, 0));
    Deliver(c, "task not tss", Gate(kData0, 0, 0xe5, 0));
  }
  /* The IDT ends before the vector. */
  Text("deliver limit");
  for (u32 limit = 0x62 * 8; limit < 0x63 * 8 + 2; limit++) {
    struct {
      u16 limit;
      u32 base;
    } __attribute__((packed)) idtr = {(u16)limit, (u32)idt};
    PrepareProbe(3);
    static const u8 kCode[] = {0xcd, 0x62};
    idt[0x62].high |= 0x6000;
    for (u32 i = 0; i < 2; i++) code_area[i] = kCode[i];
    __asm__ volatile("lidt %0" : : "m"(idtr));
    RunProbe();
    idtr.limit = sizeof(idt) - 1;
    __asm__ volatile("lidt %0" : : "m"(idtr));
    Short();
  }
  EndLine();
}
