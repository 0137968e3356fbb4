// The Launcher's open descriptors, as far as LHREQ_EVENTFD has to tell them apart.
#ifndef LGX_HYPERCALLS_EVENT_FILES_H_
#define LGX_HYPERCALLS_EVENT_FILES_H_

#include <memory>
#include <utility>
#include <vector>

#include "hypercalls/notify_map.h"

namespace lgx {

class EventFiles {
 public:
  // The lowest free number gets the event object; null stands for any other kind of file.
  u32 Open(std::shared_ptr<EventCounter> event) {
    u32 fd = 0;
    while (fd < files_.size() && files_[fd].open) ++fd;
    if (fd == files_.size()) files_.emplace_back();
    files_[fd] = {true, std::move(event)};
    return fd;
  }
  // The event object lives on where it is still used.
  void Close(u32 fd) {
    if (IsOpen(fd)) files_[fd] = {};
  }
  bool IsOpen(u32 fd) const { return fd < files_.size() && files_[fd].open; }
  // Null if `fd` is not open or not an eventfd.
  std::shared_ptr<EventCounter> Event(u32 fd) const {
    return IsOpen(fd) ? files_[fd].event : nullptr;
  }

 private:
  struct File {
    bool open = false;
    std::shared_ptr<EventCounter> event;
  };
  std::vector<File> files_;
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_EVENT_FILES_H_
