// The Launcher's answer to a trap that the Host handed up: acts out the instruction on
// the PCI bus, or gives the trap back to the Guest (guest-04 section 5.3).
//
// Which traps come back?
//   anything but the instructions of guest_insn.h
//   a port instruction of ring 3
//   an access to device memory that crosses a page, or that began on another one
#ifndef LGX_MACHINE_TRAP_EMULATOR_H_
#define LGX_MACHINE_TRAP_EMULATOR_H_

#include <span>

#include "devices/pci_bus.h"
#include "devices/violation.h"
#include "hypercalls/lguest_file.h"
#include "machine/guest_insn.h"

namespace lgx {

class TrapEmulator {
 public:
  // Both outlive it. `task` is the one that reads from `file`.
  TrapEmulator(LguestFile& file, TaskId task, PciBus& bus)
      : file_(&file), task_(task), bus_(&bus) {}

  // `pending` is a struct lguest_pending, which read() has just given. The violation may
  // be a device's, or say that the Guest has no handler for its trap.
  [[nodiscard]] MaybeViolation Handle(std::span<const u8> pending);

 private:
  u32 Get(u32 reg) const;
  void Set(u32 reg, u32 value);
  void Skip(u32 length);
  u32 AddressOf(const MovInsn& insn) const;

  // False: the trap is the Guest's own.
  bool ActPort(const PortInsn& insn, MaybeViolation* bad);
  bool ActMov(const MovInsn& insn, u32 addr, MaybeViolation* bad);
  u32 ReadPort(u16 port, u32 width);
  [[nodiscard]] MaybeViolation WritePort(u16 port, u32 width, u32 value);
  void Load(const MovInsn& insn, u32 value);
  u32 StoredValue(const MovInsn& insn) const;
  [[nodiscard]] MaybeViolation GiveBack(u32 trap);

  LguestFile* file_;
  TaskId task_;
  PciBus* bus_;
};

}  // namespace lgx

#endif  // LGX_MACHINE_TRAP_EMULATOR_H_
