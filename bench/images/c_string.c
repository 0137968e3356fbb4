/* Repeated string instructions of many lengths and alignments: copies, fills, searches,
   comparisons. An event is one repeated instruction. */
#include "image.h"

const char image_name[] = "c_string";

/* No length is above kMostBytes; a round reaches twice as far from where it starts. */
enum { kArea = 1024 * 1024, kRounds = 60000, kMostBytes = 12287 };

static u8 source[kArea];
static u8 target[kArea];

static void CopyBytes(u8* to, const u8* from, u32 n) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static void CopyWords(u8* to, const u8* from, u32 n) {
  __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static void FillWords(u8* to, u32 value, u32 n) {
  __asm__ volatile("rep stosl" : "+D"(to), "+c"(n) : "a"(value) : "memory");
}

/* Steps until the byte is found. */
static u32 Find(const u8* in, u8 byte, u32 n) {
  u32 left = n;
  __asm__ volatile("repne scasb" : "+D"(in), "+c"(left) : "a"(byte) : "memory", "cc");
  return n - left;
}

/* Steps until the first difference. */
static u32 Same(const u8* a, const u8* b, u32 n) {
  u32 left = n;
  __asm__ volatile("repe cmpsb" : "+S"(a), "+D"(b), "+c"(left) : : "memory", "cc");
  return n - left;
}

struct Result BenchMain(void) {
  u32 random = 0xbeef1234, sum = 0;
  for (u32 i = 0; i < kArea; ++i) source[i] = (u8)(NextRandom(&random) % 251);
  for (u32 round = 0; round < kRounds; ++round) {
    const u32 x = NextRandom(&random);
    /* Mostly short, sometimes several pages. */
    const u32 length = (x & 7) == 0 ? 4096 + (x >> 8 & 8191) : 16 + (x >> 8 & 1023);
    const u32 from = x % (kArea - 2 * kMostBytes);
    const u32 to = (x >> 3) % (kArea - 2 * kMostBytes);
    CopyBytes(target + to, source + from, length);
    CopyWords(target + (to & ~3u), source + (from & ~3u), length / 4);
    sum += Same(target + (to & ~3u), source + (from & ~3u), length);
    FillWords(target + (to & ~3u), x, length / 8);
    sum = RotateLeft(sum, 5) + Find(target + to + length, 255, length);
    source[from] ^= (u8)sum % 251;
  }
  for (u32 i = 0; i < kArea; i += 7) sum = sum * 31 + target[i];
  return (struct Result){sum, 5 * kRounds};
}
