#include "machine/insn_trace.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "machine/observe.h"
#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

using test::kTinyText;
using test::TinyGuest;

struct Line {
  std::string name;
  std::map<std::string, u64> args;
  std::string bytes;
};

class Lines final : public TraceSink {
 public:
  void OnEvent(const TraceEvent& event) override {
    Line line{std::string(event.name), {}, std::string(event.text)};
    for (const TraceArg& arg : event.args) line.args[arg.key] = arg.value;
    all.push_back(std::move(line));
  }
  // The first at this address in this place.
  const Line* At(const std::string& name, u32 eip) const {
    for (const Line& line : all) {
      if (line.name == name && line.args.at("eip") == eip) return &line;
    }
    return nullptr;
  }

  std::vector<Line> all;
};

Ending RunTraced(TinyGuest& guest, Lines& lines) {
  Machine& machine = guest.Boot();
  machine.AttachTrace(&lines, Trace::MaskOf(TraceCategory::kInsn));
  const Ending ending = machine.Run();
  machine.AttachTrace(nullptr, 0);
  return ending;
}

TEST(InsnTrace, AnInstructionWithItsBytesAndWhatItChanged) {
  TinyGuest guest;
  guest.text.Raw({0xb8, 0x78, 0x56, 0x34, 0x12});  // mov eax, 0x12345678
  guest.text.Raw({0x90});
  guest.text.Init();
  guest.text.PowerOff();
  Lines lines;
  RunTraced(guest, lines);
  const Line* mov = lines.At("kernel", kTinyText);
  ASSERT_NE(mov, nullptr);
  EXPECT_EQ(mov->bytes, "b8 78 56 34 12");
  EXPECT_EQ(mov->args.at("cpl"), 1u);
  EXPECT_EQ(mov->args.at("eax"), 0x12345678u);
  EXPECT_FALSE(mov->args.contains("ecx"));
  const Line* nop = lines.At("kernel", kTinyText + 5);
  ASSERT_NE(nop, nullptr);
  EXPECT_EQ(nop->bytes, "90");
  EXPECT_EQ(nop->args.size(), 2u) << "eip and cpl: a NOP changes nothing";
}

TEST(InsnTrace, HostAndSwitcherHaveNamesOfTheirOwn) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.PowerOff();
  Lines lines;
  RunTraced(guest, lines);
  std::map<std::string, u32> places;
  for (const Line& line : lines.all) ++places[line.name];
  EXPECT_GT(places["switcher"], 0u);
  EXPECT_GT(places["kernel"], 0u);
  EXPECT_GT(places["event"], 0u) << "the hypercall's INT leaves the Guest";
}

TEST(InsnTrace, LookingChangesNothing) {
  const auto hash = [](bool traced) {
    TinyGuest guest;
    guest.text.Init();
    guest.text.PowerOff();
    Lines lines;
    if (traced) {
      RunTraced(guest, lines);
    } else {
      guest.Run();
    }
    return guest.machine().Hash();
  };
  EXPECT_EQ(hash(true), hash(false));
}

TEST(ObserveLinear, ReadsByThePageTablesInUseAsFarAsTheyReach) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.PowerOff();
  Machine& machine = guest.Boot();
  machine.Run();
  Cpu& cpu = machine.cpu();
  // The Host waits for its next entry; its own code is mapped.
  std::vector<u8> bytes(16);
  EXPECT_EQ(ObserveLinear(cpu, Lin(cpu.state.eip), bytes), 16u);
  EXPECT_EQ(ObserveLinear(cpu, Lin(cpu.state.eip), {}), 0u);
}

}  // namespace
}  // namespace lgx
