/* System-level cases for a 32-bit processor: each probe runs a few instructions in a
   given ring under given tables and prints what happened, the first exception or the end.

   The suite has no expectations of its own. Its output is compared with another
   machine's. */
#ifndef SUITE_H_
#define SUITE_H_

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

/* ---- descriptors ---- */

enum {
  kCode0 = 0x08, /* flat, ring 0; ring r has its own at + 16 r */
  kData0 = 0x10,
  kMainTss = 0x48,
  kDoubleFaultTss = 0x50,
  kLdt = 0x58,
  kSlot = 0x80, /* free for tests, 16 of them */
  kSlots = 16,
  kSlotAfter = kSlot + 8 * kSlots,

  kPresentBit = 0x80,
  kNormal = 0x10, /* the S bit */
  kReadWrite = 0x12,
  kExpandDown = 0x16,
  kReadExec = 0x1a,
  kConforming = 0x1e,

  kGranular = 8, /* flags: the high nibble of byte 6 */
  kBig = 4,
};

struct Descriptor {
  u32 low, high;
};
extern struct Descriptor gdt[64], ldt[16], idt[256];

u32 CodeOf(u32 ring);
u32 DataOf(u32 ring);

/* `access` is byte 5, `flags` the high nibble of byte 6. */
struct Descriptor Segment(u32 base, u32 limit, u32 access, u32 flags);
struct Descriptor Gate(u32 selector, u32 offset, u32 access, u32 parameters);
void SetSlot(u32 selector, struct Descriptor value);
/* Flat and usable, whatever the type: an expand-down segment has limit 0. */
struct Descriptor FlatOfType(u32 access);
u32 AccessOf(u32 selector); /* byte 5 as it is now */

/* ---- task state ---- */

struct Tss {
  u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
  u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
  u32 es, cs, ss, ds, fs, gs, ldt;
  u16 trap, io_map;
  u8 bitmap[36];
};
extern struct Tss main_tss;

/* ---- probes ---- */

enum {
  kEnd = 0xf0,   /* the INT behind every probe's code */
  kThere = 0xf1, /* what a test's destination may execute */
  kNoErrorCode = 0x5a5a5a5a,
  kFlagsReserved = 2,
  kIf = 0x200,
  kNt = 0x4000,
  kVm = 0x20000,
};

struct Outcome {
  u32 vector, error, eip, cs, eflags, esp, ss;
  u32 eax, ecx, edx, ebx, esi, edi;
  u32 ds, es, fs, gs;
  u32 cr2, tr;
  u32 at_ss;    /* SS of the handler */
  u32 stack[6]; /* above the frame */
};
extern struct Outcome outcome;

extern u32 input_cs, input_eip, input_eflags, input_esp, input_ss;
extern u32 input_eax, input_ecx, input_edx, input_ebx, input_esi, input_edi, input_ebp;
extern u32 input_ds, input_es, input_fs, input_gs;
extern u32 input_frame_words, input_frame_area[20];
#define input_frame (input_frame_area + 4) /* RunProbe writes below it */

/* Where code of probes is, and where a far transfer of a test may go: INT kThere. */
extern u8 code_area[4096], destination[16];
extern u8 stack_area[4][4096]; /* one for each ring; probes of ring 0 too */

void StartProbes(void);
/* All inputs as usual for the ring. */
void PrepareProbe(u32 ring);
/* Copies code, appends INT kEnd, runs it as prepared. */
void RunCode(const u8* code, u32 count);
/* Both. */
void Probe(u32 ring, const u8* code, u32 count);
void RunProbe(void);
#define PROBE(ring, ...)                         \
  do {                                           \
    const u8 probe_code[] = {__VA_ARGS__};       \
    Probe(ring, probe_code, sizeof(probe_code)); \
  } while (0)
#define CODE(...)                            \
  do {                                       \
    const u8 probe_code[] = {__VA_ARGS__};   \
    RunCode(probe_code, sizeof(probe_code)); \
  } while (0)
#define W16(x) (u8)(x), (u8)((x) >> 8)
#define W32(x) (u8)(x), (u8)((x) >> 8), (u8)((x) >> 16), (u8)((x) >> 24)

/* ---- text, at port 0xE9 ---- */

void Text(const char* text);
void Hex(u32 value, u32 digits);
/* "NAME:VALUE " with as many digits as it needs. */
void Field(const char* name, u32 value);
/* " --" for the end, or vector and error code. */
void Short(void);
/* CS/SS.ESP, of a stack the place in its page. */
void Whereabouts(void);
void EndLine(void);

static inline void Out8(u16 port, u8 value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline u32 ReadCr0(void) {
  u32 v;
  __asm__ volatile("movl %%cr0, %0" : "=r"(v));
  return v;
}
static inline void WriteCr0(u32 v) {
  __asm__ volatile("movl %0, %%cr0" : : "r"(v) : "memory");
}
static inline u32 ReadCr4(void) {
  u32 v;
  __asm__ volatile("movl %%cr4, %0" : "=r"(v));
  return v;
}
static inline void WriteCr4(u32 v) {
  __asm__ volatile("movl %0, %%cr4" : : "r"(v) : "memory");
}
static inline void WriteCr3(u32 v) {
  __asm__ volatile("movl %0, %%cr3" : : "r"(v) : "memory");
}

/* ---- the groups ---- */

void Segments(void);
void Transfers(void);
void Gates(void);
void Returns(void);
void Limits(void);
void Privileges(void);
void Tasks(void);
void Virtual86(void);
void Paging(u32 pae);
void Deliveries(void);
void Stepping(void);

#endif
