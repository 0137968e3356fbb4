#include "tools/bench_options.h"

#include <gtest/gtest.h>

#include "tools/options.h"

namespace lgx {
namespace {

StatusOr<BenchOptions> Parse(std::vector<std::string> words) {
  words.insert(words.begin(), "bench");
  StatusOr<CommandLine> line = ParseCommandLine(words);
  if (!line.ok()) return line.status();
  return line->bench;
}

TEST(BenchOptions, DefaultsAreLguestsOwnAndDropOneBesideIt) {
  const BenchOptions options = Parse({"demand-paging"}).value();
  EXPECT_EQ(options.name, "demand-paging");
  EXPECT_EQ(options.pae, (std::vector<bool>{false, true}));
  EXPECT_EQ(options.slots, std::vector<u32>{4});
  EXPECT_EQ(options.replacement, std::vector<SlotReplacement>{SlotReplacement::kRandom});
  EXPECT_EQ(options.set_pmd.size(), 2u);
  EXPECT_EQ(options.prefill, std::vector<u32>{0});
  EXPECT_TRUE(options.workloads.empty());
}

TEST(BenchOptions, ListsKeepTheirOrderAndHoldEachValueOnce) {
  const BenchOptions options =
      Parse({"demand-paging", "--slots", "64,1,64", "--replacement=lru,random", "--pmd",
             "drop-one", "--prefill", "0,16", "-m", "16M,1G", "--pae", "on", "--workload",
             "fork pages=3,exec", "--repeat", "3"})
          .value();
  EXPECT_EQ(options.slots, (std::vector<u32>{64, 1}));
  EXPECT_EQ(options.replacement, (std::vector<SlotReplacement>{
                                     SlotReplacement::kLru, SlotReplacement::kRandom}));
  EXPECT_EQ(options.set_pmd, std::vector<SetPmdPolicy>{SetPmdPolicy::kDropOne});
  EXPECT_EQ(options.prefill, (std::vector<u32>{0, 16}));
  EXPECT_EQ(options.memory, (std::vector<u64>{u64{16} << 20, u64{1} << 30}));
  EXPECT_EQ(options.pae, std::vector<bool>{true});
  EXPECT_EQ(options.workloads, (std::vector<std::string>{"fork pages=3", "exec"}));
  EXPECT_EQ(options.repeat, 3u);
}

TEST(BenchOptions, BadValuesAreRefusedByName) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"--slots", "2"}, "name of a benchmark"},
      {{"demand-paging", "--slots", "65"}, "--slots"},
      {{"demand-paging", "--slots", "1,"}, "--slots"},
      {{"demand-paging", "--replacement", "fifo"}, "random, lru"},
      {{"demand-paging", "--pmd", "none"}, "drop-all, drop-one"},
      {{"demand-paging", "--prefill", "17"}, "--prefill"},
      {{"demand-paging", "--pae", "auto"}, "off, on"},
      {{"demand-paging", "--memory", "1M"}, "--memory"},
      {{"demand-paging", "--workload", "forks"}, "touch-random"},
      {{"demand-paging", "--repeat", "0"}, "--repeat"},
      {{"demand-pagin"}, "did you mean demand-paging?"},
      {{"x"}, "no benchmark \"x\""},
      {{"demand-paging", "--initrd", "i"}, "--kernel"},
      {{"demand-paging", "--kernel", "k", "--workload", "fork"}, "--workload"},
      {{"demand-paging", "y"}, "unexpected"},
  };
  for (const auto& [words, part] : cases) {
    const StatusOr<BenchOptions> options = Parse(words);
    ASSERT_FALSE(options.ok()) << words.back();
    EXPECT_NE(MessageOf(options.status()).find(part), std::string::npos)
        << MessageOf(options.status());
  }
}

TEST(BenchOptions, TheCommandIsKeptForTheReport) {
  const std::vector<std::string> words = {"bench", "demand-paging", "--workload",
                                          "fork pages=3"};
  EXPECT_EQ(ParseCommandLine(words)->bench_words,
            "lgx bench demand-paging --workload 'fork pages=3'");
}

}  // namespace
}  // namespace lgx
