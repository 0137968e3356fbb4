#include "devices/virtio_pci.h"

#include <utility>
#include <vector>

#include "base/bits.h"
#include "base/byte_writer.h"
#include "base/check.h"

namespace lgx {
namespace {

constexpr u16 kVirtioVendor = 0x1af4;
constexpr u16 kFirstDevice = 0x1040;  // and the virtio type on top
constexpr u16 kSubsystemId = 0x0040;
constexpr u8 kRevisionModern = 1;
constexpr u8 kVendorCapability = 0x09;

// cfg_type of a virtio capability, and its fields.
constexpr u8 kCapCommon = 1;
constexpr u8 kCapNotify = 2;
constexpr u8 kCapIsr = 3;
constexpr u8 kCapDevice = 4;
constexpr u8 kCapWindow = 5;
constexpr u32 kCapBar = 4;
constexpr u32 kCapOffset = 8;
constexpr u32 kCapLength = 12;
constexpr u32 kCapData = 16;  // of the window only
constexpr u32 kCapBytes = 16;

constexpr u8 kIsrQueue = 1;

u16 ClassOf(u8 virtio_type) {
  switch (virtio_type) {
    case kVirtioNet:
      return 0x0200;  // network, Ethernet
    case kVirtioBlock:
      return 0x0180;  // mass storage, other
    case kVirtioConsole:
      return 0x0780;  // communication, other
    default:
      return 0x00ff;  // none of the classes
  }
}

// Body of a capability, from the length byte on.
std::vector<u8> RegistersCapability(u8 type, u32 offset, u32 length, u32 extra) {
  ByteWriter body;
  body.U8(static_cast<u8>(kCapBytes + extra));
  body.U8(type);
  body.U8(0);  // BAR 0
  body.Bytes(std::vector<u8>(3));
  body.U32(offset);
  body.U32(length);
  body.Bytes(std::vector<u8>(extra));
  return body.Take();
}

bool Overlaps(u32 offset, u32 width, u32 start, u32 length) {
  return offset < start + length && start < offset + width;
}

}  // namespace

VirtioPci::VirtioPci(GuestView& memory, IrqLine& irqs, std::unique_ptr<Device> device,
                     u32 irq, Gpa bar)
    : irqs_(&irqs), device_(std::move(device)), irq_(irq) {
  device_->TurnModern();
  const u32 queues = static_cast<u32>(device_->shape().queue_sizes.size());
  for (u32 i = 0; i < queues; ++i) {
    device_->AttachQueue(
        Virtqueue(memory, static_cast<IrqLine&>(*this), device_->name(), i, irq));
  }
  common_ = std::make_unique<VirtioCommon>(*device_);
  FillHeader(bar);
  AddCapabilities();
}

void VirtioPci::FillHeader(Gpa bar) {
  const u8 type = device_->shape().type;
  config_.Set(pci::kVendor, 2, kVirtioVendor);
  config_.Set(pci::kDevice, 2, kFirstDevice + u32{type});
  config_.Set(pci::kStatus, 2, pci::kStatusCapabilities);
  config_.Set(pci::kRevision, 1, kRevisionModern);
  config_.Set(pci::kClass, 2, ClassOf(type));
  config_.Set(pci::kBar0, 4, bar.value);  // 32 bits wide, not prefetchable
  config_.Set(pci::kSubsystemVendor, 2, kVirtioVendor);
  config_.Set(pci::kSubsystem, 2, kSubsystemId);
  config_.Set(pci::kInterruptLine, 1, irq_);
  config_.Set(pci::kInterruptPin, 1, 1);
  config_.Allow(pci::kCommand, 2,
                pci::kCommandMemory | pci::kCommandMaster | pci::kCommandNoInterrupt);
  config_.Allow(pci::kBar0, 4, ~(kBarSize - 1));
  config_.Allow(pci::kInterruptLine, 1, 0xff);
}

void VirtioPci::AddCapabilities() {
  // The list is read from the last one added to the first.
  const u32 config_bytes = static_cast<u32>(device_->shape().config.size());
  CHECK(config_bytes <= kBarSize - kDeviceConfig) << device_->name();
  if (config_bytes != 0) AddRegisters(kCapDevice, kDeviceConfig, config_bytes);
  window_at_ = config_.AddCapability(kVendorCapability,
                                     RegistersCapability(kCapWindow, 0, 0, sizeof(u32)));
  config_.Allow(window_at_ + kCapBar, 1, 0xff);
  config_.Allow(window_at_ + kCapOffset, 4, 0xffffffff);
  config_.Allow(window_at_ + kCapLength, 4, 0xffffffff);
  config_.Allow(window_at_ + kCapData, 4, 0xffffffff);
  AddRegisters(kCapIsr, kIsr, 1);
  // All queues share one register: the multiplier behind this capability stays 0.
  config_.AddCapability(kVendorCapability,
                        RegistersCapability(kCapNotify, kNotify, 2, sizeof(u32)));
  AddRegisters(kCapCommon, 0, VirtioCommon::kSize);
}

u32 VirtioPci::AddRegisters(u8 type, u32 offset, u32 length) {
  return config_.AddCapability(kVendorCapability,
                               RegistersCapability(type, offset, length, 0));
}

//: devices.120 A window for those who cannot map memory
// Device memory has to be mapped before it can be used, and a kernel that prints its very
// first line has no page tables to map it with. So one capability is a window: the Guest
// writes into it which register it means, and reading or writing the last four bytes of
// the capability does that access. Early text goes this way, a character at a time, into
// a field of the console that exists for nothing else.
//:
// Which windows are open? Any other reads as all ones, and writing has no effect.
//   bar       0
//   length    1, 2 or 4
//   offset    a multiple of the length, inside the page
bool VirtioPci::FindWindow(Window* window) const {
  const u32 offset = config_.Read(window_at_ + kCapOffset, 4);
  const u32 width = config_.Read(window_at_ + kCapLength, 4);
  if (config_.Read(window_at_ + kCapBar, 1) != 0) return false;
  if (width != 1 && width != 2 && width != 4) return false;
  if (offset % width != 0 || offset >= kBarSize) return false;
  *window = Window{offset, width};
  return true;
}

u32 VirtioPci::ReadConfig(u32 offset, u32 width) {
  if (Overlaps(offset, width, window_at_ + kCapData, 4)) {
    Window window;
    const u32 value =
        FindWindow(&window) ? ReadRegister(window.offset, window.width) : 0xffffffff;
    config_.Set(window_at_ + kCapData, 4, value);
  }
  // The interrupt line is as long asserted as the ISR says something.
  config_.Set(pci::kStatus, 2,
              pci::kStatusCapabilities | (isr_ != 0 ? pci::kStatusInterrupt : 0));
  return config_.Read(offset, width);
}

MaybeViolation VirtioPci::WriteConfig(u32 offset, u32 width, u32 value) {
  config_.Write(offset, width, value);
  // The first byte does the access, with what stands in the others.
  const u32 data_at = window_at_ + kCapData;
  if (!Overlaps(offset, width, data_at, 1)) return std::nullopt;
  Window window;
  if (!FindWindow(&window)) return std::nullopt;
  return WriteRegister(window.offset, window.width, config_.Read(data_at, window.width));
}

bool VirtioPci::Claims(Gpa at) const {
  if ((config_.Read(pci::kCommand, 2) & pci::kCommandMemory) == 0) return false;
  return config_.Read(pci::kBar0, 4) == AlignDown<u32>(at.value, kBarSize);
}

u32 VirtioPci::ReadDeviceConfig(u32 offset, u32 width) const {
  const std::vector<u8>& config = device_->shape().config;
  u32 value = 0;
  for (u32 i = 0; i < width && offset + i < config.size(); ++i) {
    value |= u32{config[offset + i]} << (8 * i);
  }
  return value;
}

u32 VirtioPci::ReadRegister(u32 offset, u32 width) {
  CHECK(width <= 4 && offset <= kBarSize - width) << offset << ", " << width << " bytes";
  if (offset < VirtioCommon::kSize) {
    return offset + width <= VirtioCommon::kSize ? common_->Read(offset, width) : 0;
  }
  if (offset >= kDeviceConfig) return ReadDeviceConfig(offset - kDeviceConfig, width);
  if (offset != kIsr || width != 1) return 0;
  return std::exchange(isr_, u8{0});
}

MaybeViolation VirtioPci::WriteRegister(u32 offset, u32 width, u32 value) {
  CHECK(width <= 4 && offset <= kBarSize - width) << offset << ", " << width << " bytes";
  if (offset < VirtioCommon::kSize && offset + width <= VirtioCommon::kSize) {
    MaybeViolation bad = common_->Write(offset, width, value);
    if (common_->status() == 0) isr_ = 0;  // a reset, or a device not begun yet
    return bad;
  }
  if (offset == kNotify && width == 2) return common_->Notify(static_cast<u16>(value));
  const u64 config_end = kDeviceConfig + device_->shape().config.size();
  if (offset >= kDeviceConfig && offset + width <= config_end) {
    device_->WriteConfig(offset - kDeviceConfig, width, value);
    return std::nullopt;
  }
  ++ignored_writes_;
  return std::nullopt;
}

// lguest's interrupts are edges: each one that is raised is delivered once.
void VirtioPci::Raise(u32 irq) {
  isr_ |= kIsrQueue;
  const u32 command = config_.Read(pci::kCommand, 2);
  if ((command & pci::kCommandNoInterrupt) == 0) irqs_->Raise(irq);
}

void VirtioPci::AppendState(ByteWriter* state) const {
  device_->AppendState(state);
  common_->AppendState(state);
  state->Bytes(config_.bytes());
  state->U8(isr_);
}

void VirtioPci::SaveState(ByteWriter* out) const {
  device_->SaveState(out);
  common_->SaveState(out);
  out->Bytes(config_.bytes());
  out->U8(isr_);
  out->U64(ignored_writes_);
}

void VirtioPci::LoadState(ByteReader* in) {
  device_->LoadState(in);
  common_->LoadState(in);
  const std::span<const u8> config = in->Bytes(PciConfig::kSize, "a configuration space");
  if (in->ok()) config_.Restore(config);
  isr_ = in->U8("the interrupt status of a device");
  ignored_writes_ = in->U64("a counter of a device");
}

}  // namespace lgx
