#include "kernel/file.h"

#include "common/syscalls.h"
#include "kernel/console.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/process.h"
#include "kernel/scheduler.h"

// A pipe is one page: this, and the rest of the page for the bytes on their way.
struct Pipe {
  u32 readers, writers;  // open descriptors
  u32 read, written;     // bytes since the beginning
  char bytes[2048];
};

bool OpenPipe(struct File* reader, struct File* writer) {
  u32 page = AllocateZeroedPage();
  if (!page) return false;
  struct Pipe* pipe = PtrOf(page);
  pipe->readers = pipe->writers = 1;
  *reader = (struct File){kPipeReader, pipe};
  *writer = (struct File){kPipeWriter, pipe};
  return true;
}

static int ReadPipe(struct Pipe* pipe, char* buffer, u32 size) {
  while (pipe->read == pipe->written) {
    if (pipe->writers == 0 || current->killed) return 0;
    WaitOn(pipe);
  }
  u32 count = 0;
  for (; count < size && pipe->read != pipe->written; ++count) {
    buffer[count] = pipe->bytes[pipe->read++ % sizeof(pipe->bytes)];
  }
  WakeUp(pipe);
  return (int)count;
}

static int WritePipe(struct Pipe* pipe, const char* buffer, u32 size) {
  for (u32 count = 0; count < size; ++count) {
    while (pipe->written - pipe->read == sizeof(pipe->bytes)) {
      if (pipe->readers == 0 || current->killed) return kErrPipe;
      WakeUp(pipe);
      WaitOn(pipe);
    }
    if (pipe->readers == 0) return kErrPipe;
    pipe->bytes[pipe->written++ % sizeof(pipe->bytes)] = buffer[count];
  }
  WakeUp(pipe);
  return (int)size;
}

int ReadFile(struct File* file, char* buffer, u32 size) {
  if (file->kind == kConsole) return ReadConsole(buffer, size);
  if (file->kind == kPipeReader) return ReadPipe(file->pipe, buffer, size);
  return kErrBadFd;
}

int WriteFile(struct File* file, const char* buffer, u32 size) {
  if (file->kind == kPipeWriter) return WritePipe(file->pipe, buffer, size);
  if (file->kind != kConsole) return kErrBadFd;
  WriteConsole(buffer, size);
  return (int)size;
}

void ShareFile(struct File* file) {
  if (file->kind == kPipeReader) ++file->pipe->readers;
  if (file->kind == kPipeWriter) ++file->pipe->writers;
}

void CloseFile(struct File* file) {
  struct Pipe* pipe = file->pipe;
  if (file->kind == kPipeReader) --pipe->readers;
  if (file->kind == kPipeWriter) --pipe->writers;
  *file = (struct File){kNoFile, NULL};
  if (!pipe) return;
  WakeUp(pipe);  // the other end learns of it
  if (pipe->readers + pipe->writers == 0) ReleasePage(PhysOf(pipe));
}
