#include "devices/backend_buffer.h"

#include <algorithm>
#include <utility>

namespace lgx {

void BufferBackend::Write(std::span<const u8> bytes) {
  output_.append(bytes.begin(), bytes.end());
}

std::size_t BufferBackend::Read(std::span<u8> to) {
  const std::size_t count = std::min(to.size(), input_.size());
  const auto end = input_.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(input_.begin(), end, to.begin());
  input_.erase(input_.begin(), end);
  return count;
}

std::optional<ConsoleEvent> BufferBackend::NextEvent() {
  if (events_.empty()) return std::nullopt;
  ConsoleEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace lgx
