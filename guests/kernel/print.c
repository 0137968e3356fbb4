#include "kernel/print.h"

#include "common/text.h"
#include "kernel/console.h"

struct Line {
  char text[128];
  u32 length;
};

static void PutInLine(void* context, char c) {
  struct Line* line = context;
  line->text[line->length++] = c;
  if (line->length == sizeof(line->text)) {
    WriteConsole(line->text, line->length);
    line->length = 0;
  }
}

void Print(const char* format, ...) {
  struct Line line = {.length = 0};
  va_list args;
  va_start(args, format);
  FormatText(PutInLine, &line, format, args);
  va_end(args);
  WriteConsole(line.text, line.length);
}
