// The last hypercalls of a Guest, kept for the report of its death.
#ifndef LGX_HYPERCALLS_HYPERCALL_LOG_H_
#define LGX_HYPERCALLS_HYPERCALL_LOG_H_

#include <array>

#include "base/types.h"
#include "hypercalls/abi.h"

namespace lgx {

struct HcallArgs {
  u32 number = 0;
  std::array<u32, 4> arg{};  // arg1 ... arg4
};

struct HypercallRecord {
  HcallArgs args;
  Call call = Call::kUnknown;
  bool async = false;
  u32 eip = 0;  // of the int 0x1f that made the Host look, also for calls from the ring
};

class HypercallLog {
 public:
  static constexpr u32 kKept = 32;

  void Add(const HypercallRecord& record) { records_[total_++ % kKept] = record; }

  u64 total() const { return total_; }
  u32 size() const { return total_ < kKept ? static_cast<u32>(total_) : kKept; }
  // 0 is the oldest one kept; below size().
  const HypercallRecord& operator[](u32 index) const {
    return records_[(total_ - size() + index) % kKept];
  }

  // For snapshots: what was kept, with the number of all there were.
  void Restore(u64 total) { total_ = total; }
  HypercallRecord& record(u64 number) { return records_[number % kKept]; }

 private:
  std::array<HypercallRecord, kKept> records_{};
  u64 total_ = 0;
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_HYPERCALL_LOG_H_
