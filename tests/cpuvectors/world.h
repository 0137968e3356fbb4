/* The fixed world that all vectors share, and the records that go between the generator
 * and the program that executes them. Included by C++ (64 bits) and by freestanding C (32
 * bits): only types of fixed size.
 */
#ifndef LGX_TESTS_CPUVECTORS_WORLD_H_
#define LGX_TESTS_CPUVECTORS_WORLD_H_

#include <stdint.h>

/* User pages. Everything else below 128 MiB is not present. */
#define WORLD_CODE      0x10000u /* 2 pages: read, execute */
#define WORLD_CODE_END  0x12000u
#define WORLD_STACK     0x1c000u /* 4 pages: read, write */
#define WORLD_DATA      0x20000u /* 6 pages: read, write; they follow the stack */
#define WORLD_READ_ONLY 0x26000u /* 1 page: read */
#define WORLD_END       0x27000u
#define WORLD_BYTES     (WORLD_END - WORLD_CODE)

/* The GDT's user segments, as a 64-bit Linux has them. */
#define FLAT_CODE 0x23
#define FLAT_DATA 0x2b

#define MAX_PATCHES 4
#define MAX_CHANGES 24

struct Patch {
  uint32_t address, length;
  uint8_t bytes[64];
};

/* A state to start from. Registers: eax ecx edx ebx esp ebp esi edi; selectors: es cs ss
 * ds fs gs. */
struct VectorIn {
  uint32_t registers[8], eip, eflags;
  uint16_t selectors[6], unused, uses_fpu;
  uint32_t patches;
  struct Patch patch[MAX_PATCHES];
  uint8_t fxsave[512] __attribute__((aligned(16)));
};

struct Change {
  uint32_t address, length;
  uint8_t bytes[32];
};

/* What it became: the first exception and the state it interrupted. */
struct VectorOut {
  uint32_t vector, error, cr2, registers[8], eip, eflags;
  uint16_t selectors[6], unused, valid;
  uint32_t changes, overflow;
  struct Change change[MAX_CHANGES];
  uint8_t fxsave[512] __attribute__((aligned(16)));
};

/* The segments of the LDT, in the terms of modify_ldt. Contents: 0 data, 1 expand-down
 * data, 2 code, 3 conforming code. Entry n has selector 8 n + 7.
 */
struct LdtEntry {
  uint32_t base, limit;
  uint8_t is_32_bit, contents, read_only, in_pages, not_present;
};

static const struct LdtEntry kLdt[] = {
    {0, 0xfffff, 1, 0, 0, 1, 0},          /* 07 flat data */
    {WORLD_DATA, 0x0fff, 1, 0, 0, 0, 0},  /* 0f data with base, 4 KiB */
    {WORLD_DATA, 0x0fff, 1, 0, 1, 0, 0},  /* 17 the same, read-only */
    {WORLD_DATA, 0x0fff, 1, 1, 0, 0, 0},  /* 1f expand-down, B = 1 */
    {WORLD_DATA, 0x0fff, 0, 1, 0, 0, 0},  /* 27 expand-down, B = 0 */
    {0, 0xfffff, 1, 2, 0, 1, 0},          /* 2f flat readable code */
    {WORLD_CODE, 0x0fff, 1, 2, 1, 0, 0},  /* 37 execute-only code with base */
    {0, 0xfffff, 1, 0, 0, 1, 1},          /* 3f data, not present */
    {0, 0xfffff, 1, 2, 0, 1, 1},          /* 47 code, not present */
    {0, 0x20, 1, 0, 0, 1, 0},             /* 4f data, limit 0x20fff in pages */
    {WORLD_CODE, 0xffff, 0, 2, 0, 0, 0},  /* 57 16-bit code */
    {WORLD_STACK, 0x3fff, 0, 0, 0, 0, 0}, /* 5f 16-bit data, for a stack */
    {WORLD_DATA, 0, 1, 0, 0, 0, 0},       /* 67 data, limit 0 */
    {WORLD_DATA, 0xffff, 1, 0, 0, 0, 0},  /* 6f data with base, 64 KiB */
};
#define LDT_ENTRIES (sizeof kLdt / sizeof kLdt[0])

#endif /* LGX_TESTS_CPUVECTORS_WORLD_H_ */
