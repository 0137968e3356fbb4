#include "hypercalls/notify_map.h"

namespace lgx {

NotifyMap::~NotifyMap() {
  for (Entry* entry = first_.load(); entry != nullptr;) {
    Entry* next = entry->next.load();
    delete entry;
    entry = next;
  }
}

void NotifyMap::Add(u32 address, std::shared_ptr<EventCounter> event) {
  auto* entry = new Entry{address, std::move(event)};
  std::atomic<Entry*>* end = &first_;
  for (Entry* expected = nullptr; !end->compare_exchange_strong(expected, entry);
       expected = nullptr) {
    end = &expected->next;  // somebody is there already: try behind it
  }
  size_.fetch_add(1, std::memory_order_release);
}

bool NotifyMap::Signal(u32 value) const {
  const Entry* entry = first_.load(std::memory_order_acquire);
  for (u32 left = size_.load(std::memory_order_acquire); left != 0 && entry != nullptr;
       --left, entry = entry->next.load(std::memory_order_acquire)) {
    if (entry->address != value) continue;
    entry->event->Signal();
    return true;
  }
  return false;
}

}  // namespace lgx
