// What a command is about to write, held against what it reads: a word in the wrong place
// must not cost anybody a kernel or a disk.
#ifndef LGX_TOOLS_OUTPUT_GUARD_H_
#define LGX_TOOLS_OUTPUT_GUARD_H_

#include <span>
#include <string>

#include "base/status.h"
#include "base/types.h"
#include "tools/options.h"

namespace lgx {

// A file that the command reads, or keeps its own data in.
struct InputFile {
  std::string what;  // "the kernel"
  std::string path;  // empty: there is none
};

// What an output may take the place of, beside files that are no images.
enum class MayReplace : u8 { kNoImage, kCore, kImage };

// A file that an option names for the command to write.
struct OutputFile {
  std::string option;  // "--stats"
  std::string path;    // empty: there is none
  MayReplace may_replace = MayReplace::kNoImage;
};

// Refuses a file that is one of `inputs`, under whatever name, or an ELF image or a
// bzImage. What does not exist or is no regular file (a pipe, a terminal) is fine.
Status GuardOutput(const OutputFile& output, std::span<const InputFile> inputs);

// The same for every output that a command line and its config files name. To be called
// before anything is written.
Status GuardOutputs(const CommandLine& line);

}  // namespace lgx

#endif  // LGX_TOOLS_OUTPUT_GUARD_H_
