// What a gdb session needs of the thing that is debugged. GdbMachine is the real one;
// tests and the fuzzer have their own.
#ifndef LGX_DEBUG_GDB_TARGET_H_
#define LGX_DEBUG_GDB_TARGET_H_

#include <span>
#include <string>
#include <string_view>

#include "base/types.h"

namespace lgx {

struct GdbStop {
  enum class Why : u8 {
    kTrap,         // a step, or nothing yet
    kInterrupted,  // Ctrl-C
    kSoftwareBreakpoint,
    kHardwareBreakpoint,
    kWrite,  // watchpoints; `address` is what was watched
    kRead,
    kAccess,
    kHistoryBegin,  // going back came to the start of the recording
    kExited,        // with `code`
  };
  Why why = Why::kTrap;
  u64 address = 0;
  int code = 0;
};

struct GdbResume {
  enum class Kind : u8 { kContinue, kStep, kStepRange, kReverseStep, kReverseContinue };
  Kind kind = Kind::kContinue;
  u64 from = 0, to = 0;  // kStepRange: until EIP is outside of [from, to)
};

class GdbTarget {
 public:
  virtual ~GdbTarget() = default;

  // All registers in the protocol's order (gdb_registers.h).
  virtual std::string ReadRegisters() = 0;
  // False: it cannot be written, now or at all.
  virtual bool WriteRegister(u32 number, std::span<const u8> value) = 0;
  // How many bytes could be read.
  virtual u32 ReadMemory(u64 at, std::span<u8> to) = 0;
  virtual bool WriteMemory(u64 at, std::span<const u8> from) = 0;

  // Type as in the packets Z0 ... Z4: software and hardware breakpoint; watchpoint for
  // writes, reads, both. False: refused. A second one of the same kind is no other one.
  virtual bool Insert(u32 type, u64 at, u32 len) = 0;
  virtual bool Remove(u32 type, u64 at, u32 len) = 0;

  // Runs, and returns when it has stopped. The session's owner sees to Ctrl-C.
  virtual GdbStop Resume(const GdbResume& how) = 0;
  virtual GdbStop LastStop() = 0;
  // Are kReverseStep and kReverseContinue possible?
  virtual bool CanReverse() = 0;

  // For `info threads`: whose code it is.
  virtual std::string ThreadName() = 0;
  // The text that `monitor COMMAND` shows.
  virtual std::string Monitor(std::string_view command) = 0;
};

}  // namespace lgx

#endif  // LGX_DEBUG_GDB_TARGET_H_
