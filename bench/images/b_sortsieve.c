/* A sieve and a sort over 32 MiB of data: memory far beyond every cache of translations.
 */
#include "image.h"

const char image_name[] = "b_sortsieve";

enum { kSieve = 16 * 1024 * 1024, kItems = 4 * 1024 * 1024 };

static u8 composite[kSieve];
static u32 items[kItems];

static u32 CountPrimes(void) {
  u32 count = 0;
  for (u32 n = 2; n < kSieve; ++n) {
    if (composite[n]) continue;
    ++count;
    for (u32 m = 2 * n; m < kSieve; m += n) composite[m] = 1;
  }
  return count;
}

static void Swap(u32* a, u32* b) {
  const u32 old = *a;
  *a = *b;
  *b = old;
}

/* Quicksort of [low, high]; the smaller part by recursion, so that the stack stays small.
 */
static void Sort(u32* low, u32* high) {
  while (high - low > 12) {
    u32* const middle = low + (high - low) / 2;
    if (*middle < *low) Swap(middle, low);
    if (*high < *low) Swap(high, low);
    if (*high < *middle) Swap(high, middle);
    const u32 pivot = *middle;
    u32 *left = low, *right = high;
    do {
      while (*left < pivot) ++left;
      while (pivot < *right) --right;
      if (left <= right) Swap(left++, right--);
    } while (left <= right);
    if (right - low < high - left) {
      Sort(low, right);
      low = left;
    } else {
      Sort(left, high);
      high = right;
    }
  }
  for (u32* at = low + 1; at <= high; ++at) {
    const u32 value = *at;
    u32* hole = at;
    for (; hole > low && hole[-1] > value; --hole) *hole = hole[-1];
    *hole = value;
  }
}

struct Result BenchMain(void) {
  u32 random = 0x1234567;
  for (u32 i = 0; i < kItems; ++i) items[i] = NextRandom(&random);
  Sort(items, items + kItems - 1);
  u32 sum = CountPrimes();
  for (u32 i = 0; i < kItems; ++i) {
    if (i != 0 && items[i - 1] > items[i]) Fail("the items are not in order");
    sum = RotateLeft(sum, 1) ^ items[i];
  }
  return (struct Result){sum, 0};
}
