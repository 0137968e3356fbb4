/* Single steps and debug registers: after which instruction the trap comes, and what DR6
 * says. */
#include "suite.h"

enum { kTf = 0x100, kRf = 0x10000, kDr6 = 0xffff0ff0, kDr7 = 0x400 };

static u8 watched[64] __attribute__((aligned(64)));

static u32 TakeDr6(void) {
  u32 dr6;
  __asm__ volatile("movl %%dr6, %0" : "=r"(dr6));
  __asm__ volatile("movl %0, %%dr6" : : "r"(kDr6));
  __asm__ volatile("movl %0, %%dr7" : : "r"(kDr7));
  return dr6;
}

/* RF after part of a repeated string instruction is not shown: the manual wants it set,
   Bochs leaves it clear. */
static void Show(void) {
  const u32 dr6 = TakeDr6();
  Short();
  Hex(outcome.eip - (u32)code_area, 3);
  const u8 at = *(const u8*)outcome.eip;
  Text(at == 0xf3 ? "*" : outcome.eflags & kRf ? "r" : "-");
  Text(outcome.eflags & kTf ? "t" : "-");
  if (dr6 != kDr6) Field("dr6", dr6);
}

static const struct {
  const char* name;
  u8 code[10];
  u8 count;
} kSteps[] = {
    {"nop", {0x90, 0x90}, 2},
    {"mov_ss", {0x16, 0x58, 0x8e, 0xd0, 0x90, 0x90}, 6},
    {"pop_ss", {0x16, 0x17, 0x90, 0x90}, 4},
    {"mov_ss_first", {0x8c, 0xd0, 0x8e, 0xd0, 0x90, 0x90}, 6},
    {"rep_movsb", {0xf3, 0xa4, 0x90}, 3},
    {"rep_none", {0x31, 0xc9, 0xf3, 0xa4, 0x90}, 5},
    {"popf_off", {0x6a, 0x02, 0x9d, 0x90, 0x90}, 5},
    {"iret_off", {0x9c, 0x0e, 0xe8, 0, 0, 0, 0, 0xcf, 0x90, 0x90}, 10},
    {"int3", {0xcc, 0x90}, 2},
    {"int", {0xcd, 0x61, 0x90}, 3},
    {"icebp", {0xf1, 0x90}, 2},
    {"ud2", {0x0f, 0x0b}, 2},
    {"div", {0x31, 0xc0, 0xf7, 0xf0, 0x90}, 5},
    {"call", {0xe8, 0x01, 0, 0, 0, 0x90, 0x90}, 7},
    {"sti", {0xfb, 0x90, 0x90}, 3},
    {"cli", {0xfa, 0x90, 0x90}, 3},
    {"mov_dr7", {0x31, 0xc0, 0x0f, 0x23, 0xf8, 0x90}, 6},
    {"cpuid", {0x0f, 0xa2, 0x90}, 3},
    {"lock_ud", {0xf0, 0x90}, 2},
};

/* With TF from the start, and set by the first instruction. */
static void Step(u32 i) {
  Text("step ");
  Text(kSteps[i].name);
  for (u32 cpl = 0; cpl < 4; cpl += 3) {
    for (u32 how = 0; how < 3; how++) {
      u8 code[32];
      u32 n = 0;
      PrepareProbe(cpl);
      input_ecx = 3;
      input_esi = (u32)watched, input_edi = (u32)watched + 32;
      input_eflags |= how == 0 ? kTf : how == 2 ? kTf | kRf : 0;
      if (how == 1) {
        static const u8 kSetTf[] = {0x9c, 0x81, 0x0c, 0x24, 0, 1, 0, 0, 0x9d};
        for (u32 b = 0; b < sizeof(kSetTf); b++) code[n++] = kSetTf[b];
      }
      for (u32 b = 0; b < kSteps[i].count; b++) code[n++] = kSteps[i].code[b];
      RunCode(code, n);
      Show();
    }
  }
  EndLine();
}

/* Data accesses beside and over a watched place. */
static void Watch(u32 type, u32 length, u32 way) {
  static const struct {
    const char* name;
    u8 code[4];
  } kWays[] = {
      {"read1", {0x8a, 0x03, 0x90, 0x90}},  {"read4", {0x8b, 0x03, 0x90, 0x90}},
      {"write1", {0x88, 0x03, 0x90, 0x90}}, {"write4", {0x89, 0x03, 0x90, 0x90}},
      {"add4", {0x01, 0x03, 0x90, 0x90}},   {"push", {0xff, 0x33, 0x90, 0x90}},
      {"fld8", {0xdd, 0x03, 0x90, 0x90}},   {"movsb", {0xf3, 0xa4, 0x90, 0x90}},
      {"stosd", {0xf3, 0xab, 0x90, 0x90}},  {"cmpxchg", {0x0f, 0xb1, 0x0b, 0x90}},
      {"bts", {0x0f, 0xab, 0x03, 0x90}},    {"xchg", {0x87, 0x03, 0x90, 0x90}},
  };
  if (way >= sizeof(kWays) / sizeof(kWays[0])) return;
  Text("watch ");
  Text(kWays[way].name);
  Field("type", type);
  Field("len", length);
  for (int offset = -4; offset <= 8; offset++) {
    for (u32 i = 0; i < sizeof(watched); i++) watched[i] = 0;
    const u32 at = ((u32)watched + 16) & ~length;
    __asm__ volatile("movl %0, %%dr1" : : "r"(at));
    __asm__ volatile("movl %0, %%dr7" : : "r"(kDr7 | 4u | type << 20 | length << 22));
    PrepareProbe(3);
    input_eax = input_edx = 0;
    input_ecx = 3;
    input_ebx = at + (u32)offset;
    input_esi = at + (u32)offset;
    input_edi = (kWays[way].code[1] == 0xab ? at + (u32)offset * 4 : (u32)watched + 40);
    RunCode(kWays[way].code, 4);
    Show();
  }
  EndLine();
}

/* An instruction breakpoint, with and without RF; two at once; with a single step. */
static void Execute(void) {
  static const u8 kCode[] = {0x90, 0x40, 0x40, 0x0f, 0x0b};
  Text("execute");
  for (u32 way = 0; way < 12; way++) {
    __asm__ volatile("movl %0, %%dr0" : : "r"((u32)code_area + (way & 3)));
    /* A condition that is not enabled may or may not show in DR6: met only where enabled.
     */
    __asm__ volatile("movl %0, %%dr2" : : "r"(way & 4 ? (u32)code_area + 3 : 0));
    __asm__ volatile("movl %0, %%dr7" : : "r"(kDr7 | 1u | (way & 4 ? 0x20u : 0)));
    PrepareProbe(way & 1 ? 3 : 0);
    if (way & 8) input_eflags |= kRf;
    if (way == 7 || way == 2) input_eflags |= kTf;
    RunCode(kCode, sizeof(kCode));
    Show();
  }
  EndLine();
}

void Stepping(void) {
  for (u32 i = 0; i < sizeof(kSteps) / sizeof(kSteps[0]); i++) Step(i);
  for (u32 type = 1; type < 4; type += 2) {
    for (u32 length = 0; length < 4; length++) {
      if (length == 2) continue; /* undefined */
      for (u32 way = 0; way < 12; way++) Watch(type, length, way);
    }
  }
  Execute();
}
