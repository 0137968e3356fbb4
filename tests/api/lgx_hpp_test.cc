// The C++ header. It includes nothing of src/, as no user of the library can.
#include "lgx/lgx.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

const char* const kConfig = R"({
  "kernel": { "cmdline": "do touch" },
  "memory": "16M",
  "limits": { "virtual_time": "100s" }
})";

std::uint64_t HashAtTheEnd(lgx::Machine& m) {
  const lgx::Result<lgx::Stop> stop = m.RunUntil();
  EXPECT_TRUE(stop.ok() && stop->ended()) << (stop ? stop->reason : stop.error().text());
  return m.Hash();
}

TEST(LgxHpp, AMachineRunsAndSpeaks) {
  lgx::Machine m = lgx::Machine::New(kConfig).value();
  std::string said;
  m.OnOutput([&said](std::string_view text) { said += text; });
  const lgx::Stop stop = m.RunUntil("end").value();
  EXPECT_EQ(stop.why, lgx::Why::kEnded);
  EXPECT_EQ(stop.code, LGX_OK);
  EXPECT_EQ(stop.ending, "power-off");
  EXPECT_EQ(stop.reason, "guest powered down");
  EXPECT_EQ(stop.boots, 1u);
  EXPECT_NE(said.find("touch"), std::string::npos);
  EXPECT_EQ(m.Status().instructions, stop.instructions);
  EXPECT_EQ(m.Counter("cpu.instructions").value(), stop.instructions);
  EXPECT_EQ(m.Counters().at("cpu.instructions"), stop.instructions);
}

TEST(LgxHpp, ErrorsAreValues) {
  const lgx::Result<lgx::Machine> none =
      lgx::Machine::New("{ \"memory\": \"64M\",\n  \"guest\": { \"slots\": 1 } }");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), LGX_USAGE);
  EXPECT_EQ(none.error().file(), "config");
  EXPECT_EQ(none.error().line(), 2u);
  EXPECT_GT(none.error().column(), 1u);
  EXPECT_NE(none.error().text().find("slots"), std::string::npos);
  EXPECT_THROW((void)lgx::Machine::New("[]").value(), lgx::Failure);
  EXPECT_FALSE(lgx::Machine::Open("/no/such/file.json"));
  EXPECT_FALSE(lgx::Machine::Load("/no/such/file.lgxsnap"));

  lgx::Machine m = lgx::Machine::New(kConfig).value();
  EXPECT_EQ(m.RunUntil("here").error().code(), LGX_USAGE);
  EXPECT_FALSE(m.Read<std::uint32_t>(lgx::Space::kGpa, m.MemorySize(lgx::Space::kGpa)));
  EXPECT_FALSE(m.Counter("none"));
  EXPECT_FALSE(m.OnEvent(1u << 31, [](const lgx::Event&) {}));
  EXPECT_TRUE(m.Step(10));
}

TEST(LgxHpp, MachinesInThreadsOfTheirOwnEndAlike) {
  std::vector<std::uint64_t> hashes(3);
  std::vector<std::thread> threads;
  for (std::uint64_t& hash : hashes) {
    threads.emplace_back([&hash, chunk = 100'000 + 77 * threads.size()] {
      lgx::Machine m = lgx::Machine::New(kConfig).value();
      while (!m.Step(chunk).value().ended()) {
      }
      hash = m.Hash();
    });
  }
  for (std::thread& thread : threads) thread.join();
  lgx::Machine m = lgx::Machine::New(kConfig).value();
  const std::uint64_t expected = HashAtTheEnd(m);
  EXPECT_EQ(hashes, std::vector<std::uint64_t>(3, expected));
}

TEST(LgxHpp, AnotherThreadInterrupts) {
  lgx::Machine m =
      lgx::Machine::New(R"({ "kernel": { "cmdline": "sh" }, "memory": "16M" })").value();
  // Somebody who never types and never goes; real time would never pass either.
  m.OnInput([](char*, std::size_t) { return std::ptrdiff_t{0}; });
  m.OnWait([](std::uint64_t) { return std::uint64_t{0}; });
  std::thread other([&m] { m.Interrupt(); });
  const lgx::Stop stop = m.RunUntil().value();
  other.join();
  EXPECT_EQ(stop.why, lgx::Why::kInterrupted);
}

TEST(LgxHpp, StatesGoBackWithTheScriptOfTheConsole) {
  lgx::Machine m = lgx::Machine::New(R"({
    "kernel": { "cmdline": "sh" }, "memory": "16M",
    "expect": [ { "match": "[#$>] ", "send": "uptime\n" },
                { "match": "[#$>] ", "send": "poweroff\n" } ] })")
                       .value();
  (void)m.RunUntil("console:\"uptime\"").value();
  const lgx::State state = m.Snapshot().value();
  const std::uint64_t hash = m.Hash(), end = HashAtTheEnd(m);
  EXPECT_EQ(m.Status().code, LGX_OK);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(m.Restore(state));
    EXPECT_EQ(m.Hash(), hash);
    EXPECT_EQ(HashAtTheEnd(m), end);
  }
}

TEST(LgxHpp, DisksThatForgetGoBackAndOthersAreRefused) {
  const std::string folder = std::filesystem::temp_directory_path().string();
  const std::string path = folder + "/lgx-hpp-test-1.img";
  const std::string other_path = folder + "/lgx-hpp-test-2.img";
  for (const std::string& file : {path, other_path}) {
    std::ofstream(file, std::ios::binary) << std::string(1 << 20, 'x');
  }
  const auto config = [](const std::string& image, const char* how) {
    return R"({ "kernel": { "cmdline": "do disk" }, "memory": "16M",
                "devices": { "block": [ { "path": ")" +
           image + "\", " + how + " } ] } }";
  };
  lgx::Machine m = lgx::Machine::New(config(path, "\"snapshot\": true")).value();
  (void)m.Step(200'000).value();
  const lgx::State state = m.Snapshot().value();
  const std::uint64_t end = HashAtTheEnd(m);
  ASSERT_TRUE(m.Restore(state));
  EXPECT_EQ(HashAtTheEnd(m), end);

  lgx::Machine kept =
      lgx::Machine::New(config(other_path, "\"sync\": \"never\"")).value();
  const lgx::Result<lgx::State> none = kept.Snapshot();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), LGX_USAGE);
  EXPECT_NE(none.error().text().find("devices.block[0]"), std::string::npos);
  EXPECT_FALSE(kept.Restore(state));
  for (const std::string& file : {path, other_path}) std::filesystem::remove(file);
}

TEST(LgxHpp, AClockThatFollowsTheHostCannotGoBack) {
  lgx::Machine m =
      lgx::Machine::New(R"({ "memory": "16M", "clock": { "mode": "host" } })").value();
  const lgx::Result<lgx::State> none = m.Snapshot();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), LGX_USAGE);
  EXPECT_NE(none.error().text().find("clock.mode"), std::string::npos);
}

TEST(LgxHpp, EventsReachTheirFunctionAfterAMove) {
  lgx::Machine first = lgx::Machine::New(kConfig).value();
  std::uint64_t outputs = 0, bytes = 0;
  ASSERT_TRUE(first.OnEvent(LGX_EVENT_CONSOLE, [&](const lgx::Event& event) {
    ++outputs;
    bytes += event.Arg("bytes").value_or(0);
    EXPECT_EQ(event.text.size(), event.Arg("bytes"));
    EXPECT_FALSE(event.Arg("none"));
  }));
  std::size_t shown = 0;
  first.OnOutput([&shown](std::string_view text) { shown += text.size(); });
  lgx::Machine m = std::move(first);
  (void)m.RunUntil("time:5ms").value();
  EXPECT_TRUE(m.OnEvent(LGX_EVENT_CONSOLE, nullptr));
  EXPECT_GT(outputs, 0u);
  EXPECT_EQ(bytes, shown);
  (void)m.RunUntil().value();
  EXPECT_GT(shown, bytes);
}

TEST(LgxHpp, RegistersAndMemoryAreThoseOfWhoGoesOn) {
  lgx::Machine m = lgx::Machine::New(kConfig).value();
  // The host has the text and has not gone back yet.
  (void)m.RunUntil("console:\"touch\"").value();
  lgx_registers r = m.Registers();
  EXPECT_EQ(r.saved, 1u);
  EXPECT_EQ(r.party, LGX_PARTY_GUEST_KERNEL);
  EXPECT_EQ(r.cpl, 1u);
  EXPECT_TRUE(m.Read<std::uint8_t>(lgx::Space::kLin, r.eip));
  // The kernel has all of its memory at 0xc0000000.
  const std::uint32_t word = m.Read<std::uint32_t>(lgx::Space::kGpa, 0x100000).value();
  EXPECT_EQ(m.Read<std::uint32_t>(lgx::Space::kLin, 0xc0100000).value(), word);

  // Somewhere on the way back is each of the others.
  bool seen[4] = {};
  for (int i = 0; i < 20'000 && !(seen[0] && seen[1] && seen[2] && seen[3]); ++i) {
    (void)m.Step().value();
    r = m.Registers();
    if (r.saved == 0) seen[r.party] = true;
    // A program's next page may have to come first.
    EXPECT_TRUE(r.saved == 1 || r.party == LGX_PARTY_GUEST_USER ||
                m.Read<std::uint8_t>(lgx::Space::kLin, r.segment[1].base + r.eip));
  }
  EXPECT_TRUE(seen[LGX_PARTY_HOST] && seen[LGX_PARTY_SWITCHER]);
  EXPECT_TRUE(seen[LGX_PARTY_GUEST_KERNEL] && seen[LGX_PARTY_GUEST_USER]);
}

}  // namespace
