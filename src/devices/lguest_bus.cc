#include "devices/lguest_bus.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/log.h"

namespace lgx {
namespace {

// The status byte. Bits 0 (acknowledge) and 1 (driver) ask for nothing.
constexpr u8 kStatusDriverOk = 4;
constexpr u8 kStatusFailed = 128;

constexpr std::size_t kMaxDescriptorField = 255;  // lengths in a descriptor are bytes

NotifyResult ResultOf(MaybeViolation violation) {
  NotifyResult result;
  if (violation) result.kind = NotifyResult::Kind::kViolation;
  result.violation = std::move(violation);
  return result;
}

// "83 3b 00 11"
std::string HexBytes(std::span<const u8> bytes) {
  std::string text;
  for (const u8 byte : bytes) {
    absl::StrAppendFormat(&text, "%s%02x", text.empty() ? "" : " ", byte);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

LguestBus::LguestBus(GuestView& memory, IrqLine& irqs, u32 mem_bytes, DescriptorForm form)
    : memory_(&memory), irqs_(&irqs), mem_bytes_(mem_bytes), form_(form) {
  CHECK((mem_bytes & kPageMask) == 0 && mem_bytes <= 0u - (kMaxPages << kPageShift))
      << mem_bytes << " bytes of RAM";
}

Status LguestBus::CheckRoom(const DeviceShape& shape) const {
  const std::size_t queues = shape.queue_sizes.size();
  CHECK(shape.type != 0 && queues <= kMaxDescriptorField &&
        shape.features.size() <= kMaxDescriptorField &&
        shape.config.size() <= kMaxDescriptorField)
      << "shape of " << shape.name;
  if (next_irq_ + queues > kMaxIrq + 1) {
    return Errorf(
        kInvalidArgument,
        "Too many devices: %s needs %d interrupts, and of the %d that lguest has "
        "for devices %d are taken. Leave out some devices.",
        shape.name, queues, kMaxIrq, next_irq_ - 1);
  }
  if (!CanDescribe(shape, form_)) {
    return Errorf(kInvalidArgument,
                  "%s: kernels of generation B (2.6.24) cannot be told of so many queues "
                  "of one device. Leave it out, or take a kernel from 2.6.25 on.",
                  shape.name);
  }
  const u32 size = DescriptorLayout(shape, form_).size;
  if (size > kPageSize - descriptor_bytes_) {
    return Errorf(
        kInvalidArgument,
        "Too many devices: the description of %s takes %d bytes, and the device "
        "page of %d bytes has %d left. Leave out some devices.",
        shape.name, size, kPageSize, kPageSize - descriptor_bytes_);
  }
  u32 pages = 0;
  for (const u16 entries : shape.queue_sizes)
    pages += RingLayout::ContiguousPages(entries);
  if (pages > kMaxPages - pages_) {
    return Errorf(
        kInvalidArgument,
        "Not enough memory for devices: the rings of %s take %d pages, and of the "
        "%d pages for devices %d are left. Leave out some devices.",
        shape.name, pages, kMaxPages, kMaxPages - pages_);
  }
  return absl::OkStatus();
}

Status LguestBus::AddDevice(std::unique_ptr<Device> device) {
  CHECK(!finished_) << "the device page is already written";
  const DeviceShape& shape = device->shape();
  LGX_RETURN_IF_ERROR(CheckRoom(shape));

  Slot slot;
  slot.descriptor = Gpa(mem_bytes_ + descriptor_bytes_);
  for (const u16 entries : shape.queue_sizes) {
    const Gfn ring(guest_pages());
    rings_.push_back(Ring{GpaOf(ring), static_cast<u32>(slots_.size()),
                          static_cast<u32>(slot.queues.size())});
    slot.queues.push_back(QueuePlace{entries, static_cast<u16>(next_irq_), ring});
    Logf(LogLevel::kDebug, "Virtqueue page 0x%08x", GpaOf(ring).value);
    ++next_irq_;
    pages_ += RingLayout::ContiguousPages(entries);
  }
  slot.written = EncodeDescriptor(shape, slot.queues, form_);
  descriptor_bytes_ += static_cast<u32>(slot.written.size());
  Logf(LogLevel::kDebug, "device %d: %s", slots_.size(), shape.name);
  slot.device = std::move(device);
  slots_.push_back(std::move(slot));
  return absl::OkStatus();
}

void LguestBus::Finish() {
  CHECK(!finished_) << "Finish() twice";
  CHECK(memory_->page_limit() == guest_pages())
      << "the guest has " << memory_->page_limit() << " pages, not " << guest_pages();
  finished_ = true;
  const Gpa page(mem_bytes_);
  CHECK(memory_->Fill(page, 0, pages_ << kPageShift));
  for (Slot& slot : slots_) {
    CHECK(memory_->Write(slot.descriptor, slot.written.data(),
                         static_cast<u32>(slot.written.size())));
    for (u32 i = 0; i < slot.queues.size(); ++i) {
      const QueuePlace& place = slot.queues[i];
      const RingLayout layout = RingLayout::Contiguous(GpaOf(place.ring), place.entries);
      slot.device->AttachQueue(
          Virtqueue(*memory_, *irqs_, slot.device->name(), i, layout, place.irq));
    }
  }
  if (next_irq_ - 1 > kMaxSafeIrq) {
    Logf(LogLevel::kWarning,
         "the devices use interrupts up to %d; a guest kernel without I/O APIC support "
         "has "
         "none above %d",
         next_irq_ - 1, kMaxSafeIrq);
  }
}

const LguestBus::Ring* LguestBus::FindRing(Gpa address) const {
  const auto found =
      std::lower_bound(rings_.begin(), rings_.end(), address,
                       [](const Ring& ring, Gpa wanted) { return ring.at < wanted; });
  return found != rings_.end() && found->at == address ? &*found : nullptr;
}

LguestBus::Slot* LguestBus::FindDescriptor(Gpa address) {
  for (Slot& slot : slots_) {
    if (slot.descriptor == address) return &slot;
  }
  return nullptr;
}

//: devices.020 One word from the Guest
// The Guest has a single way to say that something happened: NOTIFY with an address. The
// address alone decides what is meant, and it is compared with our own list of rings and
// records, not with what stands in the page, which the Guest can overwrite. Before the
// console works there is no driver to hold a queue, so an address that belongs to nobody
// is a text to print. That is where the first lines of a boot come from.
//:
// What does an address mean? (guest-02 section 4; rings and descriptors never share one)
//   0                          nothing
//   a ring                     serve the queue; a device that does not run starts first,
//                              because drivers use queues before they say "driver OK"
//   a descriptor               the status byte changed
//   below guest_limit()        text for the early console
//   anything else              the Guest is broken
NotifyResult LguestBus::HandleNotify(u32 address) {
  CHECK(finished_) << "NOTIFY before Finish()";
  const Gpa at(address);
  if (address == 0) return NotifyResult{};
  if (const Ring* ring = FindRing(at)) return ResultOf(ServeRing(*ring));
  Logf(LogLevel::kDebug, "Notify on address 0x%08x", address);
  if (Slot* slot = FindDescriptor(at)) return ResultOf(HandleStatus(*slot));
  if (at < guest_limit()) {
    return NotifyResult{NotifyResult::Kind::kText, EarlyText(at), std::nullopt};
  }
  return ResultOf(Violation{ViolationKind::kBadNotify,
                            absl::StrFormat("Bad NOTIFY 0x%08x", address), "", -1, -1});
}

MaybeViolation LguestBus::ServeRing(const Ring& ring) {
  Slot& slot = slots_[ring.slot];
  if (!slot.device->running()) return Start(slot);
  return slot.device->Serve(ring.queue);
}

// The order of the tests is the reference's: reset, failure, start.
MaybeViolation LguestBus::HandleStatus(Slot& slot) {
  if (MaybeViolation bad = CheckIntact(slot)) return bad;
  u8 status = 0;
  const DescriptorLayout layout(slot.device->shape(), form_);
  CHECK(memory_->LoadValue(slot.descriptor + layout.status, &status));
  Logf(LogLevel::kDebug, "Device %s status 0x%02x", slot.device->name(), status);
  if (status == 0) {
    Reset(slot);
    return std::nullopt;
  }
  if ((status & kStatusFailed) != 0) {
    Logf(std::exchange(slot.failure_shown, true) ? LogLevel::kDebug : LogLevel::kWarning,
         "Device %s configuration FAILED", slot.device->name());
    if (slot.device->running()) Reset(slot);
    return std::nullopt;
  }
  if ((status & kStatusDriverOk) != 0 && !slot.device->running()) return Start(slot);
  return std::nullopt;
}

MaybeViolation LguestBus::CheckIntact(const Slot& slot) const {
  std::vector<u8> now(slot.written.size());
  CHECK(memory_->Read(slot.descriptor, now.data(), static_cast<u32>(now.size())));
  if (DescriptorIntact(slot.device->shape(), form_, slot.written, now))
    return std::nullopt;
  return Violation{
      ViolationKind::kDescriptorChanged,
      absl::StrFormat("Guest changed its device page at 0x%08x", slot.descriptor.value),
      slot.device->name(), -1, -1};
}

// Buffers may have been offered without a NOTIFY we saw, so every queue gets a look.
MaybeViolation LguestBus::Start(Slot& slot) {
  const DeviceShape& shape = slot.device->shape();
  const DescriptorLayout layout(shape, form_);
  std::vector<u8> accepted(layout.accepted_bytes);
  CHECK(memory_->Read(slot.descriptor + layout.accepted, accepted.data(),
                      layout.accepted_bytes));
  Logf(LogLevel::kDebug, "Device %s OK: offered %s, accepted %s", shape.name,
       HexBytes(shape.features), HexBytes(accepted));
  slot.device->Start(accepted);
  for (u32 i = 0; i < slot.queues.size(); ++i) {
    if (MaybeViolation bad = slot.device->Serve(i)) return bad;
  }
  return std::nullopt;
}

// Offered features, configuration and queues stay; the status byte is the Guest's. Here a
// device can be started again and again: a ring address has one queue, now and later.
void LguestBus::Reset(Slot& slot) {
  const DeviceShape& shape = slot.device->shape();
  Logf(LogLevel::kDebug, "Resetting device %s", shape.name);
  slot.device->Reset();
  const DescriptorLayout layout(shape, form_);
  CHECK(memory_->Fill(slot.descriptor + layout.accepted, 0, layout.accepted_bytes));
  for (const QueuePlace& queue : slot.queues) {
    CHECK(memory_->Fill(GpaOf(queue.ring), 0,
                        RingLayout::ContiguousPages(queue.entries) << kPageShift));
  }
}

std::string LguestBus::EarlyText(Gpa from) const {
  std::string text;
  u8 piece[256];
  while (from < guest_limit()) {
    const u32 count = std::min<u32>(sizeof piece, guest_limit() - from);
    CHECK(memory_->Read(from, piece, count));
    const std::span<const u8> bytes(piece, count);
    const auto end = std::find(bytes.begin(), bytes.end(), 0);
    text.append(bytes.begin(), end);
    if (end != bytes.end()) break;
    from += count;
  }
  return text;
}

void LguestBus::AppendState(ByteWriter* state) const {
  for (const Slot& slot : slots_) slot.device->AppendState(state);
}

void LguestBus::VisitStats(StatsVisitor& out) const {
  for (const Slot& slot : slots_) slot.device->VisitStats(out);
}

void LguestBus::SaveState(ByteWriter* out) const {
  out->U32(static_cast<u32>(slots_.size()));
  for (const Slot& slot : slots_) {
    slot.device->SaveState(out);
    out->U8(slot.failure_shown ? 1 : 0);
  }
}

void LguestBus::LoadState(ByteReader* in) {
  if (in->U32("the number of devices") != slots_.size()) {
    in->Fail("another number of devices");
    return;
  }
  for (Slot& slot : slots_) {
    slot.device->LoadState(in);
    slot.failure_shown = in->U8("whether a failure was shown") != 0;
  }
}

}  // namespace lgx
