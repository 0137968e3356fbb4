// The table of commands and options (user-interface sections 2, 3, 11; guest-03 A1).
#ifndef LGX_TOOLS_OPTION_TABLE_H_
#define LGX_TOOLS_OPTION_TABLE_H_

#include <span>
#include <string_view>

#include "tools/options.h"

namespace lgx {

struct CommandSpec {
  Command command;
  const char* name;
  const char* synopsis;  // what follows the name
  const char* summary;
};

enum class Takes : u8 {
  kNothing,
  kValue,
  kMaybeValue,  // only with "="
};

using CommandSet = u32;
constexpr CommandSet SetOf(Command command) {
  return u32{1} << static_cast<u32>(command);
}

struct OptionSpec {
  const char* name;  // without the dashes
  char letter;       // 0: none
  CommandSet commands;
  Takes takes;
  const char* value;  // what help calls the value
  const char* help;
  // What the option does: sets the value at a path of MachineConfig, or calls `apply`. An
  // option without value sets `path` to `fixed`.
  const char* path;
  const char* fixed;
  Status (*apply)(std::string_view value, CommandLine* line);
  // Not null: known by name, but refused with this sentence.
  const char* refusal;
};

std::span<const CommandSpec> Commands();
std::span<const OptionSpec> Options();

const CommandSpec& SpecOf(Command command);

// The value of --log and LGX_LOG: LEVEL[:FILE].
Status ApplyLog(std::string_view value, CommandLine* line);

}  // namespace lgx

#endif  // LGX_TOOLS_OPTION_TABLE_H_
