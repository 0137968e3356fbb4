// Rights that a run gives up once its files are open (user-interface section 3,
// --sandbox). What lies between a Guest and the host system is this program; if it had a
// hole, there should be nothing to gain behind it.
#ifndef LGX_TOOLS_SANDBOX_H_
#define LGX_TOOLS_SANDBOX_H_

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "tools/options.h"

namespace lgx {

// What the process keeps besides the files it has open. Paths that do not exist are
// passed over.
struct SandboxRights {
  std::vector<std::string> read;    // files, for a Guest that is booted again
  std::vector<std::string> write;   // no regular files (a pipe, a terminal)
  std::vector<std::string> create;  // folders: files appear there, or are replaced
  std::vector<std::string> remove;  // folders: a socket's name goes
  bool network = false;             // new sockets
};

// Those that a run of these machines, its Guests' in their order, still needs behind the
// first instruction.
SandboxRights RightsOf(const CommandLine& line, std::span<const MachineConfig> configs);

// Can this host system do it? If not: why, and what to do.
Status CheckSandbox();

// From now on, and for ever: no program is started, no other process looked into, no
// file opened but by `rights`, no socket made without `network`. It cannot be called
// twice with different rights. Fails where CheckSandbox() does.
Status EnterSandbox(const SandboxRights& rights);

// What --sandbox says about one run, as an object: Plan() before anything is opened,
// Enter() when all is.
class Sandbox {
 public:
  // Refuses --sandbox on where it cannot be.
  static StatusOr<Sandbox> Plan(const CommandLine& line,
                                std::span<const MachineConfig> configs);
  // At every boot; the first time counts. Fails only where --sandbox on was said.
  Status Enter();

 private:
  SandboxRights rights_;
  bool wanted_ = false;
  bool forced_ = false;  // by --sandbox on: no run without it
};

}  // namespace lgx

#endif  // LGX_TOOLS_SANDBOX_H_
