/* The integer mix of images a and g: shifts, adds, multiplications, rotates,
   data-dependent branches, loads and stores in a small table. About 10^9 instructions. */
#ifndef BENCH_INTMIX_H_
#define BENCH_INTMIX_H_

#include "image.h"

enum { kMixWords = 512, kMixRounds = 40000000 };

static inline u32 IntegerMix(u32* table) {
  u32 random = 0x2545f491;
  u32 sum = 0, count = 0;
  for (u32 i = 0; i < kMixWords; ++i) table[i] = NextRandom(&random);
  for (u32 round = 0; round < kMixRounds; ++round) {
    const u32 x = NextRandom(&random);
    u32* const slot = &table[x & (kMixWords - 1)];
    const u32 value = RotateLeft(*slot, 7) + x;
    if ((value & 5) == 0) {
      sum += value * 0x9e3779b1u;
      ++count;
    } else {
      sum ^= value - (sum >> 3);
    }
    *slot = value ^ round;
  }
  return sum ^ RotateLeft(count, 16);
}

#endif
