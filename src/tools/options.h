// The command line: one table gives parsing, help, and "did you mean".
#ifndef LGX_TOOLS_OPTIONS_H_
#define LGX_TOOLS_OPTIONS_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "machine/config.h"

namespace lgx {

enum class Command : u8 { kHelp, kRun, kLguest, kCheck, kVersion, kBare, kExecVectors };

// Where a run is to stop: `--until`.
struct StopPoint {
  enum class Kind : u8 { kEnd, kInstruction, kTime };
  Kind kind = Kind::kEnd;
  u64 value = 0;  // instructions, or virtual nanoseconds
};

// `bare`: a program on the emulated machine without lguest (user-interface section 11).
struct BareOptions {
  struct DumpRange {
    std::string name;
    u32 address = 0;
    u32 length = 0;
  };
  std::string image;
  std::string rom;  // instead of the image
  u64 memory = 64 * kMiB;
  const CpuModel* model = &FullCpuModel();
  std::optional<u32> load;
  std::optional<u32> entry;
  std::string debugcon = "-";  // file, or - for standard output
  std::string serial = "-";
  u16 debug_exit = 0xf4;
  std::optional<u16> post;
  std::optional<u64> max_instructions;
  std::string dump_on_halt;
  std::vector<DumpRange> dump_ranges;
  std::string stats;
};

// `exec-vectors`.
struct VectorOptions {
  std::string world;
  std::string file;
  std::vector<std::string> only;
  std::optional<u64> fail_limit;
  std::string dump;
};

struct CommandLine {
  Command command = Command::kHelp;
  bool help = false;  // --help, of `command`
  bool verbose = false;
  bool quiet = false;
  LogLevel log_level = LogLevel::kInfo;
  std::string log_file;
  enum class Color : u8 { kAuto, kAlways, kNever } color = Color::kAuto;

  MachineConfig config;  // run, lguest, check
  StopPoint until;
  bool list_abi = false;  // check
  bool print = false;     // check
  bool json = false;      // version
  BareOptions bare;
  VectorOptions vectors;
};

// `words` without the program's name. A program called `lguest` passes that word first.
// Errors are about the command line and end with the next step.
StatusOr<CommandLine> ParseCommandLine(std::span<const std::string> words);

// The help of one command; of the program for kHelp.
std::string HelpText(Command command);

}  // namespace lgx

#endif  // LGX_TOOLS_OPTIONS_H_
