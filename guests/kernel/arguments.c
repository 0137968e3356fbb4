#include "kernel/arguments.h"

#include "common/text.h"
#include "kernel/layout.h"
#include "kernel/page_table.h"

bool CopyArguments(struct Arguments* arguments, char** argv) {
  arguments->count = arguments->size = 0;
  for (; argv[arguments->count]; ++arguments->count) {
    const char* argument = argv[arguments->count];
    u32 size = StringLength(argument) + 1;
    if (arguments->count == kMaxArguments) return false;
    if (size > kArgumentBytes - arguments->size) return false;
    memcpy(arguments->text + arguments->size, argument, size);
    arguments->size += size;
  }
  return true;
}

bool PlaceArguments(struct Arguments* arguments, struct AddressSpace* space) {
  // The space is not current, so its stack page is reached through the linear mapping.
  u32 page = USER_STACK_TOP - kPageSize;
  if (!ResolveFault(space, page, true)) return false;
  char* mapped = PtrOf(PhysOfEntry(*FindEntry(space->root, page)));
  u32 strings = USER_STACK_TOP - ((arguments->size + 3) & ~3u);
  memcpy(mapped + (strings - page), arguments->text, arguments->size);

  arguments->address = strings - (arguments->count + 1) * sizeof(u32);
  u32* argv = (u32*)(mapped + (arguments->address - page));
  const char* text = arguments->text;
  for (u32 i = 0; i < arguments->count; ++i) {
    argv[i] = strings + (u32)(text - arguments->text);
    text += StringLength(text) + 1;
  }
  argv[arguments->count] = 0;
  return true;
}
