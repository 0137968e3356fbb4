// The table behind a machine's values: one row gives --set, `check --print`, the keys of
// a config file and the schema. For config*.cc and the schema; everybody else uses
// config.h.
#ifndef LGX_MACHINE_CONFIG_TABLE_H_
#define LGX_MACHINE_CONFIG_TABLE_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "machine/config.h"

namespace lgx {

// How a value is written in a file. All of them can also be written as text, as in --set.
enum class Form : u8 {
  kText,     // a string
  kEscaped,  // a string; as text with \n and the like
  kTexts,    // a list of strings; as text with a space between them
  kPath,     // the name of a file, relative to the config file's folder
  kConsole,  // kChoice, or "file=" or "socket=" and a kPath
  kSwitch,   // true or false; as text on, off
  kChoice,   // one of `choices`; true and false where on and off are among them
  kNumber,   // an integer; as text perhaps 0x...
  kAmount,   // an integer, or text with a unit; `choices` shows one
};

struct ValueSpec {
  const char* path;
  Form form;
  const char* choices;  // "auto|on|off" of kChoice, an example of kAmount, else null
  bool may_be_none;     // "none", in a file null, takes the value away
  const char* about;
  Status (*set)(std::string_view text, MachineConfig* config);
  std::string (*get)(const MachineConfig& config);
};

// A value of a list's element.
struct ItemSpec {
  const char* key;
  Form form;
  const char* choices;
  bool may_be_none;
  const char* about;
  Status (*set)(std::string_view text, MachineConfig* config, size_t index);
  std::string (*get)(const MachineConfig& config, size_t index);
};

struct ListSpec {
  const char* path;  // "devices.block"
  const char* about;
  const char* required;  // the key that no element can be without
  std::span<const ItemSpec> items;
  size_t (*size)(const MachineConfig& config);
  void (*add)(MachineConfig* config);
  void (*clear)(MachineConfig* config);
};

std::span<const ValueSpec> ConfigValues();
std::span<const ListSpec> ConfigLists();

// "devices.block[2].ro" taken apart. Nothing if no list has such a path.
struct ItemPath {
  const ListSpec* list;
  size_t index;
  std::string_view key;
};
std::optional<ItemPath> SplitItemPath(std::string_view path);

// --- what the tables' rows are made of
// ---------------------------------------------------------

Status NotOneOf(std::string_view value, const char* choices);
Status AssignBool(std::string_view value, bool* to);
std::string SwitchText(bool value);
std::vector<std::string> SplitAt(char separator, std::string_view text);

}  // namespace lgx

#endif  // LGX_MACHINE_CONFIG_TABLE_H_
