/* What every image has: text on two ports, an end that each emulator understands, a
   counter.

   An image defines BenchMain(), which does its work and returns what came out. The text
   that is printed is the same on every machine, except for the line that starts with
   "tsc". */
#ifndef BENCH_IMAGE_H_
#define BENCH_IMAGE_H_

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct Result {
  u32 checksum;
  u32 events; /* of the kind the image is about; 0 if it only computes */
};

extern const char image_name[];
struct Result BenchMain(void);

void PrintText(const char* text);
void PrintHex(u32 value);
void PrintDecimal(u64 value);

/* Ends the run as failed after saying why. */
_Noreturn void Fail(const char* why);

static inline void Out8(u16 port, u8 value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 In8(u16 port) {
  u8 value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static inline u64 ReadTsc(void) {
  u64 value;
  __asm__ volatile("rdtsc" : "=A"(value));
  return value;
}

static inline u32 RotateLeft(u32 value, int n) { return value << n | value >> (32 - n); }

/* A generator with 32 bits of state, period 2^32 - 1. */
static inline u32 NextRandom(u32* state) {
  u32 x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

#endif
