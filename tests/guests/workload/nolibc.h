/* tiny freestanding i386 runtime: int $0x80 only */
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
/* argument registers are not assumed to survive int $0x80 */
static inline int sc6(int n, int a, int b, int c, int d, int e, int f) {
  int r;
  int A[6] = {a, b, c, d, e, f};
  int* P = A;
  __asm__ volatile(
      "pushl %%ebx\n\tpushl %%esi\n\tpushl %%edi\n\tpushl %%ebp\n\t"
      "movl (%%ecx),%%ebx\n\tmovl 8(%%ecx),%%edx\n\tmovl 12(%%ecx),%%esi\n\tmovl "
      "16(%%ecx),%%edi\n\tmovl 20(%%ecx),%%ebp\n\tmovl 4(%%ecx),%%ecx\n\tint $0x80\n\t"
      "popl %%ebp\n\tpopl %%edi\n\tpopl %%esi\n\tpopl %%ebx"
      : "=a"(r), "+c"(P)
      : "0"(n)
      : "edx", "memory", "cc");
  return r;
}
#define sys(n, ...) SYS_(n, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_(n, a, b, c, d, e, f, ...) \
  sc6(n, (int)(a), (int)(b), (int)(c), (int)(d), (int)(e), (int)(f))
enum {
  N_exit = 1,
  N_fork = 2,
  N_read = 3,
  N_write = 4,
  N_open = 5,
  N_close = 6,
  N_waitpid = 7,
  N_unlink = 10,
  N_execve = 11,
  N_mknod = 14,
  N_lseek = 19,
  N_getpid = 20,
  N_mount = 21,
  N_sync = 36,
  N_mkdir = 39,
  N_pipe = 42,
  N_ioctl = 54,
  N_dup2 = 63,
  N_getppid = 64,
  N_reboot = 88,
  N_munmap = 91,
  N_uname = 122,
  N_mmap2 = 192,
  N_clock_gettime = 265,
  N_nanosleep = 162,
  N_times = 43,
  N_setsid = 66,
  N_poll = 168,
  N_sched_yield = 158
};
static int slen(const char* s) {
  int n = 0;
  while (s[n]) n++;
  return n;
}
static void out(const char* s) { sys(N_write, 1, s, slen(s)); }
static void outn(u32 v) {
  char b[12];
  int i = 11;
  b[i] = 0;
  do {
    b[--i] = '0' + v % 10;
    v /= 10;
  } while (v);
  out(b + i);
}
static int seq(const char* a, const char* b) {
  while (*a && *a == *b) {
    a++;
    b++;
  }
  return *a == *b;
}
void* memset(void* p, int c, u32 n) {
  char* q = p;
  while (n--) *q++ = c;
  return p;
}
void* memcpy(void* d, const void* s, u32 n) {
  char* q = d;
  const char* p = s;
  while (n--) *q++ = *p++;
  return d;
}
struct ts {
  int s, n;
};
static u32 now_us(void) {
  struct ts t;
  sys(N_clock_gettime, 1, &t);
  return (u32)t.s * 1000000u + t.n / 1000;
}
#define O_RDONLY 0
#define O_RDWR   2
#define O_CREAT  0100
#define O_TRUNC  01000
#define O_NOCTTY 0400
void _cstart(int* sp);
__asm__(
    ".globl _start\n_start: xorl %ebp,%ebp\n movl %esp,%eax\n andl $-16,%esp\n pushl "
    "%eax\n pushl "
    "%eax\n pushl %eax\n pushl %eax\n call _cstart\n");
int main(int, char**, char**);
void _cstart(int* sp) {
  int argc = sp[0];
  char** av = (char**)(sp + 1);
  sys(N_exit, main(argc, av, av + argc + 1));
  for (;;);
}
