// The `mem` events of a trace: one for each access to data, with the bytes.
#ifndef LGX_MACHINE_MEM_TRACE_H_
#define LGX_MACHINE_MEM_TRACE_H_

#include <string>
#include <vector>

#include "base/trace.h"
#include "machine/insn_trace.h"
#include "mmu/guest_view.h"

namespace lgx {

// An event is called after the place of its instruction and what is done, "kernel read".
// It says where: linear, and guest-physical if that is the Guest's memory, else machine.
// Up to eight bytes are a number, more are its text in hex. An access that faults makes
// none. What the Host's C++ and the devices do is no access of the processor.
class MemTrace final : public StepObserver, private AccessObserver {
 public:
  // All of them outlive it. `guest` is where the Guest's memory is in the machine's.
  MemTrace(Cpu& cpu, const Trace& trace, const SwitcherText& switcher, GuestView guest);
  ~MemTrace() override;
  MemTrace(const MemTrace&) = delete;
  MemTrace& operator=(const MemTrace&) = delete;

  void BeforeStep(Cpu& cpu) override;
  void AfterStep(Cpu& cpu) override;

 private:
  struct Access {
    bool write;
    bool open;  // what is written is known behind the instruction
    Lin at;
    Mpa machine;
    std::vector<u8> bytes;
  };

  void OnData(DataAccess kind, Lin at, std::span<const u8> bytes) override;
  void Tell(const Access& access) const;

  Cpu& cpu_;
  const Trace& trace_;
  const SwitcherText& switcher_;
  const GuestView guest_;
  bool stepping_ = false;  // nobody asked for what the processor does outside of steps
  u32 eip_ = 0;
  u32 cpl_ = 0;
  Lin insn_;
  std::vector<Access> accesses_;  // of this step
};

}  // namespace lgx

#endif  // LGX_MACHINE_MEM_TRACE_H_
