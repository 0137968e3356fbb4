// The processor shows an inspector what it asked for, stops behind the very instruction,
// and computes the same.
#include <gtest/gtest.h>

#include <vector>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kData = CpuMachine::kData;

// Stops at everything and keeps a list.
class Inspector final : public CpuInspector {
 public:
  struct Access {
    u32 at;
    u32 len;
    bool write;
    friend bool operator==(const Access&, const Access&) = default;
  };
  bool BeforeInstruction(Lin lin) override {
    if (lin.value == pass) {
      pass = 0;
      return false;
    }
    code.push_back(lin.value);
    pass = lin.value;
    return true;
  }
  bool OnAccess(Lin at, u32 len, bool write) override {
    data.push_back({at.value, len, write});
    return true;
  }
  bool OnStore(Mpa at, const u8*, u32 len) override {
    stores.push_back({static_cast<u32>(at.value), len, true});
    return true;
  }
  bool OnEvent(const Event& event) override {
    vectors.push_back(event.fault.vector);
    return true;
  }

  u32 pass = 0;  // the instruction that it stands at
  std::vector<u32> code;
  std::vector<Access> data;
  std::vector<Access> stores;
  std::vector<u8> vectors;
};

class InspectTest : public CpuTest {
 protected:
  // EIP at each stop until the program halts.
  std::vector<u32> Stops() {
    std::vector<u32> stops;
    for (u32 i = 0; i < 1000; ++i) {
      const StopReason why = m.Run(10'000);
      if (why == StopReason::kHalt) return stops;
      EXPECT_EQ(why, StopReason::kInspect);
      stops.push_back(m.eip());
    }
    return stops;
  }
  Inspector inspector;
};

TEST_P(InspectTest, ABlockIsCutWhereABreakpointIs) {
  // mov ecx, 5; L: inc eax; inc eax; dec ecx; jnz L; hlt
  Code code(kCode);
  code.MovImm(kEcx, 5);
  const u32 loop = code.Here();
  code.Inc(kEax).Inc(kEax).Dec(kEcx).Jnz(loop).Hlt();
  m.Start(code);
  m.eax() = 0;
  InspectionPlan plan;
  plan.code.set((loop + 1) & kPageMask);
  m.cpu.Inspect(&inspector, plan);
  const std::vector<u32> stops = Stops();
  EXPECT_EQ(stops, std::vector<u32>(5, loop + 1));
  EXPECT_EQ(m.eax(), 10u);
  EXPECT_EQ(m.cpu.retired(), 1u + 5 * 4 + 1);
  m.cpu.Inspect(nullptr, {});
  m.Start(code);
  m.cpu.state.halted = false;
  m.eax() = 0;
  EXPECT_TRUE(Stops().empty());
  EXPECT_EQ(m.eax(), 10u);
}

TEST_P(InspectTest, AnAccessToAHiddenPageStopsBehindItsInstruction) {
  Code code(kCode);
  code.Nop().StoreLong(kData + 8, 1);
  const u32 behind_store = code.Here();
  code.Nop().LoadEax(kData + 8);
  const u32 behind_load = code.Here();
  code.Nop(3).StoreLong(kData + 0x2000, 2).Hlt();
  for (const bool reads : {true, false}) {
    m.Start(code);
    m.cpu.state.halted = false;
    inspector.data.clear();
    InspectionPlan plan;
    plan.pages.push_back({Lin(kData), reads});
    m.cpu.Inspect(&inspector, plan);
    std::vector<u32> expected = {behind_store};
    if (reads) expected.push_back(behind_load);
    EXPECT_EQ(Stops(), expected) << reads;
    EXPECT_EQ(inspector.data[0], (Inspector::Access{kData + 8, 4, true}));
  }
}

TEST_P(InspectTest, PushesCallsAndStringsAreSeenToo) {
  Code code(kCode);
  code.Bytes({0x50});  // push eax
  const u32 behind_push = code.Here();
  code.Call(code.Here() + 5 + 1);  // over the hlt
  const u32 halt = code.Here();
  code.Hlt();
  const u32 target = code.Here();
  code.Ret();
  m.Start(code);
  m.esp() = kData + 0x100;
  InspectionPlan plan;
  plan.pages.push_back({Lin(kData), true});
  m.cpu.Inspect(&inspector, plan);
  EXPECT_EQ(Stops(), (std::vector<u32>{behind_push, target, halt}));
}

TEST_P(InspectTest, AStoreByMachineAddressIsSeenWhoeverDoesIt) {
  Code code(kCode);
  code.StoreByte(kData + 3, 7);
  const u32 behind = code.Here();
  code.Nop(2).Hlt();
  m.Start(code);
  InspectionPlan plan;
  plan.frames.push_back(MfnOf(Mpa(kData)));
  m.cpu.Inspect(&inspector, plan);
  EXPECT_EQ(Stops(), std::vector<u32>{behind});
  m.PutLong(kData, 1);  // not the processor
  ASSERT_EQ(inspector.stores.size(), 2u);
  EXPECT_EQ(inspector.stores[1], (Inspector::Access{kData, 4, true}));
  m.cpu.Inspect(nullptr, {});
  m.PutLong(kData, 2);
  EXPECT_EQ(inspector.stores.size(), 2u);
}

TEST_P(InspectTest, AnEventStopsBeforeItsHandler) {
  m.Start(Code(kCode).Nop().Int(0x30).Hlt());
  InspectionPlan plan;
  plan.events = true;
  m.cpu.Inspect(&inspector, plan);
  EXPECT_EQ(Stops(), std::vector<u32>{CpuMachine::kHandlers + 16 * 0x30});
  EXPECT_EQ(inspector.vectors, std::vector<u8>{0x30});
}

TEST_P(InspectTest, AStopKeepsTheInterruptShadow) {
  // sti; inc eax; hlt, with an interrupt waiting: it comes behind inc, also where a
  // breakpoint on inc stops in between.
  m.Start(Code(kCode).Bytes({0xfb}).Inc(kEax).Hlt());
  InspectionPlan plan;
  plan.code.set((kCode + 1) & kPageMask);
  m.cpu.Inspect(&inspector, plan);
  ASSERT_TRUE(m.cpu.RaiseInterrupt(0x30));
  EXPECT_EQ(m.Run(100), StopReason::kInspect);
  EXPECT_EQ(m.eip(), kCode + 1);
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.Long(m.esp()), kCode + 2) << "interrupted behind inc";
}

LGX_FOR_ALL_BINDINGS(InspectTest);

}  // namespace
}  // namespace lgx
