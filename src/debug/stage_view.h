// One stage of a crossing, as what it has changed (user-interface section 8).
#ifndef LGX_DEBUG_STAGE_VIEW_H_
#define LGX_DEBUG_STAGE_VIEW_H_

#include <array>
#include <optional>
#include <string>

#include "cpu/cpu.h"
#include "mmu/shadow_tables.h"
#include "switcher/crossing_port.h"
#include "switcher/stages.h"

namespace lgx {

// The parts a stage can touch. All of them outlive the view.
struct StageWorld {
  Cpu& cpu;
  const ShadowTables& shadow;
  const SwitcherPages& pages;
  Mpa host_root;
  Mfn regs_page;  // the VCPU's
};

// All that the Switcher ever changes, at one moment.
struct StageSnapshot {
  static constexpr u32 kStackWords = 18;  // struct lguest_regs, which is the most

  // What the page tables in use say of one address.
  struct Mapping {
    std::optional<Mfn> frame;
    bool writable = false;
    friend bool operator==(const Mapping&, const Mapping&) = default;
  };

  std::array<u32, 8> regs{};
  u32 eip = 0;
  u32 eflags = 0;
  std::array<u16, kSegments> selectors{};
  TableRegister gdtr, idtr;
  u16 tr = 0;
  u32 tr_base = 0;
  u32 cr3 = 0;
  u8 cpl = 0;
  Mapping under_esp;
  Mapping state_page;
  u32 host_sp = 0;
  bool host_tss_busy = false;
  bool guest_tss_busy = false;
  std::array<u32, kStackWords> stack{};  // from ESP up; zeros where nothing is mapped
};

// Changes nothing.
StageSnapshot TakeStageSnapshot(const StageWorld& world);

// "crossing 7  Host -> Guest  stage 8/12  CR3 ... (host-02, section 6)".
std::string StageHeading(u64 crossing, Stage stage, u32 vector);

// A line for each thing that changed.
std::string DescribeStageChanges(const StageWorld& world, const StageSnapshot& before,
                                 const StageSnapshot& after);

}  // namespace lgx

#endif  // LGX_DEBUG_STAGE_VIEW_H_
