#include "common/text.h"

// The string instructions do whole pages in one instruction. They are fast on an emulator
// for the same reason that they are short here.
void* memcpy(void* to, const void* from, size_t size) {
  void* d = to;
  size_t words = size / 4;
  size_t rest = size % 4;
  __asm__ volatile("rep movsl\n\tmovl %3, %2\n\trep movsb"
                   : "+D"(d), "+S"(from), "+c"(words)
                   : "r"(rest)
                   : "memory");
  return to;
}

void* memset(void* to, int byte, size_t size) {
  void* d = to;
  size_t words = size / 4;
  size_t rest = size % 4;
  __asm__ volatile("rep stosl\n\tmovl %3, %1\n\trep stosb"
                   : "+D"(d), "+c"(words)
                   : "a"((u8)byte * 0x01010101u), "r"(rest)
                   : "memory");
  return to;
}

void* memmove(void* to, const void* from, size_t size) {
  u8* d = to;
  const u8* s = from;
  if (d <= s || d >= s + size) return memcpy(to, from, size);
  // Overlapping, and the target is behind: from the end. (volatile, or the compiler
  // recognises the loop for what it is and calls memmove.)
  for (volatile size_t i = size; i > 0; --i) d[i - 1] = s[i - 1];
  return to;
}

int memcmp(const void* a, const void* b, size_t size) {
  const u8* x = a;
  const u8* y = b;
  for (size_t i = 0; i < size; ++i) {
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  }
  return 0;
}

size_t StringLength(const char* text) {
  const volatile char* end = text;  // volatile: or the compiler calls strlen() for us
  while (*end) ++end;
  return (size_t)(end - text);
}

bool StringEqual(const char* a, const char* b) {
  while (*a && *a == *b) ++a, ++b;
  return *a == *b;
}

void StringCopy(char* to, const char* from, size_t size) {
  size_t i = 0;
  for (; i + 1 < size && from[i]; ++i) to[i] = from[i];
  to[i] = '\0';
}

bool HasWord(const char* text, const char* word) {
  size_t length = StringLength(word);
  while (*text) {
    while (*text == ' ') ++text;
    const char* start = text;
    while (*text && *text != ' ') ++text;
    if ((size_t)(text - start) == length && memcmp(start, word, length) == 0) return true;
  }
  return false;
}

u32 ParseNumber(const char* text) {
  u32 value = 0;
  while (*text >= '0' && *text <= '9') value = value * 10 + (u32)(*text++ - '0');
  return value;
}

// Writes the digits of `value` backwards from `end`; returns where they start.
static char* Digits(char* end, u64 value, u32 base) {
  do {
    u32 digit;
    value = Divide(value, base, &digit);
    *--end = "0123456789abcdef"[digit];
  } while (value);
  return end;
}

static void Pad(PutChar put, void* context, char c, int count) {
  while (count-- > 0) put(context, c);
}

static void PutField(PutChar put, void* context, const char* text, int length, int width,
                     bool left, char fill) {
  if (!left) Pad(put, context, fill, width - length);
  for (int i = 0; i < length; ++i) put(context, text[i]);
  if (left) Pad(put, context, ' ', width - length);
}

void FormatText(PutChar put, void* context, const char* format, va_list args) {
  for (; *format; ++format) {
    if (*format != '%') {
      put(context, *format);
      continue;
    }
    bool left = false, wide = false;
    char fill = ' ';
    int width = 0;
    if (*++format == '-') left = true, ++format;
    if (*format == '0') fill = '0', ++format;
    while (*format >= '0' && *format <= '9') width = width * 10 + (*format++ - '0');
    if (*format == 'L') wide = true, ++format;

    char buffer[24];
    char* end = buffer + sizeof(buffer);
    char* start = end;
    switch (*format) {
      case 'c':
        *--start = (char)va_arg(args, int);
        break;
      case 's': {
        const char* text = va_arg(args, const char*);
        PutField(put, context, text, (int)StringLength(text), width, left, ' ');
        continue;
      }
      case 'd': {
        i32 value = va_arg(args, i32);
        start = Digits(end, value < 0 ? 0u - (u32)value : (u32)value, 10);
        if (value < 0) *--start = '-';
        break;
      }
      case 'u':
      case 'x':
        start = Digits(end, wide ? va_arg(args, u64) : va_arg(args, u32),
                       *format == 'u' ? 10 : 16);
        break;
      case '\0':
        return;
      default:
        *--start = *format;
    }
    PutField(put, context, start, (int)(end - start), width, left, fill);
  }
}
