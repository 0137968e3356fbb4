// Strings, memory and formatted text, for the kernel and the programs alike. There is no
// C library here: everything a file uses, it can be read in this directory.
#ifndef GUEST_COMMON_TEXT_H_
#define GUEST_COMMON_TEXT_H_

#include "common/types.h"

// The compiler may call these four by itself, so they keep their standard names.
void* memcpy(void* to, const void* from, size_t size);
void* memset(void* to, int byte, size_t size);
void* memmove(void* to, const void* from, size_t size);
int memcmp(const void* a, const void* b, size_t size);

size_t StringLength(const char* text);
bool StringEqual(const char* a, const char* b);
// Copies at most size - 1 characters and always ends the copy with NUL.
void StringCopy(char* to, const char* from, size_t size);
// True if `word` stands in `text`, with spaces or the ends of the text around it.
bool HasWord(const char* text, const char* word);
// The decimal number that `text` starts with; 0 if there is none.
u32 ParseNumber(const char* text);

// Receives the formatted characters one by one.
typedef void (*PutChar)(void* context, char c);

// Understands %c %s %d %u %x %% with '-', '0' and a width, and L for 64-bit %u and %x.
void FormatText(PutChar put, void* context, const char* format, va_list args);

// 64 by 32 bit division. The processor has it as one instruction as long as the quotient
// fits in 32 bits; dividing in two steps, as on paper, makes sure that it does.
static inline u64 Divide(u64 dividend, u32 divisor, u32* remainder) {
  u32 high = (u32)(dividend >> 32);
  u32 low = (u32)dividend;
  u32 quotient_high = high / divisor;
  u32 rest = high % divisor;
  u32 quotient_low;
  __asm__("divl %4"
          : "=a"(quotient_low), "=d"(rest)
          : "a"(low), "d"(rest), "r"(divisor)
          : "cc");
  if (remainder) *remainder = rest;
  return (u64)quotient_high << 32 | quotient_low;
}

#endif  // GUEST_COMMON_TEXT_H_
