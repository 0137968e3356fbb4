// Serves gdb over a socket while a Machine runs.
//
// Nobody spins: the machine looks for gdb every few million instructions and whenever it
// sleeps; while gdb holds it, the program sleeps until gdb says something, or a signal or
// an escape key ends the run. What is typed at the console meanwhile is not touched, so
// the Guest reads it later.
#ifndef LGX_DEBUG_GDB_SERVER_POSIX_H_
#define LGX_DEBUG_GDB_SERVER_POSIX_H_

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/types.h"
#include "debug/gdb_machine.h"
#include "debug/gdb_session.h"
#include "devices/console_backend.h"
#include "machine/elf_symbols.h"
#include "machine/machine.h"

namespace lgx {

class GdbServer {
 public:
  struct Options {
    bool wait = false;  // for the first gdb, before the first instruction
    const SymbolTable* symbols = nullptr;
    GdbMachine::Options machine;
    // When the first gdb attaches: what it may do besides. What comes back is kept as
    // long as the RunControl. May be null.
    std::function<std::shared_ptr<void>(RunControl&, GdbMachine::Options*)> equip;
  };

  // "[HOST:]PORT", loopback unless HOST says else, port 0 for any that is free; or the
  // path of a Unix socket, which has a slash in it.
  static StatusOr<std::unique_ptr<GdbServer>> Listen(std::string_view where);
  ~GdbServer();
  GdbServer(const GdbServer&) = delete;
  GdbServer& operator=(const GdbServer&) = delete;

  // What to type at gdb: "target remote localhost:1234".
  std::string TargetLine() const;

  // Runs `machine` to its end; whoever attaches meanwhile gets it. `console` is the
  // machine's own, which must be wrapped with Wake().
  void Run(Machine& machine, ConsoleBackend& console, const Options& options);

  // The same console, whose waits end when gdb wants something.
  std::unique_ptr<ConsoleBackend> Wake(ConsoleBackend& console);

 private:
  class WakingConsole;

  GdbServer(int listener, std::string path, std::string target_line)
      : listener_(listener), path_(std::move(path)), target_(std::move(target_line)) {}

  WaitFd Wanted() const;
  bool Ready() const;
  bool Poll();
  void Accept();
  void Hangup();
  bool WaitFor(Machine& machine, ConsoleBackend& console);
  void Serve(RunControl& control, ConsoleBackend& console,
             const GdbMachine::Options& options);
  void Talk(GdbMachine& target, Machine& machine, ConsoleBackend& console);
  void Send(std::string_view bytes);

  int listener_;
  int client_ = -1;
  std::string path_;  // of a Unix socket, to be removed
  std::string target_;
  Machine* running_ = nullptr;
  GdbSession* session_ = nullptr;
};

}  // namespace lgx

#endif  // LGX_DEBUG_GDB_SERVER_POSIX_H_
