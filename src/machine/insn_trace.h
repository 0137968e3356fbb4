// The `insn` events of a trace: one for each instruction, with the registers it changed.
#ifndef LGX_MACHINE_INSN_TRACE_H_
#define LGX_MACHINE_INSN_TRACE_H_

#include <array>
#include <string>

#include "base/trace.h"
#include "switcher/crossing.h"

namespace lgx {

// Whose instructions stand at `at` and run with `cpl`.
enum class InsnPlace : u8 { kUser, kKernel, kSwitcher, kHost };
InsnPlace PlaceOfInsn(const SwitcherText& switcher, u32 cpl, Lin at);

// In hex, with a space between two.
void AppendHexByte(u8 byte, std::string* out);

// An event is called "user", "kernel", "switcher" or "host", after the place of its
// instruction, and its text is the instruction's bytes in hex. A fault or interrupt that
// is delivered makes one called "event": the CPU does that and the first instruction
// behind the gate in one step.
class InsnTrace final : public StepObserver {
 public:
  // Both outlive it.
  InsnTrace(const Trace& trace, const SwitcherText& switcher)
      : trace_(trace), switcher_(switcher) {}

  void BeforeStep(Cpu& cpu) override;
  void AfterStep(Cpu& cpu) override;

 private:
  struct Registers {
    std::array<u32, 8> gpr{};
    u32 eip = 0;
    u32 eflags = 0;
    std::array<u32, 6> seg{};
    u32 cr0 = 0;
    u32 cr2 = 0;
    u32 cr3 = 0;
    u32 cpl = 0;
  };
  static Registers RegistersOf(const Cpu& cpu);
  void NoteBytes(Cpu& cpu);

  const Trace& trace_;
  const SwitcherText& switcher_;
  Registers before_;
  u32 linear_ = 0;
  u64 deliveries_ = 0;
  std::string bytes_;
};

}  // namespace lgx

#endif  // LGX_MACHINE_INSN_TRACE_H_
