// Integer names and a few constants that the kernel and the programs share.
#ifndef GUEST_COMMON_TYPES_H_
#define GUEST_COMMON_TYPES_H_

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;

enum { kPageSize = 4096, kPageShift = 12, kPageMask = kPageSize - 1 };

#endif  // GUEST_COMMON_TYPES_H_
