#include "image.h"

enum {
  kDebugConsole = 0xe9,
  kSerialData = 0x3f8,
  kSerialLineControl = 0x3fb,
  kSerialEightBits = 0x03,
  kSerialStatus = 0x3fd,
  kSerialReady = 0x20,
  kSerialIdle = 0x40,
  kDebugExit = 0xf4,      /* lgx, and QEMU with isa-debug-exit */
  kShutdownPort = 0x8900, /* Bochs: the letters of "Shutdown" */
  kPassed = 0x10,
  kFailed = 0x11,
};

static void PrintByte(u8 byte) {
  Out8(kDebugConsole, byte);
  while ((In8(kSerialStatus) & kSerialReady) == 0) {
  }
  Out8(kSerialData, byte);
}

void PrintText(const char* text) {
  for (; *text != 0; ++text) PrintByte((u8)*text);
}

void PrintHex(u32 value) {
  for (int shift = 28; shift >= 0; shift -= 4) {
    PrintByte((u8) "0123456789abcdef"[value >> shift & 15]);
  }
}

/* Without a 64-bit division, which would need a library. */
void PrintDecimal(u64 value) {
  char digits[21];
  int at = 20;
  digits[at] = 0;
  do {
    u32 low = (u32)value, high = (u32)(value >> 32);
    const u32 high_rest = high % 10;
    high /= 10;
    u32 rest;
    __asm__("divl %4" : "=a"(low), "=d"(rest) : "a"(low), "d"(high_rest), "r"(10u));
    value = (u64)high << 32 | low;
    digits[--at] = (char)('0' + rest);
  } while (value != 0);
  PrintText(digits + at);
}

_Noreturn static void End(u8 status) {
  while ((In8(kSerialStatus) & kSerialIdle) == 0) {
  }
  Out8(kDebugExit, status);
  for (const char* letter = "Shutdown"; *letter != 0; ++letter) {
    Out8(kShutdownPort, (u8)*letter);
  }
  while (1) __asm__ volatile("cli; hlt");
}

_Noreturn void Fail(const char* why) {
  PrintText(image_name);
  PrintText(" failed: ");
  PrintText(why);
  PrintText("\n");
  End(kFailed);
}

void RunImage(void) {
  Out8(kSerialLineControl, kSerialEightBits);
  const u64 start = ReadTsc();
  const struct Result result = BenchMain();
  const u64 ticks = ReadTsc() - start;
  PrintText(image_name);
  PrintText(" checksum ");
  PrintHex(result.checksum);
  PrintText(" events ");
  PrintDecimal(result.events);
  PrintText("\ntsc ");
  PrintDecimal(ticks);
  PrintText("\n");
  End(kPassed);
}
