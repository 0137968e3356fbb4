#include "report/run_summary.h"

#include <algorithm>

#include "switcher/passage.h"

namespace lgx {
namespace {

constexpr u32 kRegionShift = 22;  // 4 MiB

void FoldCounts(TimeSeries& series) {
  for (u32 i = 0; i < kTimeBins; i++) {
    series.bins[i] =
        2 * i + 1 < kTimeBins ? series.bins[2 * i] + series.bins[2 * i + 1] : 0;
  }
}

void FoldMaxima(TimeSeries& series) {
  for (u32 i = 0; i < kTimeBins; i++) {
    series.bins[i] =
        2 * i + 1 < kTimeBins ? std::max(series.bins[2 * i], series.bins[2 * i + 1]) : 0;
  }
}

}  // namespace

// Two bins become one.
void RunSummary::Widen() {
  bin_ns_ *= 2;
  for (auto& [name, series] : causes_) FoldCounts(series);
  for (auto& [region, series] : fault_regions_) FoldCounts(series);
  for (TimeSeries* series : {&fills_, &reflected_, &requests_}) FoldCounts(*series);
  FoldMaxima(pool_);
}

void RunSummary::MoveTo(u64 ns) {
  while (ns / bin_ns_ >= kTimeBins) Widen();
  bin_ = static_cast<u32>(ns / bin_ns_);
}

u32 RunSummary::bins_used() const {
  return std::min<u32>(kTimeBins, static_cast<u32>(last_ns_ / bin_ns_) + 1);
}

void RunSummary::Add(const TraceRecord& record) {
  ++events_;
  last_ns_ = record.ns;
  last_insn_ = record.insn;
  MoveTo(record.ns);
  switch (record.category) {
    case TraceCategory::kCrossing:
      if (record.phase == TracePhase::kEnd) AddCrossing(record);
      return;
    case TraceCategory::kHypercall: {
      Call& call = calls_[std::string(record.name)];
      ++call.count;
      call.async += record.Arg("async");
      return;
    }
    case TraceCategory::kFault:
      return AddFault(record);
    case TraceCategory::kDemand:
      if (record.name == "fill") Count(fills_);
      return NotePool(record);
    case TraceCategory::kShadow:
      return AddShadow(record);
    case TraceCategory::kIrq: {
      Irq& irq = irqs_[static_cast<u32>(record.Arg("irq"))];
      ++(record.name == "raise" ? irq.raised : irq.injected);
      return;
    }
    case TraceCategory::kTimer:
      if (record.name != "sleep") return;
      if (record.phase == TracePhase::kBegin) {
        sleep_since_ = record.ns;
      } else {
        sleep_ns_ += record.ns - sleep_since_;
      }
      return;
    case TraceCategory::kDevice:
      return AddDevice(record);
    case TraceCategory::kConsole:
      if (record.name != "output") return;
      if (console_.size() + record.text.size() > kMaxConsole) {
        console_lost_ += record.text.size();
      } else {
        console_ += record.text;
      }
      return;
    case TraceCategory::kInsn:
    case TraceCategory::kMem:
      return;
  }
}

void RunSummary::AddCrossing(const TraceRecord& record) {
  Count(causes_[std::string(record.text)]);
  guest_insns_ += record.Arg("guest_instructions");
  switcher_insns_ += kPassageIn + record.Arg("switcher_out");
}

void RunSummary::AddFault(const TraceRecord& record) {
  if (record.name == "reflect") {
    if (record.Arg("trap") == 14) Count(reflected_);
    return;
  }
  const u32 lin = static_cast<u32>(record.Arg("lin"));
  Count(fault_regions_[lin >> kRegionShift]);
  const u32 page = lin & ~kPageMask;
  if (pages_.size() < kMaxPages || pages_.contains(page)) ++pages_[page];
}

void RunSummary::NotePool(const TraceRecord& record) {
  pool_.bins[bin_] = std::max(pool_.bins[bin_], record.Arg("pool_pages"));
}

void RunSummary::NoteTenant(u32 slot, u32 gpgdir) {
  const auto found = tenants_.find(slot);
  if (found != tenants_.end()) {
    if (found->second.gpgdir == gpgdir) return;
    found->second.to_ns = last_ns_;
    if (tenancies_.size() < kMaxTenancies) tenancies_.push_back(found->second);
  }
  tenants_[slot] = {slot, gpgdir, last_ns_, last_ns_};
}

std::vector<RunSummary::Tenancy> RunSummary::Tenancies() const {
  std::vector<Tenancy> all = tenancies_;
  for (const auto& [slot, tenant] : tenants_) {
    all.push_back(tenant);
    all.back().to_ns = last_ns_;
  }
  return all;
}

void RunSummary::AddShadow(const TraceRecord& record) {
  NotePool(record);
  if (record.name != "switch") {
    ++flushes_;
    return;
  }
  ++switches_;
  NoteTenant(static_cast<u32>(record.Arg("slot")),
             static_cast<u32>(record.Arg("gpgdir")));
}

void RunSummary::AddDevice(const TraceRecord& record) {
  Queue& queue =
      queues_[{std::string(record.text), static_cast<u32>(record.Arg("queue"))}];
  if (record.name == "request") {
    ++queue.requests;
    queue.out_bytes += record.Arg("out_bytes");
    Count(requests_);
  } else {
    queue.written += record.Arg("written");
  }
}

std::vector<RunSummary::PageCount> RunSummary::MostFaultedPages(size_t limit) const {
  std::vector<PageCount> all;
  for (const auto& [page, count] : pages_) all.push_back({page, count});
  std::sort(all.begin(), all.end(), [](const PageCount& a, const PageCount& b) {
    return a.count != b.count ? a.count > b.count : a.page < b.page;
  });
  if (all.size() > limit) all.resize(limit);
  return all;
}

}  // namespace lgx
