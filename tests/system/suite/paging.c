/* Page permissions: every combination of the bits of directory and table entries, for
   reads, writes and fetches, in rings 0 and 3, with and without WP, large pages, NX,
   reserved bits. */
#include "suite.h"

enum {
  kLinear = 0x40000000,
  kP = 1,
  kW = 2,
  kU = 4,
  kLarge = 0x80,
};

static u32 directory[1024] __attribute__((aligned(4096)));
static u32 table[1024] __attribute__((aligned(4096)));
static u64 pae_root[4] __attribute__((aligned(32)));
static u64 pae_low[512] __attribute__((aligned(4096)));
static u64 pae_high[512] __attribute__((aligned(4096)));
static u64 pae_table[512] __attribute__((aligned(4096)));
static u8 page[4096] __attribute__((aligned(4096)));

/* Under a large page is the memory from 4 MiB on. */
static u8* const kUnderLarge = (u8*)0x400000;

static void Access(u32 ring, u32 way, u32 linear) {
  static const u8 kWays[][3] = {
      {0x8b, 0x03, 0x90},                     /* mov eax, [ebx] */
      {0x89, 0x03, 0x90}, {0x01, 0x03, 0x90}, /* add [ebx], eax */
      {0xff, 0xe3, 0x90},                     /* jmp ebx */
      {0x39, 0x03, 0x90},                     /* cmp */
      {0x0f, 0xb1, 0x0b},                     /* cmpxchg that fails */
  };
  PrepareProbe(ring);
  input_ebx = linear;
  input_eax = 0;
  RunCode(kWays[way], 3);
}

enum { kAccessWays = 6 };

static void Show(u32 linear, u32 a, u32 b) {
  Short();
  if (outcome.vector == 14 && outcome.cr2 != linear) Field("cr2", outcome.cr2);
  Text("/");
  Hex(a, 1);
  Hex(b, 1);
}

/* A and D of an entry as one digit. */
static u32 Used(u64 entry) { return (u32)(entry >> 5 & 3); }

static void FillPage(u8* at) {
  for (u32 i = 0; i < 64; i += 2) {
    at[i] = 0xcd;
    at[i + 1] = kThere;
  }
}

static void Small(u32 pde, u32 pte, u32 wp) {
  Text("page");
  Field("pde", pde);
  Field("pte", pte);
  Field("wp", wp);
  for (u32 ring = 0; ring < 4; ring++) {
    for (u32 way = 0; way < kAccessWays; way++) {
      FillPage(page);
      directory[kLinear >> 22] = (u32)table | pde;
      table[3] = (u32)page | pte;
      WriteCr3((u32)directory);
      const u32 linear = kLinear + 0x3010;
      Access(ring, way, linear);
      Show(linear, Used(directory[kLinear >> 22]), Used(table[3]));
    }
  }
  EndLine();
}

static void Large(u32 pde, u32 wp) {
  Text("large");
  Field("pde", pde);
  Field("wp", wp);
  for (u32 ring = 0; ring < 4; ring += 3) {
    for (u32 way = 0; way < kAccessWays; way++) {
      FillPage(kUnderLarge + 0x3010);
      directory[kLinear >> 22] = 0x400000 | pde;
      WriteCr3((u32)directory);
      Access(ring, way, kLinear + 0x3010);
      Show(kLinear + 0x3010, Used(directory[kLinear >> 22]), 0);
    }
  }
  EndLine();
}

static void TwoLevel(void) {
  for (u32 i = 0; i < 4; i++) directory[i] = i << 22 | kLarge | kP | kW | kU;
  WriteCr4(0x10);
  WriteCr3((u32)directory);
  const u32 cr0 = ReadCr0();
  for (u32 wp = 0; wp < 2; wp++) {
    WriteCr0(cr0 | 0x80000000 | wp << 16);
    for (u32 pde = 0; pde < 8; pde++) {
      for (u32 pte = 0; pte < 8; pte++) Small(pde, pte, wp);
    }
    for (u32 pde = 0; pde < 8; pde++) Large(pde | kLarge, wp);
  }
  /* Accessed and dirty as they were before. */
  for (u32 used = 0; used < 4; used++) {
    Small(kP | kW | kU | used << 5, kP | kW | kU | used << 5, 1);
  }
  WriteCr0(cr0);
  WriteCr4(0);
}

static void PaeSmall(u64 pdpte, u64 pde, u64 pte, u32 wp) {
  Text("pae");
  Field("pdpte", (u32)pdpte);
  Field("pde", (u32)(pde & 0xfff));
  Field("hi", (u32)(pde >> 32));
  Field("pte", (u32)(pte & 0xfff));
  Field("hi", (u32)(pte >> 32));
  Field("wp", wp);
  for (u32 ring = 0; ring < 4; ring += 3) {
    for (u32 way = 0; way < kAccessWays; way++) {
      FillPage(page);
      FillPage(kUnderLarge + 0x3010);
      pae_root[1] = (u32)pae_high | pdpte;
      pae_high[0] = (pde & kLarge ? (u32)kUnderLarge : (u32)pae_table) | pde;
      pae_table[3] = (u32)page | pte;
      WriteCr3((u32)pae_root);
      Access(ring, way, kLinear + 0x3010);
      Show(kLinear + 0x3010, Used(pae_high[0]), Used(pae_table[3]));
    }
  }
  EndLine();
}

static u32 HasNx(void) {
  u32 a = 0x80000001, b, c, d;
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
  return d >> 20 & 1;
}

static void SetNx(u32 on) {
  u32 low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000080));
  low = (low & ~0x800u) | on << 11;
  __asm__ volatile("wrmsr" : : "a"(low), "d"(high), "c"(0xc0000080));
}

/* Loads of CR3 check the pointers. */
static void Pointers(void) {
  Text("pae pointers");
  for (u32 bit = 0; bit < 64; bit++) {
    if (bit >= 12 && bit < 52) continue;
    if (bit >= 9 && bit < 12) continue;
    const u64 good = pae_root[2];
    pae_root[2] = (u64)(u32)pae_high | 1 | 1ull << bit;
    PrepareProbe(0);
    input_eax = (u32)pae_root;
    CODE(0x0f, 0x22, 0xd8); /* mov cr3, eax */
    Short();
    pae_root[2] = good;
    WriteCr3((u32)pae_root);
  }
  EndLine();
}

static void ThreeLevel(void) {
  const u32 nx = HasNx();
  for (u32 i = 0; i < 8; i++) pae_low[i] = i << 21 | kLarge | kP | kW | kU;
  pae_root[0] = (u32)pae_low | kP;
  pae_root[1] = (u32)pae_high | kP;
  WriteCr4(0x20);
  WriteCr3((u32)pae_root);
  const u32 cr0 = ReadCr0();
  for (u32 wp = 0; wp < 2; wp++) {
    WriteCr0(cr0 | 0x80000000 | wp << 16);
    for (u32 pde = 0; pde < 8; pde++) {
      for (u32 pte = 0; pte < 8; pte++) PaeSmall(kP, pde, pte, wp);
      PaeSmall(kP, pde | kLarge, 0, wp);
    }
    PaeSmall(0, 7, 7, wp);
    /* Reserved bits */
    static const u8 kReserved[] = {52, 55, 62};
    for (u32 r = 0; r < 3; r++) {
      PaeSmall(kP, 7 | 1ull << kReserved[r], 7, wp);
      PaeSmall(kP, 7, 7 | 1ull << kReserved[r], wp);
      PaeSmall(kP, 6 | 1ull << kReserved[r], 7, wp);
      PaeSmall(kP, 7, 6 | 1ull << kReserved[r], wp);
      PaeSmall(kP, 1 | 1ull << kReserved[r], 1 | 1ull << kReserved[r], wp);
    }
    PaeSmall(kP, 7 | kLarge | 0x2000, 0, wp);
    PaeSmall(kP, 7 | kLarge | 0x100000, 0, wp);
    PaeSmall(kP, 1 | kLarge | 0x100000, 0, wp);
    if (!nx) continue;
    for (u32 on = 0; on < 2; on++) {
      SetNx(on);
      Text("nxe ");
      Hex(on, 1);
      EndLine();
      for (u32 where = 1; where < 4; where++) {
        const u64 in_pde = where & 1 ? 1ull << 63 : 0,
                  in_pte = where & 2 ? 1ull << 63 : 0;
        for (u32 bits = 0; bits < 8; bits++) {
          PaeSmall(kP, 7 | in_pde, bits | in_pte, wp);
          PaeSmall(kP, bits | in_pde, 7 | in_pte, wp);
        }
        if (in_pde) PaeSmall(kP, 7 | kLarge | in_pde, 0, wp);
      }
    }
    PaeSmall(kP, 7, 7, wp); /* NXE, and nothing marked */
    PaeSmall(kP, 0, 7, wp);
    SetNx(0);
  }
  Pointers();
  WriteCr0(cr0);
  WriteCr4(0);
}

void Paging(u32 pae) {
  if (pae) {
    ThreeLevel();
  } else {
    TwoLevel();
  }
}
