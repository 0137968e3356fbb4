/* Executes vectors as 32-bit user code on the real processor: VectorIn records on stdin
 * (a regular file, after the world's image), VectorOut records on stdout.
 *
 * Freestanding, because a C library would get in the way of signals that arrive with
 * foreign segment registers. Memory is one memfd seen twice: where the vectors expect it,
 * with the rights they expect, and once more where this program may always write.
 */
#include "world.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* -- system calls
 * ------------------------------------------------------------------------ */

enum {
  kSysExit = 1,
  kSysRead = 3,
  kSysWrite = 4,
  kSysMunmap = 91,
  kSysFtruncate = 93,
  kSysSetitimer = 104,
  kSysModifyLdt = 123,
  kSysMprotect = 125,
  kSysRtSigreturn = 173,
  kSysRtSigaction = 174,
  kSysSigaltstack = 186,
  kSysMmap2 = 192,
  kSysMemfdCreate = 356,
};

long SystemCall(long number, long a, long b, long c, long d, long e, long f);
__asm__(
    ".globl SystemCall\n"
    "SystemCall:\n"
    " push %ebp\n push %ebx\n push %esi\n push %edi\n"
    " mov 20(%esp),%eax\n mov 24(%esp),%ebx\n mov 28(%esp),%ecx\n mov 32(%esp),%edx\n"
    " mov 36(%esp),%esi\n mov 40(%esp),%edi\n mov 44(%esp),%ebp\n"
    " int $0x80\n"
    " pop %edi\n pop %esi\n pop %ebx\n pop %ebp\n ret\n");

static long Call3(long number, long a, long b, long c) {
  return SystemCall(number, a, b, c, 0, 0, 0);
}

/* The compiler may call these two on its own. */
void* memcpy(void* to, const void* from, unsigned n) {
  void* result = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
  return result;
}
void* memset(void* to, int value, unsigned n) {
  void* result = to;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(value) : "memory");
  return result;
}

/* Exit codes: 2 ... 5, 7 the system refused a part of the world, 6 no image, 9 no output.
 */
static void Die(int code) {
  Call3(kSysExit, code, 0, 0);
  __builtin_unreachable();
}

static void WriteAll(const void* from, u32 length) {
  const u8* at = from;
  while (length != 0) {
    const long written = Call3(kSysWrite, 1, (long)at, length);
    if (written <= 0) Die(9);
    at += written;
    length -= written;
  }
}

static u32 ReadAll(void* to, u32 length) {
  u32 done = 0;
  while (done < length) {
    const long got = Call3(kSysRead, 0, (long)((u8*)to + done), length - done);
    if (got <= 0) break;
    done += got;
  }
  return done;
}

/* -- into the vector and out of it
 * ------------------------------------------------------- */

struct SignalContext {
  u16 gs, gs_high, fs, fs_high, es, es_high, ds, ds_high;
  u32 edi, esi, ebp, esp, ebx, edx, ecx, eax, trap, error, eip;
  u16 cs, cs_high;
  u32 eflags, esp_at_signal;
  u16 ss, ss_high;
  u8* fpstate;
  u32 old_mask, cr2;
};

struct UserContext {
  u32 flags;
  struct UserContext* link;
  u32 stack, stack_flags, stack_size;
  struct SignalContext machine;
};

enum { kSigAlarm = 14, kSigVirtualAlarm = 26 };
enum { kTimedOut = 0xffff };
enum { kUserWorldEnd = 0x8000000 };

static u8 g_signal_stack[1 << 17] __attribute__((aligned(64)));
static struct VectorOut* g_out;

/* Named by the assembly below. */
u32 g_main_esp;
u32 g_launch[12] __attribute__((aligned(64))); /* POPA, then POPF */
struct {
  u32 offset;
  u16 selector;
} g_far_eip __attribute__((aligned(16))), g_far_esp __attribute__((aligned(16)));

/* Returns 1 if the signal was for this program itself and changes nothing. */
int __attribute__((used)) OnSignal(int signal, void* info, struct UserContext* context) {
  (void)info;
  const struct SignalContext* m = &context->machine;
  struct VectorOut* out = g_out;
  if (signal == kSigVirtualAlarm && m->eip >= kUserWorldEnd && m->cs == FLAT_CODE)
    return 1;
  out->vector = m->trap;
  if (signal == kSigAlarm || signal == kSigVirtualAlarm) out->vector = kTimedOut;
  out->error = m->error;
  out->cr2 = m->trap == 14 ? m->cr2 : 0;
  const u32 registers[8] = {m->eax, m->ecx, m->edx, m->ebx,
                            m->esp, m->ebp, m->esi, m->edi};
  memcpy(out->registers, registers, sizeof registers);
  out->eip = m->eip;
  out->eflags = m->eflags;
  const u16 selectors[6] = {m->es, m->cs, m->ss, m->ds, m->fs, m->gs};
  memcpy(out->selectors, selectors, sizeof selectors);
  /* Behind the FSAVE image of the frame stands the FXSAVE image. */
  if (m->fpstate != 0) memcpy(out->fxsave, m->fpstate + 112, 512);
  out->valid = 1;
  return 0;
}

/* A signal arrives with the vector's segment registers. It does not return to the vector
 * but to where Launch was called. */
extern void SignalEntry(void);
__asm__(
    ".globl SignalEntry\n"
    "SignalEntry:\n"
    " cld\n mov $0x2b,%eax\n mov %eax,%ds\n mov %eax,%es\n"
    " mov $0,%eax\n mov %eax,%fs\n mov %eax,%gs\n"
    " mov 4(%esp),%eax\n mov 12(%esp),%edx\n"
    " push %edx\n push $0\n push %eax\n call OnSignal\n"
    " test %eax,%eax\n jz 2f\n"
    " add $16,%esp\n mov $173,%eax\n int $0x80\n" /* rt_sigreturn */
    "2: mov g_main_esp,%esp\n jmp Landing\n");

/* Loads the state and jumps. `fxsave` may be null. */
void Launch(const u8* fxsave, u32 es_ds, u32 fs_gs);
__asm__(
    ".globl Launch\n"
    "Launch:\n"
    " push %ebp\n push %ebx\n push %esi\n push %edi\n mov %esp,g_main_esp\n"
    " mov 20(%esp),%eax\n test %eax,%eax\n jz 1f\n fxrstor (%eax)\n"
    "1: mov 28(%esp),%eax\n mov %ax,%fs\n shr $16,%eax\n mov %ax,%gs\n"
    " mov 24(%esp),%ecx\n mov %cx,%es\n shr $16,%ecx\n mov %cx,%ds\n"
    " mov $g_launch,%esp\n popa\n popf\n"
    " lss %cs:g_far_esp,%esp\n ljmp *%cs:g_far_eip\n"
    "Landing:\n"
    " mov $0x2b,%eax\n mov %eax,%ds\n mov %eax,%es\n"
    " pop %edi\n pop %esi\n pop %ebx\n pop %ebp\n ret\n");

/* -- the world
 * --------------------------------------------------------------------------- */

static u8 g_expected[WORLD_BYTES]; /* the image with the patches of the current vector */
static u8 g_image[WORLD_BYTES];
static u8* g_shadow; /* the second view; index it with the vectors' addresses */

enum { kRead = 1, kWrite = 2, kExec = 4 };
enum { kSharedFixed = 0x8011 };

static void MapWorld(void) {
  static const struct {
    u32 address, length, rights;
  } kViews[] = {
      {WORLD_CODE, WORLD_CODE_END - WORLD_CODE, kRead | kExec},
      {WORLD_STACK, WORLD_DATA - WORLD_STACK, kRead | kWrite},
      {WORLD_DATA, WORLD_READ_ONLY - WORLD_DATA, kRead | kWrite},
      {WORLD_READ_ONLY, WORLD_END - WORLD_READ_ONLY, kRead},
  };
  const long fd = Call3(kSysMemfdCreate, (long)"world", 0, 0);
  if (fd < 0) Die(2);
  Call3(kSysFtruncate, fd, WORLD_BYTES, 0);
  const u32 shadow =
      SystemCall(kSysMmap2, 0x40000000, WORLD_BYTES, kRead | kWrite, kSharedFixed, fd, 0);
  if (shadow > 0xfffff000u) Die(3);
  g_shadow = (u8*)(shadow - WORLD_CODE);
  for (u32 i = 0; i < sizeof kViews / sizeof kViews[0]; ++i) {
    const u32 at = kViews[i].address;
    const u32 mapped = SystemCall(kSysMmap2, at, kViews[i].length, kViews[i].rights,
                                  kSharedFixed, fd, (at - WORLD_CODE) >> 12);
    if (mapped != at) Die(4);
    /* Touched now, so that no page fault inside a vector is the system's own. */
    for (u32 offset = 0; offset < kViews[i].length; offset += 4096) {
      volatile u8* byte = (volatile u8*)(at + offset);
      const u8 value = *byte;
      if ((kViews[i].rights & kWrite) != 0) *byte = value;
    }
  }
}

/* Takes away what the system mapped for itself: the first stack, which grows by megabytes
 * as soon as a vector reaches below it, and the vDSO. What is left beside the world is
 * this program and its view of the world. */
static void UnmapTheRest(void) {
  extern u8 _end[];
  static const u32 kShadow = 0x40000000, kUserEnd = 0xffffe000;
  const u32 program_end = ((u32)_end + 0xfffu) & ~0xfffu;
  const u32 shadow_end = kShadow + WORLD_BYTES;
  if (Call3(kSysMunmap, (long)program_end, (long)(kShadow - program_end), 0) != 0 ||
      Call3(kSysMunmap, (long)shadow_end, (long)(kUserEnd - shadow_end), 0) != 0)
    Die(7);
}

static void LoadLdt(void) {
  for (u32 i = 0; i < LDT_ENTRIES; ++i) {
    const struct LdtEntry* e = &kLdt[i];
    struct {
      u32 number, base, limit, flags;
    } entry = {i, e->base, e->limit,
               e->is_32_bit | e->contents << 1 | e->read_only << 3 | e->in_pages << 4 |
                   e->not_present << 5};
    if (Call3(kSysModifyLdt, 0x11, (long)&entry, sizeof entry) != 0) Die(5);
  }
}

static void CatchSignals(void) {
  struct {
    void* stack;
    u32 flags, size;
  } stack = {g_signal_stack, 0, sizeof g_signal_stack};
  Call3(kSysSigaltstack, (long)&stack, 0, 0);
  static const int kSignals[] = {4, 5, 7, 8, 11, kSigAlarm, kSigVirtualAlarm};
  for (u32 i = 0; i < sizeof kSignals / sizeof kSignals[0]; ++i) {
    struct {
      void (*handler)(void);
      u32 flags;
      void (*restorer)(void);
      u64 mask;
    } action = {SignalEntry, 0x4c000004u, SignalEntry, 0};
    SystemCall(kSysRtSigaction, kSignals[i], (long)&action, 0, 8, 0, 0);
  }
  /* Virtual time, 50 ms: ends vectors that loop. */
  struct {
    u32 interval_s, interval_us, first_s, first_us;
  } timer = {0, 50000, 0, 50000};
  Call3(kSysSetitimer, 1, (long)&timer, 0);
}

/* -- one vector
 * -------------------------------------------------------------------------- */

static void Patch(const struct VectorIn* in) {
  for (u32 i = 0; i < in->patches; ++i) {
    const struct Patch* p = &in->patch[i];
    memcpy(g_shadow + p->address, p->bytes, p->length);
    memcpy(g_expected + (p->address - WORLD_CODE), p->bytes, p->length);
  }
}

static void Unpatch(const struct VectorIn* in) {
  for (u32 i = 0; i < in->patches; ++i) {
    const u32 at = in->patch[i].address, length = in->patch[i].length;
    memcpy(g_shadow + at, g_image + (at - WORLD_CODE), length);
    memcpy(g_expected + (at - WORLD_CODE), g_image + (at - WORLD_CODE), length);
  }
}

static int Differs(u32 at, u32 length) {
  const u32* now = (const u32*)(g_shadow + at);
  const u32* then = (const u32*)(g_expected + (at - WORLD_CODE));
  for (u32 i = 0; i < length / 4; ++i) {
    if (now[i] != then[i]) return 1;
  }
  return 0;
}

static void AddChange(struct VectorOut* out, u32 at, u8 byte) {
  struct Change* last = &out->change[out->changes - 1];
  if (out->changes != 0 && last->address + last->length == at && last->length < 32) {
    last->bytes[last->length++] = byte;
  } else if (out->changes == MAX_CHANGES) {
    out->overflow = 1;
  } else {
    struct Change* change = &out->change[out->changes++];
    change->address = at;
    change->length = 1;
    change->bytes[0] = byte;
  }
}

/* Notes every byte the vector changed and puts the old one back. */
static void CollectChanges(struct VectorOut* out) {
  for (u32 line = WORLD_STACK; line < WORLD_READ_ONLY; line += 64) {
    if (!Differs(line, 64)) continue;
    for (u32 at = line; at < line + 64; ++at) {
      const u8 then = g_expected[at - WORLD_CODE];
      if (g_shadow[at] == then) continue;
      AddChange(out, at, g_shadow[at]);
      g_shadow[at] = then;
    }
  }
}

static void Execute(const struct VectorIn* in, struct VectorOut* out) {
  g_out = out;
  memset(out, 0, sizeof *out);
  Patch(in);
  /* The code was written under another address than it runs at: serialise. */
  u32 leaf = 0, count = 0;
  __asm__ volatile("cpuid" : "+a"(leaf), "+c"(count)::"ebx", "edx", "memory");
  /* POPA's order: edi esi ebp (skipped) ebx edx ecx eax. */
  const u32 launch[9] = {
      in->registers[7], in->registers[6], in->registers[5], 0,         in->registers[3],
      in->registers[2], in->registers[1], in->registers[0], in->eflags};
  memcpy(g_launch, launch, sizeof launch);
  g_far_esp.offset = in->registers[4];
  g_far_esp.selector = in->selectors[2];
  g_far_eip.offset = in->eip;
  g_far_eip.selector = in->selectors[1];
  Launch(in->uses_fpu ? in->fxsave : 0, in->selectors[0] | (u32)in->selectors[3] << 16,
         in->selectors[4] | (u32)in->selectors[5] << 16);
  CollectChanges(out);
  Unpatch(in);
}

static void __attribute__((used)) Main(void) {
  static struct VectorIn in __attribute__((aligned(64)));
  static struct VectorOut out[32] __attribute__((aligned(64)));
  u32 waiting = 0;
  MapWorld();
  UnmapTheRest();
  LoadLdt();
  CatchSignals();
  if (ReadAll(g_image, sizeof g_image) != sizeof g_image) Die(6);
  memcpy(g_shadow + WORLD_CODE, g_image, sizeof g_image);
  memcpy(g_expected, g_image, sizeof g_image);
  while (ReadAll(&in, sizeof in) == sizeof in) {
    Execute(&in, &out[waiting++]);
    if (waiting < sizeof out / sizeof out[0]) continue;
    WriteAll(out, sizeof out);
    waiting = 0;
  }
  WriteAll(out, waiting * sizeof out[0]);
  Die(0);
}

/* On a stack of its own, because the one it was given goes away. */
u8 g_main_stack[1 << 14] __attribute__((aligned(16)));
__asm__(".globl _start\n_start:\n mov $g_main_stack+16384,%esp\n call Main\n");
