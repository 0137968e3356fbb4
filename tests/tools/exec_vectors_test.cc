// Every recorded vector, made by a real processor, under every binding, with and without
// the block cache. tests/cpuvectors makes fresh ones.
#include "tools/exec_vectors.h"

#include <absl/strings/str_format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>

namespace lgx {
namespace {

constexpr const char* kWorld = "tests/cpuvectors/corpus.world.json";
constexpr const char* kCorpus = "tests/cpuvectors/corpus.jsonl";

class RecordedVectors : public ::testing::TestWithParam<std::tuple<Binding, bool>> {};

TEST_P(RecordedVectors, EveryOneGivesWhatTheProcessorGave) {
  const auto [binding, uncached] = GetParam();
  if (!BindingExists(binding)) GTEST_SKIP() << "this build has no such binding";
  ExecVectorsOptions options;
  options.world = kWorld;
  options.vectors = kCorpus;
  options.binding = binding;
  options.uncached = uncached;
  options.fail_limit = 10;
  ::testing::internal::CaptureStdout();
  const int result = ExecVectors(options);
  const std::string output = ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(result, 0) << output;
}

INSTANTIATE_TEST_SUITE_P(
    Ways, RecordedVectors,
    ::testing::Combine(::testing::Values(Binding::kLoop, Binding::kTail),
                       ::testing::Bool()),
    [](const auto& way) {
      return std::string(std::get<0>(way.param) == Binding::kTail ? "Tail" : "Loop") +
             (std::get<1>(way.param) ? "Uncached" : "");
    });

TEST(RecordedVectorsFile, HasEveryCategory) {
  std::ifstream file(kCorpus);
  std::set<std::string> found;
  for (std::string line; std::getline(file, line);) {
    found.insert(nlohmann::json::parse(line).at("c").get<std::string>());
  }
  const std::set<std::string> wanted = {
      "alu",    "bcd",      "bit", "misc", "mov",    "muldiv", "shift", "stack",
      "string", "flow",     "far", "seg",  "segmem", "priv",   "ud",    "x87mem",
      "x87reg", "x87trans", "mmx", "sse1", "sse2f",  "sse2i"};
  EXPECT_EQ(found, wanted);
}

}  // namespace
}  // namespace lgx
