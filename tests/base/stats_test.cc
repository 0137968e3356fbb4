#include "base/stats.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

// A class that counts, the way all of them do.
class Disk {
 public:
  void Read(u64 bytes) {
    read_bytes_ += bytes;
    sizes_.Add(bytes);
  }
  void VisitStats(StatsVisitor& out) const {
    out.Counter("read_bytes", read_bytes_);
    out.Buckets("read_size", sizes_);
  }

 private:
  u64 read_bytes_ = 0;
  Histogram sizes_;
};

TEST(Stats, CountersAreSortedByName) {
  Stats stats;
  stats.Counter("mmu.tlb.miss", 2);
  stats.Counter("cpu.instructions", 1);
  stats.Counter("irq.injected.0", 3);
  std::string names;
  for (const auto& [name, value] : stats.counters()) names += name + " ";
  EXPECT_EQ(names, "cpu.instructions irq.injected.0 mmu.tlb.miss ");
  EXPECT_EQ(stats.Get("irq.injected.0"), 3u);
  EXPECT_EQ(stats.Get("no.such.counter"), 0u);
}

TEST(Stats, PrefixesTellInstancesApart) {
  Disk first, second;
  first.Read(512);
  second.Read(4096);
  Stats stats;
  StatsPrefix a("block.0.", stats), b("block.1.", stats);
  first.VisitStats(a);
  second.VisitStats(b);
  EXPECT_EQ(stats.Get("block.0.read_bytes"), 512u);
  EXPECT_EQ(stats.Get("block.1.read_bytes"), 4096u);
  EXPECT_EQ(stats.histograms().count("block.1.read_size"), 1u);
}

TEST(Stats, ANameGivenTwiceIsTheSum) {
  Stats stats;
  stats.Counter("irq.injected.0", 3);
  stats.Counter("irq.injected.0", 4);
  EXPECT_EQ(stats.Get("irq.injected.0"), 7u);
}

TEST(Histogram, BucketsHoldValuesUpToTheirLimit) {
  Histogram histogram;
  for (const u64 value : {u64{0}, u64{1}, u64{2}, u64{3}, u64{4}, ~u64{0}}) {
    histogram.Add(value);
  }
  EXPECT_EQ(histogram.counts()[0], 1u);
  EXPECT_EQ(histogram.counts()[1], 1u);
  EXPECT_EQ(histogram.counts()[2], 2u);
  EXPECT_EQ(histogram.counts()[3], 1u);
  EXPECT_EQ(histogram.counts()[Histogram::kBuckets - 1], 1u);
  EXPECT_EQ(Histogram::LimitOf(3), 7u);
  EXPECT_EQ(Histogram::LimitOf(Histogram::kBuckets - 1), ~u64{0});
}

TEST(Histogram, UnusedBucketsAtTheEndAreNotShown) {
  Histogram histogram;
  histogram.Add(2);
  Stats stats;
  stats.Buckets("x", histogram);
  const Stats::BucketList& list = stats.histograms().at("x");
  EXPECT_EQ(list.le, (std::vector<u64>{0, 1, 3}));
  EXPECT_EQ(list.count, (std::vector<u64>{0, 0, 1}));
}

}  // namespace
}  // namespace lgx
