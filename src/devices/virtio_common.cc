#include "devices/virtio_common.h"

#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/bits.h"
#include "base/check.h"
#include "base/endian.h"
#include "base/log.h"

namespace lgx {
namespace {

// Registers: offset and natural width.
struct Register {
  u32 offset;
  u32 width;
  bool operator==(const Register&) const = default;
};
constexpr Register kOfferedSelect{0x00, 4};
constexpr Register kOfferedFeatures{0x04, 4};
constexpr Register kAcceptedSelect{0x08, 4};
constexpr Register kAcceptedFeatures{0x0c, 4};
constexpr Register kMsixConfig{0x10, 2};
constexpr Register kNumQueues{0x12, 2};
constexpr Register kStatus{0x14, 1};
// 0x15: config_generation. No configuration ever changes by itself, so it stays 0.
constexpr Register kQueueSelect{0x16, 2};
constexpr Register kQueueSize{0x18, 2};
constexpr Register kQueueMsix{0x1a, 2};
constexpr Register kQueueEnable{0x1c, 2};
// 0x1e: queue_notify_off. All queues share one notify register.
constexpr u32 kQueueAddresses = 0x20;  // three of 64 bits, each written as two halves

constexpr u16 kNoVector = 0xffff;

constexpr u8 kAcknowledge = 1;
constexpr u8 kDriver = 2;
constexpr u8 kDriverOk = 4;
constexpr u8 kFeaturesOk = 8;
constexpr u8 kFailed = 128;
constexpr u8 kDriversBits = kAcknowledge | kDriver | kDriverOk | kFeaturesOk | kFailed;

}  // namespace

VirtioCommon::VirtioCommon(Device& device)
    : device_(&device), queues_(device.shape().queue_sizes.size()) {
  ClearQueues();
}

u64 VirtioCommon::Offered() const {
  const std::vector<u8>& features = device_->shape().features;
  u64 bits = 0;
  for (u32 i = 0; i < features.size() && i < 8; ++i) bits |= u64{features[i]} << (8 * i);
  return bits;
}

VirtioCommon::Queue* VirtioCommon::Selected() {
  return queue_select_ < queues_.size() ? &queues_[queue_select_] : nullptr;
}

const VirtioCommon::Queue* VirtioCommon::Selected() const {
  return queue_select_ < queues_.size() ? &queues_[queue_select_] : nullptr;
}

u32 VirtioCommon::Read(u32 offset, u32 width) const {
  CHECK(width <= 4 && offset <= kSize - width) << offset << ", " << width << " bytes";
  std::array<u8, kSize> image{};
  const auto put = [&image]<typename T>(u32 at, T value) {
    StoreLe<T>(image.data() + at, value);
  };
  const auto half = [](u64 bits, u32 select) -> u32 {
    return select < 2 ? static_cast<u32>(bits >> (32 * select)) : 0;
  };
  put(kOfferedSelect.offset, offered_select_);
  put(kOfferedFeatures.offset, half(Offered(), offered_select_));
  put(kAcceptedSelect.offset, accepted_select_);
  put(kAcceptedFeatures.offset, half(accepted_, accepted_select_));
  put(kMsixConfig.offset, kNoVector);
  put(kNumQueues.offset, static_cast<u16>(queues_.size()));
  put(kStatus.offset, status_);
  put(kQueueSelect.offset, queue_select_);
  put(kQueueMsix.offset, kNoVector);
  if (const Queue* queue = Selected()) {
    put(kQueueSize.offset, queue->ring.size);
    put(kQueueEnable.offset, u16{queue->enabled});
    put(kQueueAddresses, queue->ring.descriptors);
    put(kQueueAddresses + 8, queue->ring.available);
    put(kQueueAddresses + 16, queue->ring.used);
  }
  u32 value = 0;
  for (u32 i = 0; i < width; ++i) value |= u32{image[offset + i]} << (8 * i);
  return value;
}

MaybeViolation VirtioCommon::Write(u32 offset, u32 width, u32 value) {
  CHECK(width <= 4 && offset <= kSize - width) << offset << ", " << width << " bytes";
  const Register at{offset, width};
  if (at == kOfferedSelect) {
    offered_select_ = value;
  } else if (at == kAcceptedSelect) {
    accepted_select_ = value;
  } else if (at == kAcceptedFeatures) {
    WriteFeatures(value);
  } else if (at == kStatus) {
    return WriteStatus(static_cast<u8>(value));
  } else if (at == kQueueSelect) {
    queue_select_ = static_cast<u16>(value);
  } else if (at == kQueueEnable) {
    return Enable(static_cast<u16>(value));
  } else if (Queue* queue = Selected(); queue == nullptr || queue->enabled) {
    Ignore();
  } else if (at == kQueueSize) {
    queue->ring.size = static_cast<u16>(value);
  } else if (offset >= kQueueAddresses && width == 4 && offset % 4 == 0) {
    WriteAddress(offset - kQueueAddresses, value);
  } else {
    Ignore();
  }
  return std::nullopt;
}

void VirtioCommon::WriteFeatures(u32 value) {
  if (accepted_select_ > 1 || (status_ & kFeaturesOk) != 0) {
    Ignore();
    return;
  }
  accepted_ = WithBits<u64>(accepted_, 32 * accepted_select_, 32, value);
}

void VirtioCommon::WriteAddress(u32 offset, u32 value) {
  RingRequest& ring = Selected()->ring;
  u64* const addresses[] = {&ring.descriptors, &ring.available, &ring.used};
  u64* const address = addresses[offset / 8];
  *address = WithBits<u64>(*address, offset % 8 * 8, 32, value);
}

MaybeViolation VirtioCommon::Enable(u16 value) {
  Queue* queue = Selected();
  if (queue == nullptr || queue->enabled || value != 1) {
    Ignore();
    return std::nullopt;
  }
  const u16 largest = device_->shape().queue_sizes[queue_select_];
  if (queue->ring.size > largest) {
    return Violation{ViolationKind::kBadRing,
                     absl::StrFormat("Guest asked for a ring of %d entries, more than %d",
                                     queue->ring.size, largest),
                     device_->name(), queue_select_, -1};
  }
  if (MaybeViolation bad = device_->ConnectQueue(queue_select_, queue->ring)) return bad;
  queue->enabled = true;
  return std::nullopt;
}

//: devices.110 A handshake that can be refused
// In the old virtio a driver wrote down which features it took, and that was that. Here
// it asks: it sets FEATURES_OK and reads the byte back. If the bit is not there, device
// and driver have no common language, and the driver gives up before anything has
// happened. So the device says no by doing nothing. Likewise nothing starts until
// DRIVER_OK, and only a written 0 takes anything back.
//:
MaybeViolation VirtioCommon::WriteStatus(u8 value) {
  Logf(LogLevel::kDebug, "Device %s status 0x%02x", device_->name(), value);
  if (value == 0) {
    Reset();
    return std::nullopt;
  }
  const u8 fresh = static_cast<u8>(value & ~status_ & kDriversBits);
  status_ |= fresh & (kAcknowledge | kDriver);
  if ((fresh & kFailed) != 0) {
    Logf(std::exchange(failure_shown_, true) ? LogLevel::kDebug : LogLevel::kWarning,
         "Device %s configuration FAILED", device_->name());
    const u8 kept = static_cast<u8>(status_ | kFailed);
    Reset();
    status_ = kept & (kAcknowledge | kDriver | kFailed);
    return std::nullopt;
  }
  if ((fresh & kFeaturesOk) != 0) {
    if (TestBit(accepted_, kFeatureVersion1) && (accepted_ & ~Offered()) == 0) {
      status_ |= kFeaturesOk;
    } else {
      Logf(LogLevel::kDebug, "Device %s refuses features 0x%x of offered 0x%x",
           device_->name(), accepted_, Offered());
    }
  }
  if ((fresh & kDriverOk) == 0 || (status_ & (kFeaturesOk | kFailed)) != kFeaturesOk) {
    return std::nullopt;
  }
  status_ |= kDriverOk;
  return Start();
}

MaybeViolation VirtioCommon::Start() {
  std::array<u8, 8> accepted;
  StoreLe<u64>(accepted.data(), accepted_);
  Logf(LogLevel::kDebug, "Device %s OK: offered 0x%x, accepted 0x%x", device_->name(),
       Offered(), accepted_);
  device_->Start(accepted);
  for (u32 i = 0; i < queues_.size(); ++i) {
    if (!queues_[i].enabled) continue;
    if (MaybeViolation bad = device_->Serve(i)) return bad;
  }
  return std::nullopt;
}

void VirtioCommon::Reset() {
  device_->Reset();
  for (u32 i = 0; i < queues_.size(); ++i) device_->DisconnectQueue(i);
  ClearQueues();
  offered_select_ = 0;
  accepted_select_ = 0;
  accepted_ = 0;
  queue_select_ = 0;
  status_ = 0;
}

void VirtioCommon::ClearQueues() {
  for (u32 i = 0; i < queues_.size(); ++i) {
    queues_[i] = Queue{};
    queues_[i].ring.size = device_->shape().queue_sizes[i];
  }
}

MaybeViolation VirtioCommon::Notify(u16 queue) {
  if (queue >= queues_.size()) {
    return Violation{
        ViolationKind::kBadNotify,
        absl::StrFormat("Guest notified queue %d of %d", queue, queues_.size()),
        device_->name(), -1, -1};
  }
  if (!device_->running() || !queues_[queue].enabled) {
    Ignore();
    return std::nullopt;
  }
  return device_->Serve(queue);
}

void VirtioCommon::AppendState(ByteWriter* state) const {
  state->U32(offered_select_);
  state->U32(accepted_select_);
  state->U64(accepted_);
  state->U16(queue_select_);
  state->U8(status_);
  for (const Queue& queue : queues_) {
    state->U16(queue.ring.size);
    state->U64(queue.ring.descriptors);
    state->U64(queue.ring.available);
    state->U64(queue.ring.used);
    state->U8(queue.enabled ? 1 : 0);
  }
}

void VirtioCommon::SaveState(ByteWriter* out) const {
  AppendState(out);
  out->U64(ignored_writes_);
  out->U8(failure_shown_ ? 1 : 0);
}

void VirtioCommon::LoadState(ByteReader* in) {
  offered_select_ = in->U32("which features are shown");
  accepted_select_ = in->U32("which features are written");
  accepted_ = in->U64("accepted features");
  queue_select_ = in->U16("the selected queue");
  status_ = in->U8("the status of a device");
  for (Queue& queue : queues_) {
    queue.ring.size = in->U16("the size of a queue");
    queue.ring.descriptors = in->U64("the descriptors of a queue");
    queue.ring.available = in->U64("the available ring of a queue");
    queue.ring.used = in->U64("the used ring of a queue");
    queue.enabled = in->U8("whether a queue is enabled") != 0;
  }
  ignored_writes_ = in->U64("a counter of a device");
  failure_shown_ = in->U8("whether a failure was shown") != 0;
}

}  // namespace lgx
