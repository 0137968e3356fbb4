// lgx bare, as a shell sees it: exit codes, and the files it writes.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/commands.h"
#include "tools/exit_codes.h"

namespace lgx {
namespace {

using nlohmann::json;

// Tests may run side by side, so each has files of its own.
std::string Path(const std::string& name) {
  const char* test = testing::UnitTest::GetInstance()->current_test_info()->name();
  return testing::TempDir() + "bare_" + test + "_" + name;
}

std::string WriteProgram(const std::string& name, const std::vector<u8>& code) {
  std::ofstream(Path(name), std::ios::binary)
      .write(reinterpret_cast<const char*>(code.data()),
             static_cast<std::streamsize>(code.size()));
  return Path(name);
}

std::string ReadText(const std::string& name) {
  std::ifstream file(Path(name), std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Flat code at 1 MiB, with its text in files.
BareOptions Flat(const std::vector<u8>& code) {
  BareOptions options;
  options.image = WriteProgram("flat", code);
  options.load = 0x100000;
  options.debugcon = Path("debugcon");
  options.serial = Path("serial");
  return options;
}

TEST(CmdBare, HaltWithInterruptsOffIsSuccess) {
  EXPECT_EQ(CmdBare(Flat({0xf4})), kExitOk);
}

TEST(CmdBare, WaitingForEverIsALimit) {
  EXPECT_EQ(CmdBare(Flat({0xfb, 0xf4})), kExitLimit);
}

TEST(CmdBare, TheDebugExitChoosesTheStatus) {
  EXPECT_EQ(CmdBare(Flat({0xb0, 0x10, 0xe6, 0xf4})), 33);
  BareOptions moved = Flat({0xb0, 0x02, 0xe6, 0xf5});
  moved.debug_exit = 0xf5;
  EXPECT_EQ(CmdBare(moved), 5);
}

TEST(CmdBare, ATripleFaultIsNine) { EXPECT_EQ(CmdBare(Flat({0x0f, 0x0b})), 9); }

TEST(CmdBare, TooManyInstructionsAreALimit) {
  BareOptions options = Flat({0xeb, 0xfe});
  options.max_instructions = 100;
  EXPECT_EQ(CmdBare(options), kExitLimit);
}

TEST(CmdBare, WhatCannotRunIsRefused) {
  BareOptions options = Flat({0xf4});
  options.load.reset();
  EXPECT_EQ(CmdBare(options), kExitBadFile);
  options.image = Path("does-not-exist");
  EXPECT_EQ(CmdBare(options), kExitUsage);
  options = Flat({0xf4});
  options.debugcon = Path("no-such-folder/file");
  EXPECT_EQ(CmdBare(options), kExitHostRefused);
}

TEST(CmdBare, TextGoesToItsFiles) {
  EXPECT_EQ(CmdBare(Flat(
                {0xb0, 'd', 0xe6, 0xe9, 0x66, 0xba, 0xf8, 0x03, 0xb0, 's', 0xee, 0xf4})),
            kExitOk);
  EXPECT_EQ(ReadText("debugcon"), "d");
  EXPECT_EQ(ReadText("serial"), "s");
}

TEST(CmdBare, TheDumpHasTheFinalState) {
  BareOptions options = Flat({0xb8, 0x78, 0x56, 0x34, 0x12,  // mov $0x12345678, %eax
                              0xa3, 0, 0, 0x20, 0,           // mov %eax, 0x200000
                              0xd9, 0xe8,                    // fld1
                              0xe6, 0x90,                    // out %al, $0x90
                              0xf9, 0xf4});                  // stc; hlt
  options.post = 0x90;
  options.dump_on_halt = Path("dump.json");
  options.dump_ranges = {{"word", 0x200000, 4}};
  options.stats = Path("stats.json");
  ASSERT_EQ(CmdBare(options), kExitOk);
  const json dump = json::parse(ReadText("dump.json"));
  EXPECT_EQ(dump["result"],
            (json{{"reason", "halt"}, {"code", 0}, {"instructions", 6}, {"post", 0x78}}));
  EXPECT_EQ(dump["registers"]["eax"], 0x12345678);
  EXPECT_EQ(dump["registers"]["eip"], 0x100010);
  EXPECT_EQ(dump["registers"]["eflags"], 3);
  EXPECT_EQ(
      dump["segments"]["cs"],
      (json{{"selector", 8}, {"base", 0}, {"limit", 0xffffffff}, {"attr", 0xc09b}}));
  EXPECT_EQ(dump["control"]["cr0"], 0x11);
  EXPECT_EQ(dump["fpu"]["st"][0], "0000000000000080ff3f");
  EXPECT_EQ(dump["fpu"]["mmx"][7], "0000000000000080");
  EXPECT_EQ(dump["memory"]["word"], (json{{"address", 0x200000}, {"bytes", "78563412"}}));
  const json stats = json::parse(ReadText("stats.json"));
  EXPECT_EQ(stats["cpu.instructions"], 6);
  EXPECT_TRUE(stats.contains("mmu.tlb.miss"));
}

}  // namespace
}  // namespace lgx
