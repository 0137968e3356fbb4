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

// Keeps a list of every access, with the bytes as a number.
class Accesses final : public AccessObserver {
 public:
  struct Access {
    DataAccess kind;
    u32 at;
    u32 len;
    u64 value;
    friend bool operator==(const Access&, const Access&) = default;
  };
  void OnData(DataAccess kind, Lin at, std::span<const u8> bytes) override {
    u64 value = 0;
    for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
    all.push_back({kind, at.value, static_cast<u32>(bytes.size()), value});
  }
  std::vector<Access> all;
};

TEST_P(InspectTest, AnAccessObserverSeesEachAccessWithItsBytes) {
  constexpr u32 kSplit = kData + 0x0ffe;  // across the end of a page
  Code code(kCode);
  code.StoreLong(kData, 0x11223344).LoadEax(kData).StoreByte(kData + 8, 5);
  code.Bytes({0x0f, 0xb7, 0x05}).Long(kData + 2);  // movzx eax, word [kData + 2]
  code.Bytes({0xff, 0x05}).Long(kData);            // inc dword [kData]
  code.StoreLong(kSplit, 0xaabbccdd);
  code.Bytes({0xff, 0x0d}).Long(kSplit);           // dec dword [kSplit]
  code.Bytes({0x68}).Long(7).Bytes({0x58}).Hlt();  // push 7; pop eax
  m.Start(code);
  const u32 stack = m.esp() - 4;
  Accesses seen;
  m.cpu.set_access_observer(&seen);
  EXPECT_EQ(m.Run(1000), StopReason::kHalt);
  using enum DataAccess;
  const std::vector<Accesses::Access> expected = {{kWrite, kData, 4, 0x11223344},
                                                  {kRead, kData, 4, 0x11223344},
                                                  {kWrite, kData + 8, 1, 5},
                                                  {kRead, kData + 2, 2, 0x1122},
                                                  {kModify, kData, 4, 0x11223344},
                                                  {kWrite, kSplit, 4, 0xaabbccdd},
                                                  {kModify, kSplit, 4, 0xaabbccdd},
                                                  {kWrite, stack, 4, 7},
                                                  {kRead, stack, 4, 7}};
  EXPECT_EQ(seen.all, expected);
  EXPECT_EQ(m.Long(kData), 0x11223345u);
  EXPECT_EQ(m.Long(kSplit), 0xaabbccdcu);
  m.cpu.set_access_observer(nullptr);
  m.Start(code);
  m.cpu.state.halted = false;
  EXPECT_EQ(m.Run(1000), StopReason::kHalt);
  EXPECT_EQ(seen.all.size(), expected.size());
}

TEST_P(InspectTest, AnAccessObserverSeesStringsEventsAndNoAccessThatFaults) {
  m.EnablePaging(false);
  m.SetPte(0x300000, 0);
  // movsd; int 0x30, whose handler halts
  Code code(kCode);
  code.MovImm(kEsi, kData).MovImm(kEdi, kData + 0x100).MovImm(kEcx, 2);
  code.Bytes({0xf3, 0xa5}).LoadEax(0x300000).Hlt();
  m.Start(code);
  m.PutLong(kData, 1);
  m.PutLong(kData + 4, 2);
  Accesses seen;
  m.cpu.set_access_observer(&seen);
  EXPECT_EQ(m.Run(1000), StopReason::kHalt);
  using enum DataAccess;
  ASSERT_GT(seen.all.size(), 4u);
  EXPECT_EQ(seen.all[0], (Accesses::Access{kRead, kData, 4, 1}));
  EXPECT_EQ(seen.all[1], (Accesses::Access{kWrite, kData + 0x100, 4, 1}));
  EXPECT_EQ(seen.all[2], (Accesses::Access{kRead, kData + 4, 4, 2}));
  EXPECT_EQ(seen.all[3], (Accesses::Access{kWrite, kData + 0x104, 4, 2}));
  const u32 gate = CpuMachine::kIdt + 8 * kVectorPf;
  u32 gates = 0, pushes = 0;
  for (const Accesses::Access& each : seen.all) {
    EXPECT_NE(each.at, 0x300000u);
    gates += each.kind == kRead && each.at - gate < 8 ? 1 : 0;
    pushes += each.kind == kWrite && m.esp() <= each.at && each.at < m.esp() + 16;
  }
  EXPECT_GT(gates, 0u) << "the gate is read";
  EXPECT_EQ(pushes, 4u) << "EFLAGS, CS, EIP, error code";
}

LGX_FOR_ALL_BINDINGS(InspectTest);

}  // namespace
}  // namespace lgx
