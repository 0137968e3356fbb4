// What a descriptor can stand for: the console, or one end of a pipe.
#ifndef GUEST_KERNEL_FILE_H_
#define GUEST_KERNEL_FILE_H_

#include "common/types.h"

enum FileKind { kNoFile, kConsole, kPipeReader, kPipeWriter };

struct Pipe;

struct File {
  enum FileKind kind;
  struct Pipe* pipe;
};

// The buffers belong to the current program and have been prepared (PrepareAccess).
int ReadFile(struct File* file, char* buffer, u32 size);
int WriteFile(struct File* file, const char* buffer, u32 size);
void CloseFile(struct File* file);
// Another descriptor stands for the same thing.
void ShareFile(struct File* file);

// Makes both ends of a new pipe. False if memory is short.
bool OpenPipe(struct File* reader, struct File* writer);

#endif  // GUEST_KERNEL_FILE_H_
