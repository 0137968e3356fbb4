/* Accesses at the edges of segments: expand-up and expand-down, 16 and 32 bits, by bytes
   and by pages; reads, writes, pushes, string and x87 operands. */
#include "suite.h"

static u8 ground[4 * 4096] __attribute__((aligned(4096)));

/* What touches memory at FS:EDX or, for pushes, at the stack. */
static const struct {
  const char* name;
  u8 size;
  u8 code[6];
  u8 count;
} kAccesses[] = {
    {"r1", 1, {0x64, 0x8a, 0x02}, 3}, /* mov al, fs:[edx] */
    {"w1", 1, {0x64, 0x88, 0x02}, 3},
    {"r2", 2, {0x64, 0x66, 0x8b, 0x02}, 4},
    {"w2", 2, {0x64, 0x66, 0x89, 0x02}, 4},
    {"r4", 4, {0x64, 0x8b, 0x02}, 3},
    {"w4", 4, {0x64, 0x89, 0x02}, 3},
    {"m4", 4, {0x64, 0x01, 0x02}, 3},       /* add fs:[edx], eax */
    {"x4", 4, {0x64, 0x87, 0x02}, 3},       /* xchg */
    {"q8", 8, {0x64, 0xdd, 0x02}, 3},       /* fld */
    {"t10", 10, {0x64, 0xdb, 0x2a}, 3},     /* fld 80 bits */
    {"b8", 8, {0x64, 0x0f, 0xc7, 0x0a}, 4}, /* cmpxchg8b */
    {"bt", 4, {0x64, 0x0f, 0xa3, 0x02}, 4},
    {"jmp", 4, {0x64, 0xff, 0x22}, 3}, /* jmp fs:[edx] */
    {"far", 6, {0x64, 0xff, 0x2a}, 3},
    {"les", 6, {0x64, 0xc4, 0x0a}, 3},
    {"bound", 8, {0x64, 0x62, 0x02}, 3},
    {"sgdt", 6, {0x64, 0x0f, 0x01, 0x02}, 4},
};

static void Edge(u32 a, u32 access, u32 flags, u32 limit, u32 edge) {
  Text("edge ");
  Text(kAccesses[a].name);
  Field("type", access);
  Field("flags", flags);
  Field("limit", limit);
  SetSlot(kSlot, Segment((u32)ground, limit, access | 0x60 | kPresentBit, flags));
  for (int back = -1; back <= (int)kAccesses[a].size; back++) {
    PrepareProbe(3);
    for (u32 i = 0; i < sizeof(ground) / 4; i++) ((u32*)ground)[i] = (u32)destination;
    input_fs = kSlot | 3;
    input_edx = edge - (u32)back;
    input_eax = 0;
    RunCode(kAccesses[a].code, kAccesses[a].count);
    Short();
  }
  EndLine();
}

static void Edges(u32 access, u32 flags, u32 limit) {
  const u32 last = flags & kGranular ? limit << 12 | 0xfff : limit;
  for (u32 a = 0; a < sizeof(kAccesses) / sizeof(kAccesses[0]); a++) {
    Edge(a, access, flags, limit, last);
    /* The other end: of an expand-down segment the top, of any the wrap to zero. */
    Edge(a, access, flags, limit, flags & kBig ? 0xffffffff : 0xffff);
  }
}

/* PUSH, POP, CALL, ENTER near the ends of a stack segment. */
static void StackEdge(u32 access, u32 flags, u32 limit, u32 esp) {
  static const u8 kWays[][5] = {
      {0x50, 0x90, 0x90, 0x90, 0x90},                                 /* push eax */
      {0x66, 0x50, 0x90, 0x90, 0x90},                                 /* push ax */
      {0x58, 0x90, 0x90, 0x90, 0x90},                                 /* pop eax */
      {0x66, 0x58, 0x90, 0x90, 0x90}, {0x60, 0x90, 0x90, 0x90, 0x90}, /* pushad */
      {0x61, 0x90, 0x90, 0x90, 0x90},                                 /* popad */
      {0xe8, 0x00, 0x00, 0x00, 0x00},                                 /* call */
      {0xc8, 0x04, 0x00, 0x02, 0x90},                                 /* enter 4, 2 */
      {0xc9, 0x90, 0x90, 0x90, 0x90},                                 /* leave */
      {0x1e, 0x90, 0x90, 0x90, 0x90},                                 /* push ds */
      {0x9c, 0x90, 0x90, 0x90, 0x90},                                 /* pushfd */
  };
  Text("stack");
  Field("type", access);
  Field("flags", flags);
  Field("limit", limit);
  Field("esp", esp);
  SetSlot(kSlot, Segment((u32)ground, limit, access | 0x60 | kPresentBit, flags));
  for (u32 way = 0; way < sizeof(kWays) / sizeof(kWays[0]); way++) {
    for (u32 i = 0; i < sizeof(ground) / 4; i++) ((u32*)ground)[i] = 0x800;
    PrepareProbe(3);
    input_ss = kSlot | 3;
    input_esp = input_ebp = esp;
    RunCode(kWays[way], 5);
    Short();
    Text("@");
    /* A stack of 16 bits leaves the upper half of ESP as the suite's own code had it. */
    Hex(flags & kBig ? outcome.esp : outcome.esp & 0xffff, 8);
  }
  EndLine();
}

static void CodeEdge(u32 flags, u32 limit) {
  Text("code");
  Field("flags", flags);
  Field("limit", limit);
  SetSlot(kSlot, Segment((u32)code_area, limit, 0xfb, flags));
  for (u32 start = 0; start < 8; start++) {
    PrepareProbe(3);
    input_cs = kSlot | 3;
    const u32 last = flags & kGranular ? limit << 12 | 0xfff : limit;
    /* mov eax, imm32; then an INT */
    for (u32 i = 0; i < sizeof(code_area); i++) code_area[i] = 0x90;
    input_eip = last - start;
    u8* const at = code_area + input_eip;
    static const u8 kCode[] = {0xb8, 1, 2, 3, 4, 0xcd, kEnd};
    for (u32 i = 0; i < sizeof(kCode) && at + i < code_area + sizeof(code_area); i++)
      at[i] = kCode[i];
    RunProbe();
    Short();
    Hex(outcome.eip - (last - start), 2);
  }
  EndLine();
}

void Limits(void) {
  static const struct {
    u32 access, flags, limit;
  } kSegments[] = {
      {kReadWrite, kBig, 0x10ff},
      {kReadWrite, 0, 0x10ff},
      {kReadWrite, kBig | kGranular, 1},
      {kReadWrite, kGranular, 1},
      {kExpandDown, kBig, 0x10ff},
      {kExpandDown, 0, 0x10ff},
      {kExpandDown, kBig | kGranular, 1},
      {kExpandDown, kGranular, 1},
      {kReadExec, kBig, 0x10ff},
      {0x10, kBig, 0x10ff},
      {kReadWrite, kBig | kGranular, 0xfffff},
      {kReadWrite, kBig, 0},
  };
  for (u32 i = 0; i < sizeof(kSegments) / sizeof(kSegments[0]); i++) {
    Edges(kSegments[i].access, kSegments[i].flags, kSegments[i].limit);
  }
  for (u32 flags = 0; flags <= kBig; flags += kBig) {
    for (u32 off = 0; off < 40; off += 2) {
      StackEdge(kReadWrite, flags, 0x10ff, 0x10ff - 20 + off);
      StackEdge(kReadWrite, flags, 0x10ff, off);
      StackEdge(kExpandDown, flags, 0x10ff, 0x1100 + off);
      StackEdge(kExpandDown, flags, 0x10ff, 0xffd8 + off);
    }
    for (u32 limit = 0x7e; limit < 0x90; limit++) CodeEdge(flags, limit);
    CodeEdge(flags | kGranular, 0);
  }
}
