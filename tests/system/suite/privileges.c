/* Instructions that not every ring may use, I/O by IOPL and by the bitmap, control
 * registers. */
#include "suite.h"

static const struct {
  const char* name;
  u8 code[8];
  u8 count;
} kInstructions[] = {
    {"cli", {0xfa}, 1},
    {"sti", {0xfb}, 1},
    {"clts", {0x0f, 0x06}, 2},
    {"invd", {0x0f, 0x08}, 2},
    {"wbinvd", {0x0f, 0x09}, 2},
    {"mov_eax_cr0", {0x0f, 0x20, 0xc0}, 3},
    {"mov_eax_cr1", {0x0f, 0x20, 0xc8}, 3},
    {"mov_eax_cr2", {0x0f, 0x20, 0xd0}, 3},
    {"mov_cr2_eax", {0x0f, 0x22, 0xd0}, 3},
    {"mov_eax_cr3", {0x0f, 0x20, 0xd8}, 3},
    {"mov_eax_cr5", {0x0f, 0x20, 0xe8}, 3},
    {"mov_cr7_eax", {0x0f, 0x22, 0xf8}, 3},
    {"mov_eax_dr0", {0x0f, 0x21, 0xc0}, 3},
    {"mov_eax_dr4", {0x0f, 0x21, 0xe0}, 3},
    {"mov_eax_dr7", {0x0f, 0x21, 0xf8}, 3},
    {"smsw", {0x0f, 0x01, 0xe0}, 3},
    {"sgdt", {0x0f, 0x01, 0x44, 0x24, 0xc0}, 5}, /* [esp-64] */
    {"sidt", {0x0f, 0x01, 0x4c, 0x24, 0xc0}, 5},
    {"sldt", {0x0f, 0x00, 0xc0}, 3},
    {"str", {0x0f, 0x00, 0xc8}, 3},
    {"lldt_null", {0x31, 0xc0, 0x0f, 0x00, 0xd0}, 5},
    {"ltr_null", {0x31, 0xc0, 0x0f, 0x00, 0xd8}, 5},
    {"invlpg", {0x0f, 0x01, 0x38}, 3},
    {"rdtsc", {0x0f, 0x31}, 2},
    {"rdmsr", {0x31, 0xc9, 0xb1, 0x10, 0x0f, 0x32}, 6}, /* the time stamp counter */
    {"hlt_if_not_0", {0x8c, 0xc8, 0xa8, 0x03, 0x74, 0x01, 0xf4}, 7},
    {"in_al_imm", {0xe4, 0x80}, 2},
    {"in_eax_dx", {0x66, 0xba, 0x40, 0x00, 0xed}, 5},
    {"pushf", {0x9c}, 1},
    {"sysenter", {0x0f, 0x34}, 2},
    {"sysexit", {0x0f, 0x35}, 2},
    {"ud2", {0x0f, 0x0b}, 2},
    {"lock_nop", {0xf0, 0x90}, 2},
    {"lock_mov", {0xf0, 0x89, 0x04, 0x24}, 4},
    {"lock_add_reg", {0xf0, 0x01, 0xc0}, 3},
    {"int3", {0xcc}, 1},
    {"into", {0xb0, 0x7f, 0x04, 0x01, 0xce}, 5},
    {"icebp", {0xf1}, 1},
    {"les_reg", {0xc4, 0xc0}, 2},
    {"bound_reg", {0x62, 0xc0}, 2},
    {"mov_cs", {0x8e, 0xc8}, 2},
    {"mov_seg6", {0x8e, 0xf0}, 2},
    {"salc", {0xd6}, 1},
    {"lea_reg", {0x8d, 0xc0}, 2},
    {"cmpxchg8b_reg", {0x0f, 0xc7, 0xc8}, 3},
    {"call_far_reg", {0xff, 0xd8}, 2},
    {"ff_7", {0xff, 0xf8}, 2},
    {"long_insn", {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66}, 7},
};

static void Privilege(u32 i, u32 cr4) {
  WriteCr4(cr4);
  Text(kInstructions[i].name);
  Field("cr4", cr4);
  for (u32 cpl = 0; cpl < 4; cpl++) {
    for (u32 iopl = 0; iopl < 4; iopl++) {
      PrepareProbe(cpl);
      input_eflags |= iopl << 12;
      input_eax = (u32)code_area;
      RunCode(kInstructions[i].code, kInstructions[i].count);
      Short();
      Hex(outcome.eip - (u32)code_area, 2);
      Hex(outcome.eflags >> 9 & 1, 1);
    }
  }
  WriteCr4(0);
  EndLine();
}

/* A port's bits in the bitmap: set, clear, beyond the end of the TSS. */
static void IoMap(u32 cpl, u32 map, u32 limit) {
  static const u8 kWays[][4] = {
      {0xec, 0x90, 0x90, 0x90}, {0x66, 0xed, 0x90, 0x90}, {0xed, 0x90, 0x90, 0x90}};
  Text("io");
  Field("cpl", cpl);
  Field("map", map);
  Field("limit", limit);
  const u16 old = main_tss.io_map;
  main_tss.io_map = (u16)map;
  gdt[kMainTss / 8] = Segment((u32)&main_tss, limit, 0x89, 0);
  __asm__ volatile("ltr %w0" : : "r"(kMainTss));
  static const u32 kPorts[] = {0x80, 0x87, 0x88, 0x8f, 0x90, 0xef,
                               0xf7, 0xff, 0x40, 0x41, 0x42, 0x47};
  for (u32 way = 0; way < 3; way++) {
    for (u32 p = 0; p < sizeof(kPorts) / sizeof(kPorts[0]); p++) {
      PrepareProbe(cpl);
      input_edx = kPorts[p];
      RunCode(kWays[way], 4);
      Short();
    }
  }
  main_tss.io_map = old;
  gdt[kMainTss / 8] = Segment((u32)&main_tss, sizeof(main_tss) - 1, 0x89, 0);
  __asm__ volatile("ltr %w0" : : "r"(kMainTss));
  EndLine();
}

/* Each bit of CR0 that may be changed without paging, alone and in pairs that make no
 * sense. */
static void ControlRegisters(void) {
  const u32 cr0 = ReadCr0();
  Text("cr0");
  static const u32 kBits[] = {0x2,     0x4,        0x8,        0x20,       0x10000,
                              0x40000, 0x20000000, 0x40000000, 0x60000000, 0xe};
  for (u32 i = 0; i < sizeof(kBits) / sizeof(kBits[0]); i++) {
    PrepareProbe(0);
    input_eax = cr0 | kBits[i];
    CODE(0x0f, 0x22, 0xc0, 0x0f, 0x20, 0xc1); /* and back to ecx */
    WriteCr0(cr0);
    Short();
    Hex(outcome.ecx & ~0x10u, 8);
  }
  /* Paging without protection */
  PrepareProbe(0);
  input_eax = (cr0 | 0x80000000) & ~1u;
  CODE(0x0f, 0x22, 0xc0);
  Short();
  EndLine();
  Text("lmsw");
  for (u32 value = 0; value < 16; value++) {
    PrepareProbe(0);
    input_eax = value;
    CODE(0x0f, 0x01, 0xf0, 0x0f, 0x20, 0xc1);
    WriteCr0(cr0);
    Short();
    Hex(outcome.ecx & ~0x10u, 8);
  }
  EndLine();
  Text("dr7 gd");
  for (u32 cpl = 0; cpl < 4; cpl += 3) {
    PrepareProbe(cpl);
    input_eax = 0x2400;
    CODE(0x0f, 0x23, 0xf8, 0x0f, 0x21, 0xc1); /* mov dr7, eax; mov ecx, dr0 */
    Short();
    Hex(outcome.eip - (u32)code_area, 2);
    u32 dr6, dr7;
    __asm__ volatile("movl %%dr6, %0" : "=r"(dr6));
    __asm__ volatile("movl %%dr7, %0" : "=r"(dr7));
    Hex(dr6, 8);
    Text("/");
    Hex(dr7, 8);
    __asm__ volatile("movl %0, %%dr6" : : "r"(0xffff0ff0));
    __asm__ volatile("movl %0, %%dr7" : : "r"(0x400));
  }
  EndLine();
}

/* The x87's and the task switched flag. */
static void Coprocessor(void) {
  const u32 cr0 = ReadCr0();
  static const u8 kWays[][2] = {{0xd9, 0xe8}, {0x9b, 0x90}, {0x0f, 0x77}, {0xdb, 0xe3}};
  Text("fpu");
  for (u32 bits = 0; bits < 8; bits++) {
    WriteCr0((cr0 & ~0xeu) | bits << 1);
    for (u32 way = 0; way < 4; way++) {
      PrepareProbe(3);
      RunCode(kWays[way], 2);
      Short();
    }
  }
  WriteCr0(cr0 & ~0xeu);
  __asm__ volatile("fninit");
  WriteCr0(cr0);
  EndLine();
}

/* Alignment: only ring 3, only with AM and AC. */
static void Alignment(void) {
  static const u8 kWays[][3] = {
      {0x8b, 0x03, 0x90}, {0x66, 0x8b, 0x03}, {0x8a, 0x03, 0x90}, {0x87, 0x03, 0x90},
      {0xdd, 0x03, 0x90}, {0xdb, 0x2b, 0x90}, {0xff, 0x33, 0x90}, {0x8f, 0x03, 0x90}};
  const u32 cr0 = ReadCr0();
  for (u32 cpl = 0; cpl < 4; cpl++) {
    for (u32 am = 0; am < 2; am++) {
      for (u32 ac = 0; ac < 2; ac++) {
        Text("align");
        Field("cpl", cpl);
        Field("am", am);
        Field("ac", ac);
        WriteCr0((cr0 & ~0x40000u) | (am ? 0x40000 : 0));
        for (u32 way = 0; way < 8; way++) {
          for (u32 off = 0; off < 8; off++) {
            PrepareProbe(cpl);
            input_eflags |= ac ? 0x40000 : 0;
            input_ebx = (u32)stack_area[3] + 0x100 + off;
            RunCode(kWays[way], 3);
            Short();
          }
        }
        EndLine();
      }
    }
  }
  WriteCr0(cr0);
}

void Privileges(void) {
  for (u32 i = 0; i < sizeof(kInstructions) / sizeof(kInstructions[0]); i++) {
    Privilege(i, 0);
    Privilege(i, 4); /* TSD */
  }
  for (u32 i = 0; i < sizeof(main_tss.bitmap); i++)
    main_tss.bitmap[i] = (u8)(0x5a + 29 * i);
  main_tss.bitmap[0x1f] = 0xff;
  for (u32 cpl = 0; cpl < 4; cpl += 3) {
    static const u32 kMaps[] = {0x68, 0x78, 0x88, 0, 0xffff};
    static const u32 kLimits[] = {0x67, 0x77, 0x78, 0x79, 0x86, 0x87, 0x8b};
    for (u32 m = 0; m < 5; m++) {
      for (u32 l = 0; l < 7; l++) IoMap(cpl, kMaps[m], kLimits[l]);
    }
  }
  ControlRegisters();
  Coprocessor();
  Alignment();
}
