// The bare machine: the same processor and memory without lguest, for programs that want
// a 32-bit PC and no operating system (user-interface section 11).
//
// It has RAM from 0, perhaps a ROM, and a few ports: text at 0xE9, a serial port that can
// transmit, a port that ends the run, a diagnostic port. No interrupt ever comes.
#ifndef LGX_MACHINE_BARE_H_
#define LGX_MACHINE_BARE_H_

#include <memory>
#include <optional>
#include <string>

#include "base/stats.h"
#include "base/status.h"
#include "cpu/cpu.h"
#include "devices/port_debug.h"
#include "devices/port_map.h"
#include "devices/port_serial.h"
#include "machine/bare_image.h"
#include "mmu/phys_memory.h"

namespace lgx {

struct BareSetup {
  u64 memory = u64{64} << 20;
  const CpuModel* model = &FullCpuModel();
  u16 debug_exit = 0xf4;
  std::optional<u16> post;
  // Never null; they outlive the machine.
  ByteSink* debugcon = nullptr;
  ByteSink* serial = nullptr;
  ByteSink* post_codes = nullptr;
};

enum class BareEnd : u8 {
  kHalted,       // HLT with interrupts off
  kAsleep,       // HLT with interrupts on: nothing will ever wake it
  kDebugExit,    // the program wrote to the debug exit port
  kTripleFault,  // a fault while a double fault was delivered
  kLimit,        // the given number of instructions was reached
};

class BareMachine final : private PortBus {
 public:
  static StatusOr<std::unique_ptr<BareMachine>> Create(const BareSetup& setup);
  ~BareMachine() override;

  // One of the two, once, before Run().
  //
  // A program: 32-bit protected mode, CPL 0, flat segments, paging and interrupts off,
  // EAX and EBX as multiboot has them. GDTR points to descriptors for the selectors in
  // use; IDTR is empty, so a program that faults before it has an IDT ends with a triple
  // fault.
  Status LoadProgram(const BareImage& image, const std::string& path);
  // A ROM that ends at 4 GiB, with a copy of its last 128 KiB (in RAM, so it can be
  // written) that ends at 1 MiB. The processor is as after a reset: real mode, F000:FFF0.
  Status LoadRom(Bytes rom, const std::string& path);

  // Until an end, or until `limit` instructions have retired in all.
  BareEnd Run(std::optional<u64> limit);

  // Of the last Run(): (V << 1) | 1 for kDebugExit.
  int debug_exit_status() const;
  std::optional<u8> last_post() const { return post_.last(); }
  Cpu& cpu() { return *cpu_; }
  PhysMemory& memory() { return *memory_; }
  void VisitStats(StatsVisitor& out) const;

 private:
  BareMachine(const BareSetup& setup, std::unique_ptr<PhysMemory> memory);

  StatusOr<u32> PlaceInfo(const BareImage& image, const std::string& path) const;
  void StartProgram(u32 entry, u32 info, u32 gdt);
  u32 In(u16 port, u32 bytes) override;
  void Out(u16 port, u32 bytes, u32 value) override;

  std::unique_ptr<PhysMemory> memory_;
  std::unique_ptr<Cpu> cpu_;
  DebugconPort debugcon_;
  SerialPort serial_;
  DebugExit exit_;
  PostPort post_;
  PortMap ports_;
};

}  // namespace lgx

#endif  // LGX_MACHINE_BARE_H_
