#include "machine/mem_trace.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "machine/observe.h"
#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

using test::kTinyProgram;
using test::kTinyText;
using test::ResultAt;
using test::TinyCode;
using test::TinyGuest;

struct Line {
  TraceCategory category;
  std::string name;
  std::map<std::string, u64> args;
  std::string text;
};

class Lines final : public TraceSink {
 public:
  void OnEvent(const TraceEvent& event) override {
    Line line{event.category, std::string(event.name), {}, std::string(event.text)};
    for (const TraceArg& arg : event.args) line.args[arg.key] = arg.value;
    all.push_back(std::move(line));
  }
  // Those of one instruction in the Guest's memory, as "kernel write 4 @gpa = value". (A
  // fault of it that is delivered reads and writes the Switcher's pages.)
  std::vector<std::string> Of(u32 eip) const {
    std::vector<std::string> found;
    for (const Line& line : all) {
      if (line.category != TraceCategory::kMem || line.args.at("eip") != eip ||
          !line.args.contains("gpa")) {
        continue;
      }
      found.push_back(
          line.name + " " + std::to_string(line.args.at("bytes")) + " @" +
          std::to_string(line.args.at("gpa") - ResultAt(0)) + " = " +
          (line.text.empty() ? std::to_string(line.args.at("value")) : line.text));
    }
    return found;
  }

  std::vector<Line> all;
};

constexpr u32 MaskOf(TraceCategory category) { return Trace::MaskOf(category); }

void RunTraced(TinyGuest& guest, Lines& lines, u32 mask) {
  Machine& machine = guest.Boot();
  machine.AttachTrace(&lines, mask);
  machine.Run();
  machine.AttachTrace(nullptr, 0);
}

TEST(MemTrace, ReadsAndWritesWithPlaceAddressAndValue) {
  TinyGuest guest;
  TinyCode& text = guest.text;
  const u32 store = text.address();
  text.Put(ResultAt(0), 0x12345678);
  const u32 increment = text.address();
  text.Count(ResultAt(0));
  const u32 load = text.address();
  text.Raw({0xa0});  // mov al, [result]
  const u32 at = ResultAt(0);
  text.Raw({static_cast<u8>(at), static_cast<u8>(at >> 8), static_cast<u8>(at >> 16),
            static_cast<u8>(at >> 24)});
  const u32 nop = text.address();
  text.Raw({0x90});
  text.Init();
  text.PowerOff();
  Lines lines;
  RunTraced(guest, lines, MaskOf(TraceCategory::kMem));
  using Found = std::vector<std::string>;
  EXPECT_EQ(lines.Of(store), Found{"kernel write 4 @0 = 305419896"});
  EXPECT_EQ(lines.Of(increment),
            (Found{"kernel read 4 @0 = 305419896", "kernel write 4 @0 = 305419897"}));
  EXPECT_EQ(lines.Of(load), Found{"kernel read 1 @0 = 121"});
  EXPECT_TRUE(lines.Of(nop).empty());
}

TEST(MemTrace, ProgramsOfRing3AreUsers) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.ToRing3(kTinyProgram);
  guest.program.UseUserData();
  const u32 store = guest.program.address();
  guest.program.Put(ResultAt(1), 9);
  guest.program.SpinForEver();
  guest.config.limits.instructions = 20'000;
  Lines lines;
  RunTraced(guest, lines, MaskOf(TraceCategory::kMem));
  EXPECT_EQ(lines.Of(store), std::vector<std::string>{"user write 4 @4 = 9"});
}

TEST(MemTrace, LongAccessesAreText) {
  TinyGuest guest;
  guest.text.Raw({0xdd, 0x35});  // fnsave [result]
  const u32 at = ResultAt(0);
  guest.text.Raw({static_cast<u8>(at), static_cast<u8>(at >> 8),
                  static_cast<u8>(at >> 16), static_cast<u8>(at >> 24)});
  guest.text.Init();
  guest.text.PowerOff();
  Lines lines;
  RunTraced(guest, lines, MaskOf(TraceCategory::kMem));
  bool found = false;
  for (const Line& line : lines.all) {
    if (line.args.at("eip") != kTinyText || line.args.at("bytes") <= 8) continue;
    found = true;
    EXPECT_FALSE(line.args.contains("value"));
    EXPECT_EQ(line.text.size(), 3 * line.args.at("bytes") - 1);
  }
  EXPECT_TRUE(found);
}

TEST(MemTrace, SwitcherAndHostAreToldApartAndAreOutsideOfTheGuest) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.PowerOff();
  Lines lines;
  RunTraced(guest, lines, MaskOf(TraceCategory::kMem));
  std::map<std::string, u32> names;
  for (const Line& line : lines.all) {
    ++names[line.name];
    if (line.name.starts_with("host")) {
      EXPECT_TRUE(line.args.contains("mpa"));
    }
  }
  for (const char* name :
       {"kernel write", "switcher read", "switcher write", "host read", "host write"}) {
    EXPECT_GT(names[name], 0u) << name;
  }
}

TEST(MemTrace, ComesBehindItsInstructionAndOnlyWhenAskedFor) {
  for (const bool both : {true, false}) {
    TinyGuest guest;
    const u32 store = guest.text.address();
    guest.text.Put(ResultAt(0), 1);
    guest.text.Init();
    guest.text.PowerOff();
    Lines lines;
    const u32 insn = MaskOf(TraceCategory::kInsn);
    RunTraced(guest, lines, both ? insn | MaskOf(TraceCategory::kMem) : insn);
    u32 accesses = 0;
    for (size_t i = 0; i < lines.all.size(); i++) {
      if (lines.all[i].category != TraceCategory::kMem) continue;
      ++accesses;
      ASSERT_GT(i, 0u);
      EXPECT_EQ(lines.all[i].args.at("eip"), lines.all[i - 1].args.at("eip"));
    }
    EXPECT_EQ(accesses != 0, both);
    EXPECT_EQ(lines.Of(store).size(), both ? 1u : 0u);
  }
}

TEST(MemTrace, LookingChangesNothing) {
  const auto hash = [](bool traced) {
    TinyGuest guest;
    guest.text.Count(ResultAt(1));
    guest.text.Init();
    guest.text.PowerOff();
    Lines lines;
    if (traced) {
      RunTraced(guest, lines, MaskOf(TraceCategory::kMem));
    } else {
      guest.Run();
    }
    return guest.machine().Hash();
  };
  EXPECT_EQ(hash(true), hash(false));
}

TEST(ObserveAddress, FollowsThePageTablesInUse) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.PowerOff();
  Machine& machine = guest.Boot();
  machine.Run();
  const std::optional<Mpa> at =
      ObserveAddress(machine.cpu(), Lin(machine.cpu().state.eip));
  ASSERT_TRUE(at.has_value());
  u8 byte = 0;
  EXPECT_EQ(ObserveLinear(machine.cpu(), Lin(machine.cpu().state.eip), {&byte, 1}), 1u);
  EXPECT_EQ(machine.cpu().memory().Load<u8>(*at), byte);
  EXPECT_FALSE(ObserveAddress(machine.cpu(), Lin(0x70000000)).has_value());
}

}  // namespace
}  // namespace lgx
