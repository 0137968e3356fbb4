// A Machine as gdb sees it.
//
// gdb knows the Guest: where the machine stands in the Host, the registers are those with
// which the Guest goes on, and a step is one of the Guest's. Breakpoints never touch its
// memory. What can be written is the Guest's memory and its general, x87 and SSE
// registers; all else is shown only.
#ifndef LGX_DEBUG_GDB_MACHINE_H_
#define LGX_DEBUG_GDB_MACHINE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "debug/gdb_registers.h"
#include "debug/gdb_target.h"
#include "debug/reverse.h"
#include "debug/run_control.h"

namespace lgx {

class GdbMachine final : public GdbTarget {
 public:
  struct Options {
    // What the run's end means as an exit code.
    std::function<int(const Ending&)> exit_code;
    ReverseExecution* reverse = nullptr;  // null: there is no way back
    // Answers commands of `monitor` that this class does not know; may be null.
    std::function<std::string(std::string_view)> commands;
  };

  // All of it outlives this.
  GdbMachine(RunControl& control, Options options);
  // Takes its breakpoints away.
  ~GdbMachine() override;

  std::string ReadRegisters() override;
  bool WriteRegister(u32 number, std::span<const u8> value) override;
  u32 ReadMemory(u64 at, std::span<u8> to) override;
  bool WriteMemory(u64 at, std::span<const u8> from) override;
  bool Insert(u32 type, u64 at, u32 len) override;
  bool Remove(u32 type, u64 at, u32 len) override;
  GdbStop Resume(const GdbResume& how) override;
  GdbStop LastStop() override { return last_; }
  bool CanReverse() override { return options_.reverse != nullptr; }
  std::string ThreadName() override;
  std::string Monitor(std::string_view command) override;

  // Somebody has attached: the Guest is brought to a place where it can be looked at.
  void Attach();

 private:
  struct PointKey {
    u32 type;
    Space space;
    u64 at;
    u32 len;
    auto operator<=>(const PointKey&) const = default;
  };

  GdbGeneral General() const;
  u32 GuestCpl() const;
  GdbStop Translate(const StopReport& report);
  const StopReport& StepRange(u64 from, u64 to);
  GdbStop Back(GdbResume::Kind kind);
  std::string ShowSpace(std::string_view name);
  std::string ShowStep(std::string_view what);
  std::string ShowStop();
  std::string ShowStats();

  RunControl& control_;
  Options options_;
  std::map<PointKey, u32> points_;  // ids of places
  Space space_ = Space::kLinear;
  bool step_all_ = false;
  GdbStop last_;
};

}  // namespace lgx

#endif  // LGX_DEBUG_GDB_MACHINE_H_
