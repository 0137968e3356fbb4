#include "devices/pci_bus.h"

#include <utility>

#include "base/bits.h"
#include "base/check.h"
#include "base/log.h"

namespace lgx {
namespace {

// The address register. The other bits are always 0.
constexpr u32 kEnable = 0x80000000;
constexpr u32 kAddressBits = 0x80fffffc;

// A bridge that nobody has a driver for. With the vendor of the devices, Linux's virtio
// driver would try it.
constexpr u16 kBridgeVendor = 0x1b36;
constexpr u16 kBridgeDevice = 0x0008;
constexpr u16 kBridgeClass = 0x0600;

u32 Ones(u32 width) { return LowMask<u32>(8 * width); }

}  // namespace

PciBus::PciBus(GuestView& memory, IrqLine& irqs, u32 mem_bytes)
    : memory_(&memory), irqs_(&irqs), mem_bytes_(mem_bytes) {
  CHECK((mem_bytes & kPageMask) == 0 &&
        mem_bytes + kFirstBarAbove + (kMaxIrq + 1) * VirtioPci::kBarSize <=
            kDeviceLimit << kPageShift)
      << mem_bytes << " bytes of RAM";
  bridge_.Set(pci::kVendor, 2, kBridgeVendor);
  bridge_.Set(pci::kDevice, 2, kBridgeDevice);
  bridge_.Set(pci::kClass, 2, kBridgeClass);
}

// An interrupt for each device, named like its slot.
Status PciBus::AddDevice(std::unique_ptr<Device> device) {
  const u32 slot = static_cast<u32>(slots_.size()) + 1;
  if (slot > kMaxIrq) {
    return Errorf(kInvalidArgument,
                  "Too many devices: %s would be number %d, and the PCI bus of a guest "
                  "has room for %d. Leave out some devices.",
                  device->name(), slot, kMaxIrq);
  }
  const Gpa bar(mem_bytes_ + kFirstBarAbove + slot * VirtioPci::kBarSize);
  Logf(LogLevel::kDebug, "device %d: %s, registers at 0x%08x", slot, device->name(),
       bar.value);
  slots_.push_back(
      std::make_unique<VirtioPci>(*memory_, *irqs_, std::move(device), slot, bar));
  return absl::OkStatus();
}

void PciBus::Finish() {
  CHECK(memory_->page_limit() == guest_pages())
      << "the guest has " << memory_->page_limit() << " pages, not " << guest_pages();
  CHECK(memory_->Fill(Gpa(mem_bytes_), 0, kExtraPages << kPageShift));
  if (slots_.size() > kMaxSafeIrq) {
    Logf(LogLevel::kWarning,
         "the devices use interrupts up to %d; a guest kernel without I/O APIC support "
         "has none above %d",
         slots_.size(), kMaxSafeIrq);
  }
}

//: devices.100 Two ports that lead to every device
// A PC finds its devices by asking. It writes a number to port 0xcf8: this bus, this
// slot, this register; and port 0xcfc then is that register, of 256 bytes for each
// device. Where nobody is, no one answers, and the wires read as ones. A kernel tries all
// of them at boot, which is some ten thousand instructions that its ring may not execute;
// each one stops it, and the Launcher does what a bridge would have done.
//:
u32 PciBus::ReadPort(u16 port, u32 width) {
  CHECK(OwnsPort(port) && width <= 4) << port;
  const u32 at = port & 3;
  if (at + width > 4) return Ones(width);
  if (port < kDataPort) return GetBits(address_, 8 * at, 8 * width);
  return ReadSpace((address_ & 0xfc) + at, width);
}

MaybeViolation PciBus::WritePort(u16 port, u32 width, u32 value) {
  CHECK(OwnsPort(port) && width <= 4) << port;
  const u32 at = port & 3;
  if (at + width > 4) return std::nullopt;
  if (port >= kDataPort) return WriteSpace((address_ & 0xfc) + at, width, value);
  address_ = WithBits(address_, 8 * at, 8 * width, value) & kAddressBits;
  return std::nullopt;
}

std::optional<u32> PciBus::Target() const {
  const u32 slot = GetBits(address_, 11, 5);
  const u32 bus_and_function = address_ & 0x00ff0700;
  if ((address_ & kEnable) == 0 || bus_and_function != 0 || slot > slots_.size()) {
    return std::nullopt;
  }
  return slot;
}

u32 PciBus::ReadSpace(u32 offset, u32 width) {
  const std::optional<u32> slot = Target();
  if (!slot) return Ones(width);
  return *slot == 0 ? bridge_.Read(offset, width)
                    : slots_[*slot - 1]->ReadConfig(offset, width);
}

MaybeViolation PciBus::WriteSpace(u32 offset, u32 width, u32 value) {
  const std::optional<u32> slot = Target();
  // The bridge has nothing to be written.
  if (!slot || *slot == 0) return std::nullopt;
  return slots_[*slot - 1]->WriteConfig(offset, width, value);
}

VirtioPci* PciBus::FindClaim(Gpa at) {
  for (const std::unique_ptr<VirtioPci>& slot : slots_) {
    if (slot->Claims(at)) return slot.get();
  }
  return nullptr;
}

u32 PciBus::ReadMemory(Gpa at, u32 width) {
  VirtioPci* device = FindClaim(at);
  return device == nullptr ? Ones(width) : device->ReadRegister(PageOffset(at), width);
}

MaybeViolation PciBus::WriteMemory(Gpa at, u32 width, u32 value) {
  VirtioPci* device = FindClaim(at);
  if (device == nullptr) return std::nullopt;
  return device->WriteRegister(PageOffset(at), width, value);
}

void PciBus::AppendState(ByteWriter* state) const {
  state->U32(address_);
  for (const std::unique_ptr<VirtioPci>& slot : slots_) slot->AppendState(state);
}

void PciBus::VisitStats(StatsVisitor& out) const {
  u64 ignored = 0;
  for (const std::unique_ptr<VirtioPci>& slot : slots_) {
    slot->device().VisitStats(out);
    ignored += slot->ignored_writes();
  }
  out.Counter("pci.ignored_writes", ignored);
}

void PciBus::SaveState(ByteWriter* out) const {
  out->U32(static_cast<u32>(slots_.size()));
  out->U32(address_);
  for (const std::unique_ptr<VirtioPci>& slot : slots_) slot->SaveState(out);
}

void PciBus::LoadState(ByteReader* in) {
  if (in->U32("the number of devices") != slots_.size()) {
    in->Fail("another number of devices");
    return;
  }
  address_ = in->U32("the address register of PCI") & kAddressBits;
  for (const std::unique_ptr<VirtioPci>& slot : slots_) slot->LoadState(in);
}

}  // namespace lgx
