// Which notifications of a Guest go to an event object instead of the Launcher's read()
// (host-08 sections 5 and 6).
//
// The map only grows, so it is a chain: whoever adds hangs a finished entry on its end
// with one compare-and-exchange, and then counts it. Readers take the count once and walk
// that far. They never wait, never see half an entry, and nothing they look at is freed
// before the map itself. (The reference copies the whole map and frees the old one after
// a grace period. What can be observed is the same.)
#ifndef LGX_HYPERCALLS_NOTIFY_MAP_H_
#define LGX_HYPERCALLS_NOTIFY_MAP_H_

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "base/types.h"

namespace lgx {

// An eventfd: a counter that many may raise and one takes.
class EventCounter {
 public:
  // `on_signal` runs at the end of every Signal(), on the thread that signals.
  explicit EventCounter(std::function<void()> on_signal = {})
      : on_signal_(std::move(on_signal)) {}

  void Signal() {
    count_.fetch_add(1, std::memory_order_acq_rel);
    if (on_signal_) on_signal_();
  }
  // The count so far; it is 0 afterwards.
  u64 Take() { return count_.exchange(0, std::memory_order_acq_rel); }

 private:
  std::atomic<u64> count_{0};
  std::function<void()> on_signal_;
};

class NotifyMap {
 public:
  NotifyMap() = default;
  ~NotifyMap();
  NotifyMap(const NotifyMap&) = delete;
  NotifyMap& operator=(const NotifyMap&) = delete;

  // The first entry of an address wins; a second one never fires. From any thread.
  void Add(u32 address, std::shared_ptr<EventCounter> event);

  // True if `value` has an entry, which was signalled. An entry that is added meanwhile
  // counts from the next notification on.
  bool Signal(u32 value) const;

 private:
  struct Entry {
    u32 address;
    std::shared_ptr<EventCounter> event;
    std::atomic<Entry*> next{nullptr};
  };

  std::atomic<Entry*> first_{nullptr};
  std::atomic<u32> size_{0};
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_NOTIFY_MAP_H_
