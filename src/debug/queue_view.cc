#include "debug/queue_view.h"

#include "absl/strings/str_format.h"

namespace lgx {
namespace {

std::string ViewQueue(const Virtqueue& queue, size_t index) {
  if (!queue.connected()) {
    return absl::StrFormat("  queue %d  no ring yet\n", index);
  }
  const RingLayout& ring = queue.ring();
  const Virtqueue::Progress at = queue.progress();
  const u16 waiting = static_cast<u16>(at.announced - at.taken);
  const u16 held = static_cast<u16>(at.taken - at.answered);
  std::string text = absl::StrFormat(
      "  queue %d  %d entries, irq %d; gpa of descriptors 0x%08x, available 0x%08x, used "
      "0x%08x\n",
      index, ring.size, queue.irq(), ring.descriptors.value, ring.available.value,
      ring.used.value);
  text += absl::StrFormat("           announced %d, taken %d, answered %d", at.announced,
                          at.taken, at.answered);
  if (waiting != 0) text += absl::StrFormat("; %d wait to be taken", waiting);
  if (held != 0) text += absl::StrFormat("; the device holds %d", held);
  return text + "\n";
}

}  // namespace

std::string ViewQueues(DeviceBus& bus) {
  std::string text;
  for (size_t i = 0; i < bus.device_count(); ++i) {
    const Device& device = bus.device(i);
    text +=
        absl::StrFormat("%s: %s\n", device.name(),
                        device.running() ? "running" : "the driver has not started it");
    for (size_t n = 0; n < device.queues().size(); ++n) {
      text += ViewQueue(device.queues()[n], n);
    }
  }
  return text;
}

}  // namespace lgx
