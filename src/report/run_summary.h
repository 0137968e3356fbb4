// What a report shows of a run, gathered while its events pass by.
//
// Memory is bounded however long the run is: time is divided into at most kTimeBins bins,
// which become twice as long whenever the run outgrows them, and lists have limits.
#ifndef LGX_REPORT_RUN_SUMMARY_H_
#define LGX_REPORT_RUN_SUMMARY_H_

#include <array>
#include <map>
#include <string>
#include <vector>

#include "report/trace_record.h"

namespace lgx {

inline constexpr u32 kTimeBins = 160;

// A count, or a maximum, for each bin of time.
struct TimeSeries {
  std::array<u64, kTimeBins> bins{};
  u64 total = 0;
};

class RunSummary final : public TraceConsumer {
 public:
  void Begin(const TraceHeader& header) override { header_ = header; }
  void Add(const TraceRecord& record) override;
  void Finish() override {}

  struct PageCount {
    u32 page;  // linear address
    u64 count;
  };
  struct Call {
    u64 count = 0;
    u64 async = 0;
  };
  struct Queue {
    u64 requests = 0;
    u64 out_bytes = 0;  // from the Guest
    u64 written = 0;    // to the Guest
  };
  // A page table in a slot.
  struct Tenancy {
    u32 slot;
    u32 gpgdir;
    u64 from_ns;
    u64 to_ns;
  };
  struct Irq {
    u64 raised = 0;
    u64 injected = 0;
  };

  const TraceHeader& header() const { return header_; }
  bool empty() const { return events_ == 0; }
  u64 events() const { return events_; }
  u64 last_ns() const { return last_ns_; }
  u64 last_insn() const { return last_insn_; }
  u64 sleep_ns() const { return sleep_ns_; }
  u64 guest_instructions() const { return guest_insns_; }
  u64 switcher_instructions() const { return switcher_insns_; }
  u64 bin_ns() const { return bin_ns_; }
  u32 bins_used() const;
  const std::map<std::string, TimeSeries>& causes() const { return causes_; }
  const TimeSeries& fills() const { return fills_; }
  const TimeSeries& reflected() const { return reflected_; }
  // By 4 MiB of linear addresses.
  const std::map<u32, TimeSeries>& fault_regions() const { return fault_regions_; }
  // Most first, at most `limit`.
  std::vector<PageCount> MostFaultedPages(size_t limit) const;
  const std::map<std::string, Call>& calls() const { return calls_; }
  const TimeSeries& pool_pages() const { return pool_; }  // the highest of each bin
  // Without the tenants of this moment; limited.
  std::vector<Tenancy> Tenancies() const;
  bool tenancies_cut() const { return tenancies_.size() == kMaxTenancies; }
  u64 switches() const { return switches_; }
  u64 flushes() const { return flushes_; }
  const std::map<std::pair<std::string, u32>, Queue>& queues() const { return queues_; }
  const std::map<u32, Irq>& irqs() const { return irqs_; }
  const TimeSeries& requests() const { return requests_; }
  const std::string& console() const { return console_; }
  u64 console_lost() const { return console_lost_; }

 private:
  static constexpr size_t kMaxTenancies = 1500;
  static constexpr size_t kMaxPages = 1 << 17;
  static constexpr size_t kMaxConsole = 4 << 20;

  void MoveTo(u64 ns);
  void Widen();
  void Count(TimeSeries& series) {
    ++series.bins[bin_];
    ++series.total;
  }
  void AddCrossing(const TraceRecord& record);
  void AddFault(const TraceRecord& record);
  void AddShadow(const TraceRecord& record);
  void AddDevice(const TraceRecord& record);
  void NotePool(const TraceRecord& record);
  void NoteTenant(u32 slot, u32 gpgdir);

  TraceHeader header_;
  u64 events_ = 0;
  u64 last_ns_ = 0;
  u64 last_insn_ = 0;
  u64 bin_ns_ = 1000;
  u32 bin_ = 0;
  u64 guest_insns_ = 0;
  u64 switcher_insns_ = 0;
  u64 sleep_ns_ = 0;
  u64 sleep_since_ = 0;
  std::map<std::string, TimeSeries> causes_;
  TimeSeries fills_;
  TimeSeries reflected_;
  std::map<u32, TimeSeries> fault_regions_;
  std::map<u32, u64> pages_;
  std::map<std::string, Call> calls_;
  TimeSeries pool_;
  std::map<u32, Tenancy> tenants_;
  std::vector<Tenancy> tenancies_;
  u64 switches_ = 0;
  u64 flushes_ = 0;
  std::map<std::pair<std::string, u32>, Queue> queues_;
  std::map<u32, Irq> irqs_;
  TimeSeries requests_;
  std::string console_;
  u64 console_lost_ = 0;
};

}  // namespace lgx

#endif  // LGX_REPORT_RUN_SUMMARY_H_
