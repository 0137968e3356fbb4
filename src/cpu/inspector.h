// What a debugger wants to see of the processor, without the program being able to tell.
//
// Nothing of the program is ever changed for it: no instruction is patched, no debug
// register is used. A breakpoint makes blocks end where it is, a watched page or frame
// has no tag in the TLB that an access could hit. With no inspector, or with an empty
// plan, the processor runs the same handlers as ever.
#ifndef LGX_CPU_INSPECTOR_H_
#define LGX_CPU_INSPECTOR_H_

#include <bitset>
#include <span>
#include <vector>

#include "base/types.h"
#include "mmu/tlb.h"

namespace lgx {

struct Event;

// Where the inspector is to be asked. Linear addresses are those of any address space.
struct InspectionPlan {
  std::bitset<kPageSize> code;    // page offsets of instructions to ask about
  std::vector<HiddenPage> pages;  // data accesses to ask about
  std::vector<Mfn> frames;        // stores by anyone to tell about
  bool events = false;            // tell about events
};

class CpuInspector {
 public:
  virtual ~CpuInspector() = default;

  // CS:EIP is at `lin`, whose page offset is in the plan; the instruction has not begun.
  // True: Run() returns kInspect before it.
  virtual bool BeforeInstruction(Lin lin) = 0;

  // The running instruction, or an event being delivered, is about to access data in a
  // page of the plan. It may still fault. True: Run() returns kInspect behind it.
  virtual bool OnAccess(Lin at, u32 len, bool write) = 0;

  // `len` bytes at `at`, in a frame of the plan, are about to become `bytes`; by the CPU,
  // by the Host's C++ or by a device. True: Run() returns kInspect behind the instruction
  // that did it, or before the next one.
  virtual bool OnStore(Mpa at, const u8* bytes, u32 len) = 0;

  // An event has gone through the IDT, with the plan's `events`. True: Run() returns
  // kInspect before the first instruction of its handler.
  virtual bool OnEvent(const Event& event) = 0;
};

// An access to data: of an instruction, of an event that is delivered, of the machinery
// of segments and tasks. Neither fetches nor what a page walk reads and sets.
enum class DataAccess : u8 {
  kRead,
  kWrite,
  kModify,  // a read; a write of as many bytes follows before the instruction is done
};

// Sees every such access of the processor. Looks only. With it each of them takes the way
// out of line; without it nothing changes.
class AccessObserver {
 public:
  virtual ~AccessObserver() = default;
  // It goes through: these are the bytes. Paging is that of the access, unless the very
  // store has changed it.
  virtual void OnData(DataAccess kind, Lin at, std::span<const u8> bytes) = 0;
};

}  // namespace lgx

#endif  // LGX_CPU_INSPECTOR_H_
