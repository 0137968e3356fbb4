#include "suite.h"

struct Descriptor gdt[64] __attribute__((aligned(8))) = {
    [kCode0 / 8] = {0x0000ffff, 0x00cf9b00}, [kData0 / 8] = {0x0000ffff, 0x00cf9300}};
struct Descriptor ldt[16] __attribute__((aligned(8)));
struct Descriptor idt[256] __attribute__((aligned(8)));
struct Tss main_tss, double_fault_tss;
struct Outcome outcome;
u32 input_cs, input_eip, input_eflags, input_esp, input_ss;
u32 input_eax, input_ecx, input_edx, input_ebx, input_esi, input_edi, input_ebp;
u32 input_ds, input_es, input_fs, input_gs;
u32 input_frame_words, input_frame_area[20];

extern u8 vector_stubs[256][16];
extern u8 handler_stack[4096];
void OnDoubleFault(void);

u32 CodeOf(u32 ring) { return kCode0 + 16 * ring + ring; }
u32 DataOf(u32 ring) { return kData0 + 16 * ring + ring; }

struct Descriptor Segment(u32 base, u32 limit, u32 access, u32 flags) {
  return (struct Descriptor){(base << 16) | (limit & 0xffff),
                             (base & 0xff000000) | flags << 20 | (limit & 0xf0000) |
                                 access << 8 | (base >> 16 & 0xff)};
}

struct Descriptor Gate(u32 selector, u32 offset, u32 access, u32 parameters) {
  return (struct Descriptor){selector << 16 | (offset & 0xffff),
                             (offset & 0xffff0000) | access << 8 | parameters};
}

void SetSlot(u32 selector, struct Descriptor value) { gdt[selector / 8] = value; }

struct Descriptor FlatOfType(u32 access) {
  const u32 expand_down = (access & 0x1c) == 0x14;
  return Segment(0, expand_down ? 0 : 0xfffff, access, kGranular | kBig);
}

u32 AccessOf(u32 selector) { return gdt[selector / 8].high >> 8 & 0xff; }

static u32 ReadTr(void) {
  u32 tr;
  __asm__ volatile("str %0" : "=r"(tr));
  return tr & 0xffff;
}

/* What the stubs pushed, lowest address first. */
struct Frame {
  u32 gs, fs, es, ds;
  u32 edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;
  u32 vector, error, eip, cs, eflags, esp, ss;
  u32 more[6];
};

void RecordOutcome(const struct Frame* frame, u32 ss) {
  struct Outcome* const o = &outcome;
  o->vector = frame->vector;
  o->error = frame->error;
  o->eip = frame->eip;
  o->cs = frame->cs & 0xffff;
  o->eflags = frame->eflags;
  const u32 outer = (frame->eflags & kVm) != 0 || (frame->cs & 3) != 0;
  o->esp = outer ? frame->esp : (u32)&frame->esp;
  o->ss = (outer ? frame->ss : ss) & 0xffff;
  o->eax = frame->eax, o->ecx = frame->ecx, o->edx = frame->edx, o->ebx = frame->ebx;
  o->esi = frame->esi, o->edi = frame->edi;
  o->ds = frame->ds & 0xffff, o->es = frame->es & 0xffff;
  o->fs = frame->fs & 0xffff, o->gs = frame->gs & 0xffff;
  o->at_ss = ss & 0xffff;
  o->tr = ReadTr();
  __asm__ volatile("movl %%cr2, %0" : "=r"(o->cr2));
  const u32* const above = outer ? frame->more : &frame->esp;
  for (u32 i = 0; i < 6; i++) o->stack[i] = above[i];
}

static void LoadTr(u32 selector) {
  gdt[selector / 8].high &= ~0x200u; /* not busy */
  __asm__ volatile("ltr %w0" : : "r"(selector));
}

void RecordDoubleFault(void) {
  for (u32 i = 0; i < sizeof(outcome) / 4; i++) ((u32*)&outcome)[i] = 0;
  outcome.vector = 8;
  outcome.eip = main_tss.eip;
  outcome.cs = main_tss.cs & 0xffff;
  outcome.tr = ReadTr();
  __asm__ volatile("pushfl; andl $0xffffbfff, (%%esp); popfl" : : : "memory", "cc");
  gdt[kDoubleFaultTss / 8].high &= ~0x200u;
  double_fault_tss.eip = (u32)OnDoubleFault;
  double_fault_tss.eflags = kFlagsReserved;
  double_fault_tss.cs = kCode0;
  LoadTr(kMainTss);
}

static void InstallTables(void) {
  for (u32 ring = 0; ring < 4; ring++) {
    gdt[CodeOf(ring) / 8] = Segment(0, 0xfffff, 0x9b | ring << 5, kGranular | kBig);
    gdt[DataOf(ring) / 8] = Segment(0, 0xfffff, 0x93 | ring << 5, kGranular | kBig);
  }
  gdt[kMainTss / 8] = Segment((u32)&main_tss, sizeof(main_tss) - 1, 0x89, 0);
  gdt[kDoubleFaultTss / 8] = Segment((u32)&double_fault_tss, 0x67, 0x89, 0);
  gdt[kLdt / 8] = Segment((u32)ldt, sizeof(ldt) - 1, 0x82, 0);
  for (u32 vector = 0; vector < 256; vector++) {
    idt[vector] =
        Gate(kCode0, (u32)vector_stubs[vector], vector >= kEnd ? 0xee : 0x8e, 0);
  }
  idt[8] = Gate(kDoubleFaultTss, 0, 0x85, 0);
}

void StartProbes(void) {
  InstallTables();
  main_tss.esp0 = (u32)handler_stack + sizeof(handler_stack);
  main_tss.ss0 = kData0;
  main_tss.esp1 = (u32)stack_area[1] + 0x800;
  main_tss.ss1 = DataOf(1);
  main_tss.esp2 = (u32)stack_area[2] + 0x800;
  main_tss.ss2 = DataOf(2);
  main_tss.io_map = sizeof(main_tss);
  double_fault_tss = (struct Tss){.esp0 = main_tss.esp0,
                                  .ss0 = kData0,
                                  .eip = (u32)OnDoubleFault,
                                  .eflags = kFlagsReserved,
                                  .esp = main_tss.esp0,
                                  .es = kData0,
                                  .cs = kCode0,
                                  .ss = kData0,
                                  .ds = kData0,
                                  .io_map = 0x68};
  const struct {
    u16 limit;
    u32 base;
  } __attribute__((packed)) idtr = {sizeof(idt) - 1, (u32)idt};
  __asm__ volatile("lidt %0" : : "m"(idtr));
  LoadTr(kMainTss);
  for (u32 i = 0; i + 1 < sizeof(destination); i += 2) {
    destination[i] = 0xcd;
    destination[i + 1] = kThere;
  }
}

void PrepareProbe(u32 ring) {
  input_cs = CodeOf(ring);
  input_ss = input_ds = input_es = input_fs = input_gs = DataOf(ring);
  input_eip = (u32)code_area;
  input_eflags = kFlagsReserved;
  input_esp = (u32)stack_area[ring] + 0xf00;
  input_eax = 0xa0a0a0a0, input_ecx = 0xc1c1c1c1, input_edx = 0xd2d2d2d2,
  input_ebx = 0xb3b3b3b3;
  input_esi = 0x56565656, input_edi = 0xd1d1d1d1, input_ebp = input_esp;
  input_frame_words = 0;
  u32* const stack = (u32*)(input_esp);
  for (u32 i = 0; i < 16; i++) stack[i] = 0x57ac0000 + i;
}

void RunCode(const u8* code, u32 count) {
  for (u32 i = 0; i < count; i++) code_area[i] = code[i];
  code_area[count] = 0xcd;
  code_area[count + 1] = kEnd;
  RunProbe();
}

void Probe(u32 ring, const u8* code, u32 count) {
  PrepareProbe(ring);
  RunCode(code, count);
}

void Text(const char* text) {
  for (; *text != 0; text++) Out8(0xe9, (u8)*text);
}

void Hex(u32 value, u32 digits) {
  while (digits-- != 0) Out8(0xe9, (u8) "0123456789abcdef"[value >> 4 * digits & 15]);
}

void Field(const char* name, u32 value) {
  u32 digits = 1;
  while (digits < 8 && value >> 4 * digits != 0) digits++;
  Text(" ");
  Text(name);
  Text(":");
  Hex(value, digits);
}

void Short(void) {
  if (outcome.vector == kEnd) {
    Text(" --");
    return;
  }
  if (outcome.vector == kThere) {
    Text(" >>");
    return;
  }
  Text(" ");
  Hex(outcome.vector, 2);
  if (outcome.error != kNoErrorCode) {
    Text(".");
    Hex(outcome.error, 4);
  }
}

void Whereabouts(void) {
  Hex(outcome.cs, 4);
  Text("/");
  Hex(outcome.ss, 4);
  Text(".");
  Hex(outcome.esp & 0xfff, 3);
}

void EndLine(void) { Text("\n"); }

void RunSuite(void) {
  /* As after any firmware: caches on, no interrupts of a PC's controllers, no LDT. */
  WriteCr0(ReadCr0() & ~0x60000000u);
  Out8(0x21, 0xff);
  Out8(0xa1, 0xff);
  StartProbes();
  __asm__ volatile("lldt %w0" : : "r"(0));
  Segments();
  Transfers();
  Gates();
  Returns();
  Limits();
  Privileges();
  Tasks();
  Virtual86();
  Deliveries();
  Stepping();
  Paging(0);
  Paging(1);
  Text("end\n");
  Out8(0xf4, 0x10);
  for (const char* letter = "Shutdown"; *letter != 0; letter++) Out8(0x8900, (u8)*letter);
  while (1) __asm__ volatile("cli; hlt");
}
