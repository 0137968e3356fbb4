// Counters: plain u64 members of whoever counts, named only when somebody looks.
//
// Counting is an increment and nothing else. A class that counts has
//
//   void VisitStats(StatsVisitor& out) const {
//     out.Counter("mmu.tlb.miss", tlb_misses_);
//   }
//
// Names are flat, the unit is part of the name, and the set of names is part of the
// program's interface (user-interface section 7). Names under "host." depend on the host
// and are left out of comparisons.
#ifndef LGX_BASE_STATS_H_
#define LGX_BASE_STATS_H_

#include <array>
#include <bit>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/types.h"

namespace lgx {

// Counts values by size: bucket i holds those of at most LimitOf(i) = 2^i - 1, the last
// bucket holds the rest.
class Histogram {
 public:
  static constexpr u32 kBuckets = 33;

  void Add(u64 value) { counts_[BucketOf(value)]++; }
  std::span<const u64> counts() const { return counts_; }
  // For snapshots.
  std::span<u64> counts() { return counts_; }
  static u64 LimitOf(u32 bucket) {
    return bucket + 1 == kBuckets ? ~u64{0} : (u64{1} << bucket) - 1;
  }

 private:
  static u32 BucketOf(u64 value) {
    const u32 bucket = static_cast<u32>(std::bit_width(value));
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }

  std::array<u64, kBuckets> counts_{};
};

class StatsVisitor {
 public:
  virtual ~StatsVisitor() = default;
  virtual void Counter(std::string_view name, u64 value) = 0;
  virtual void Buckets(std::string_view name, const Histogram& histogram) = 0;
};

// Puts a prefix before every name: StatsPrefix("block.0.", out).
class StatsPrefix : public StatsVisitor {
 public:
  StatsPrefix(std::string_view prefix, StatsVisitor& out) : prefix_(prefix), out_(out) {}
  void Counter(std::string_view name, u64 value) override;
  void Buckets(std::string_view name, const Histogram& histogram) override;

 private:
  std::string prefix_;
  StatsVisitor& out_;
};

// Everything that was visited, sorted by name. A name given twice is the sum of both.
class Stats : public StatsVisitor {
 public:
  // Upper limits and counts of the buckets up to the last one in use.
  struct BucketList {
    std::vector<u64> le;
    std::vector<u64> count;
  };

  void Counter(std::string_view name, u64 value) override;
  void Buckets(std::string_view name, const Histogram& histogram) override;
  // A histogram that was read from a file.
  void SetBuckets(std::string_view name, BucketList list) {
    histograms_[std::string(name)] = std::move(list);
  }

  // Zero for a name nobody counted.
  u64 Get(std::string_view name) const;
  const std::map<std::string, u64, std::less<>>& counters() const { return counters_; }
  const std::map<std::string, BucketList, std::less<>>& histograms() const {
    return histograms_;
  }

 private:
  std::map<std::string, u64, std::less<>> counters_;
  std::map<std::string, BucketList, std::less<>> histograms_;
};

}  // namespace lgx

#endif  // LGX_BASE_STATS_H_
