#include "kernel/programs.h"

#include "common/text.h"

extern const struct Program program_table[];

const struct Program* FindProgram(const char* name) {
  for (const struct Program* program = program_table; program->name; ++program) {
    if (StringEqual(program->name, name)) return program;
  }
  return NULL;
}
