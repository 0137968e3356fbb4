// lgx schema: the schema of config files.
#include <cstdio>

#include "machine/config_file.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"

namespace lgx {

int CmdSchema() {
  std::fputs(ConfigSchema().c_str(), stdout);
  return kExitOk;
}

}  // namespace lgx
