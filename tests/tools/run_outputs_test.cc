#include "tools/run_outputs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tools/screen.h"

namespace lgx {
namespace {

RunResult Ended(Ending::Kind kind, int value = 0) {
  RunResult result;
  result.launch.ending = {kind, "why", "", value};
  return result;
}

TEST(RunOutputs, FilesHoldWhatThePersonSees) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "lgx-run-outputs").string();
  MachineConfig config;
  config.outputs.stats = path + ".stats";
  config.outputs.json_result = path + ".json";
  RunResult result = Ended(Ending::Kind::kCrash);
  result.launch.ending.reason = "text that is not UTF-8: \xff";
  result.launch.stats.Counter("cpu.instructions", 12);
  result.real_ns = 34;
  ASSERT_TRUE(WriteOutputs(config, result).ok());
  const auto read = [](const std::string& name) {
    const auto bytes = ReadFile(name);
    std::filesystem::remove(name);
    return nlohmann::json::parse(std::string(bytes->begin(), bytes->end()));
  };
  const nlohmann::json stats = read(config.outputs.stats);
  EXPECT_EQ(stats["cpu.instructions"], 12);
  EXPECT_EQ(stats["host.real_ns"], 34);
  const nlohmann::json json = read(config.outputs.json_result);
  EXPECT_EQ(json["code"], 4);
  EXPECT_EQ(json["ending"], "crash");
  EXPECT_EQ(json["files"].size(), 2u);
}

TEST(Screen, ColoursAreForTerminalsThatWantThem) {
  EXPECT_TRUE(WantColor(ColorChoice::kAlways, false));
  EXPECT_FALSE(WantColor(ColorChoice::kNever, true));
  EXPECT_FALSE(WantColor(ColorChoice::kAuto, false));
  const MachineConfig config;
  EXPECT_EQ(Screen(config, {}).Painted(true, "x"), "x");
  EXPECT_NE(Screen(config, {.color = true}).Painted(true, "x"),
            Screen(config, {.color = true}).Painted(false, "x"));
}

}  // namespace
}  // namespace lgx
