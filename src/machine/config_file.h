// A machine from a file: JSON with comments (user-interface section 4).
//
// Keys are the dotted paths of config_table.h, one object for each part. `guests` is a
// list of such objects, for several Guests in one process; what stands beside it holds
// for each of them. Unknown and repeated keys are errors. Every error names the place
// twice:
//
//   machine.json:9:23: devices.block[0].overlay: "root.ovl" is the disk image itself. ...
#ifndef LGX_MACHINE_CONFIG_FILE_H_
#define LGX_MACHINE_CONFIG_FILE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "machine/config.h"

namespace lgx {

// A larger file is no description of a machine.
inline constexpr u64 kConfigFileLimit = u64{1} << 20;
inline constexpr int kConfigFileVersion = 1;

// Where values came from, by path: "machine.json:9", "--memory". A value that is not here
// is the program's default.
using ConfigOrigins = std::map<std::string, std::string, std::less<>>;

// A Guest behind the first.
struct FurtherConfig {
  MachineConfig config;
  ConfigOrigins origins;
};

// Puts the values of `text` into `config`, over what is there; a list of the file
// replaces the list that is there. `name` is the file's, for messages; file names in the
// text that are relative are relative to its folder. `origins` may be null. After an
// error `config` holds part of the values. Of several Guests `config` is the first, the
// others are appended to `further`; if that is null, several Guests are an error.
Status ReadConfigText(std::string_view text, const std::string& name,
                      MachineConfig* config, ConfigOrigins* origins,
                      std::vector<FurtherConfig>* further = nullptr);

// The same for a file.
Status ReadConfigFile(const std::string& path, MachineConfig* config,
                      ConfigOrigins* origins,
                      std::vector<FurtherConfig>* further = nullptr);

// The JSON schema of such files, for `lgx schema` and for editors; ends with a newline.
std::string ConfigSchema();

}  // namespace lgx

#endif  // LGX_MACHINE_CONFIG_FILE_H_
