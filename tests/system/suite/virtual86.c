/* Virtual-8086 mode: instructions by IOPL, interrupts, limits of 64 KiB. */
#include "suite.h"

/* The code runs at 0:0x7000. */
enum { kAt = 0x7000, kStack = 0x6f00 };

static const struct {
  const char* name;
  u8 code[8];
  u8 count;
} kInstructions[] = {
    {"nop", {0x90}, 1},
    {"cli", {0xfa}, 1},
    {"sti", {0xfb}, 1},
    {"pushf", {0x9c}, 1},
    {"popf", {0x6a, 0x02, 0x9d}, 3},
    {"pushfd", {0x66, 0x9c}, 2},
    {"popfd", {0x66, 0x6a, 0x02, 0x66, 0x9d}, 5},
    {"int3", {0xcc}, 1},
    {"int", {0xcd, 0x61}, 2},
    {"into", {0xb0, 0x7f, 0x04, 0x01, 0xce}, 5},
    {"iret", {0x9c, 0x0e, 0x68, 0x08, 0x70, 0xcf, 0xf4, 0xf4}, 8},
    {"in", {0xe4, 0x80}, 2},
    {"hlt", {0xf4}, 1},
    {"mov_eax_cr0", {0x0f, 0x20, 0xc0}, 3},
    {"mov_eax_dr7", {0x0f, 0x21, 0xf8}, 3},
    {"lgdt", {0x0f, 0x01, 0x16, 0x00, 0x60}, 5},
    {"sgdt", {0x0f, 0x01, 0x06, 0x00, 0x60}, 5},
    {"smsw", {0x0f, 0x01, 0xe0}, 3},
    {"lmsw", {0x0f, 0x01, 0xf0}, 3},
    {"clts", {0x0f, 0x06}, 2},
    {"lldt", {0x0f, 0x00, 0xd0}, 3},
    {"sldt", {0x0f, 0x00, 0xc0}, 3},
    {"str", {0x0f, 0x00, 0xc8}, 3},
    {"lar", {0x0f, 0x02, 0xc0}, 3},
    {"lsl", {0x0f, 0x03, 0xc0}, 3},
    {"verr", {0x0f, 0x00, 0xe0}, 3},
    {"arpl", {0x63, 0xc0}, 2},
    {"invlpg", {0x0f, 0x01, 0x3e, 0x00, 0x60}, 5},
    {"rdtsc", {0x0f, 0x31}, 2},
    {"sysenter", {0x0f, 0x34}, 2},
    {"read_fffe", {0x66, 0xa1, 0xfe, 0xff}, 4},
    {"read_ffff", {0xa1, 0xff, 0xff}, 3},
    {"byte_ffff", {0xa0, 0xff, 0xff}, 3},
    {"read_10000", {0x67, 0x8b, 0x05, 0x00, 0x00, 0x01, 0x00}, 7},
    {"push_at_0", {0x31, 0xe4, 0x50}, 3},
    {"push_at_1", {0xbc, 0x01, 0x00, 0x50}, 4},
    {"jmp_far", {0xea, 0x0f, 0x00, 0x00, 0x07, 0xf4}, 6},
    {"call_far", {0x9a, 0x0f, 0x00, 0x00, 0x07, 0xf4}, 6},
    {"mov_ds", {0xb8, 0x34, 0x12, 0x8e, 0xd8}, 5},
    {"pop_ss", {0x16, 0x17}, 2},
    {"jmp_10000", {0x66, 0xe9, 0x00, 0x00, 0x10, 0x00}, 6},
};

static void Run(u32 i, u32 iopl) {
  u8* const code = (u8*)kAt;
  for (u32 b = 0; b < 16; b++) code[b] = 0x90;
  for (u32 b = 0; b < kInstructions[i].count; b++) code[b] = kInstructions[i].code[b];
  code[16] = 0xcd; /* INT; at IOPL below 3 it is a fault that ends the probe as well */
  code[17] = kEnd;
  PrepareProbe(3);
  input_ds = input_es = input_fs = input_gs = DataOf(0);
  u32* const frame = input_frame;
  input_frame_words = 9;
  frame[0] = kAt;
  frame[1] = 0;
  frame[2] = kFlagsReserved | kVm | iopl << 12;
  frame[3] = kStack;
  frame[4] = 0;
  frame[5] = frame[6] = frame[7] = frame[8] = 0;
  input_eax = 0;
  RunProbe();
  Short();
  Hex(outcome.eip, 5);
  Text("f");
  Hex(outcome.eflags, 5);
  Text("s");
  Hex(outcome.esp, 5);
  Text("/");
  Hex(outcome.cs, 4);
  Field("ds", outcome.ds);
  Field("gs", outcome.gs);
}

/* From V86 mode through gates to code that is not in ring 0. */
static void Leave(u32 type, u32 dpl) {
  Text("v86 leave");
  Field("type", type);
  Field("dpl", dpl);
  for (u32 gate = 0x86; gate <= 0x8f; gate++) {
    if (gate > 0x87 && gate < 0x8e) continue;
    const u32 wide = (gate & 8) != 0;
    SetSlot(kSlot,
            wide ? FlatOfType(type | dpl << 5)
                 : Segment((u32)destination - 0x100, 0xffff, type | dpl << 5, kBig));
    idt[0x61] = Gate(kSlot, wide ? (u32)destination : 0x100, gate | 0x60, 0);
    Run(8, 3);
    Field("tr", outcome.tr);
  }
  idt[0x61] = idt[0x62];
  EndLine();
}

void Virtual86(void) {
  for (u32 i = 0; i < sizeof(kInstructions) / sizeof(kInstructions[0]); i++) {
    Text("v86 ");
    Text(kInstructions[i].name);
    for (u32 iopl = 0; iopl < 4; iopl++) Run(i, iopl);
    EndLine();
  }
  static const u32 kTypes[] = {0x9b, 0x9f, 0x93};
  for (u32 t = 0; t < 3; t++) {
    for (u32 dpl = 0; dpl < 4; dpl++) Leave(kTypes[t], dpl);
  }
}
