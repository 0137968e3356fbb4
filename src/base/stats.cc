#include "base/stats.h"

namespace lgx {

void StatsPrefix::Counter(std::string_view name, u64 value) {
  out_.Counter(prefix_ + std::string(name), value);
}

void StatsPrefix::Buckets(std::string_view name, const Histogram& histogram) {
  out_.Buckets(prefix_ + std::string(name), histogram);
}

void Stats::Counter(std::string_view name, u64 value) {
  counters_[std::string(name)] += value;
}

void Stats::Buckets(std::string_view name, const Histogram& histogram) {
  BucketList& list = histograms_[std::string(name)];
  const std::span<const u64> counts = histogram.counts();
  u32 used = Histogram::kBuckets;
  while (used > 0 && counts[used - 1] == 0) used--;
  for (u32 i = 0; i < used; i++) {
    if (i == list.count.size()) {
      list.le.push_back(Histogram::LimitOf(i));
      list.count.push_back(0);
    }
    list.count[i] += counts[i];
  }
}

u64 Stats::Get(std::string_view name) const {
  const auto found = counters_.find(name);
  return found == counters_.end() ? 0 : found->second;
}

}  // namespace lgx
