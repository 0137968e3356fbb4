#include "kernel/line_editor.h"

#include "common/text.h"
#include "kernel/console.h"

enum {
  kCtrlC = 0x03,
  kCtrlD = 0x04,
  kBackspace = 0x08,
  kCtrlU = 0x15,
  kEscape = 0x1b,
  kDelete = 0x7f,
};

static char line[128];  // being typed
static u32 length;

// Lines, each with its '\n'; kCtrlD alone is the end of input.
static char finished[2048];
static u32 finished_in, finished_out;

// Function and arrow keys send an escape sequence: ESC [ ... letter. They mean nothing
// here.
static enum { kNoEscape, kAfterEscape, kInSequence } escape;

static void Echo(const char* text) { WriteConsole(text, StringLength(text)); }

static void Finish(const char* text, u32 size) {
  u32 room = sizeof(finished) - (finished_in - finished_out);
  if (size > room) return;  // nobody reads: lost
  for (u32 i = 0; i < size; ++i) finished[finished_in++ % sizeof(finished)] = text[i];
}

static bool SkipEscape(char key) {
  if (key == kEscape) {
    escape = kAfterEscape;
  } else if (escape == kAfterEscape) {
    escape = key == '[' || key == 'O' ? kInSequence : kNoEscape;
  } else if (escape == kInSequence) {
    if (key >= '@' && key <= '~') escape = kNoEscape;
  } else {
    return false;
  }
  return true;
}

enum KeyResult EditLine(char key) {
  if (SkipEscape(key)) return kOrdinaryKey;
  switch (key) {
    case '\r':
    case '\n':
      Echo("\n");
      line[length++] = '\n';
      Finish(line, length);
      length = 0;
      break;
    case kBackspace:
    case kDelete:
      if (length > 0) --length, Echo("\b \b");
      break;
    case kCtrlU:
      for (; length > 0; --length) Echo("\b \b");
      break;
    case kCtrlC:
      Echo("^C");
      length = 0;
      return kInterruptKey;
    case kCtrlD:
      if (length == 0) Finish(&key, 1);
      break;
    default:
      if ((u8)key < ' ' || length + 1 >= sizeof(line)) break;
      line[length++] = key;
      WriteConsole(&key, 1);
  }
  return kOrdinaryKey;
}

int TakeLine(char* buffer, u32 size) {
  if (finished_in == finished_out) return -1;
  u32 count = 0;
  while (count < size && finished_in != finished_out) {
    char c = finished[finished_out++ % sizeof(finished)];
    if (c == kCtrlD) break;
    buffer[count++] = c;
    if (c == '\n') break;
  }
  return (int)count;
}
