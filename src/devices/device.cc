#include "devices/device.h"

#include <utility>

#include "base/bits.h"

namespace lgx {

Device::Device(DeviceShape shape) : shape_(std::move(shape)) {}

void Device::TurnModern() {
  std::vector<u8>& features = shape_.features;
  if (features.size() <= kFeatureVersion1 / 8) features.resize(kFeatureVersion1 / 8 + 1);
  features[kFeatureNotifyOnEmpty / 8] &=
      static_cast<u8>(~(1 << kFeatureNotifyOnEmpty % 8));
  features[kFeatureVersion1 / 8] |= 1 << kFeatureVersion1 % 8;
  OnTurnModern(&shape_);
}

void Device::WriteConfig(u32, u32, u32) {}

void Device::Start(std::span<const u8> accepted) {
  accepted_.assign(shape_.features.size(), 0);
  for (std::size_t i = 0; i < accepted_.size() && i < accepted.size(); ++i) {
    accepted_[i] = accepted[i] & shape_.features[i];
  }
  running_ = true;
  const bool notify_on_empty = Accepted(kFeatureNotifyOnEmpty);
  for (Virtqueue& queue : queues_) queue.Start(notify_on_empty);
}

void Device::Reset() {
  running_ = false;
  accepted_.clear();
  for (Virtqueue& queue : queues_) queue.Start(false);
  OnReset();
}

bool Device::Accepted(u32 bit) const {
  return bit / 8 < accepted_.size() && TestBit<u8>(accepted_[bit / 8], bit % 8);
}

void Device::AppendState(ByteWriter* state) const {
  state->U8(shape_.type);
  state->U8(running_ ? 1 : 0);
  state->U32(static_cast<u32>(accepted_.size()));
  state->Bytes(accepted_);
  for (const Virtqueue& queue : queues_) queue.AppendState(state);
  AppendOwnState(state);
}

void Device::SaveState(ByteWriter* out) const {
  out->U8(shape_.type);
  out->U8(running_ ? 1 : 0);
  out->U32(static_cast<u32>(accepted_.size()));
  out->Bytes(accepted_);
  out->U32(static_cast<u32>(queues_.size()));
  for (const Virtqueue& queue : queues_) queue.SaveState(out);
  SaveOwnState(out);
}

void Device::LoadState(ByteReader* in) {
  if (in->U8("the type of a device") != shape_.type) {
    in->Fail("another device stands where " + name() + " is");
    return;
  }
  running_ = in->U8("whether a device runs") != 0;
  const u32 features = in->U32("the number of feature bytes");
  if (features != 0 && features != shape_.features.size()) {
    in->Fail(name() + " has another number of features");
    return;
  }
  const std::span<const u8> accepted = in->Bytes(features, "features");
  accepted_.assign(accepted.begin(), accepted.end());
  for (std::size_t i = 0; i < accepted_.size(); ++i) accepted_[i] &= shape_.features[i];
  if (in->U32("the number of rings") != queues_.size()) {
    in->Fail(name() + " has another number of rings");
    return;
  }
  for (Virtqueue& queue : queues_) queue.LoadState(in);
  LoadOwnState(in);
}

}  // namespace lgx
