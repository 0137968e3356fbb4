#include "devices/virtqueue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/bits.h"
#include "base/check.h"
#include "base/endian.h"

namespace lgx {
namespace {

constexpr u16 kNext = 1;  // descriptor flags
constexpr u16 kDeviceWrites = 2;
constexpr u16 kIndirect = 4;
constexpr u16 kNoInterrupt = 1;  // avail.flags

constexpr u32 kDescriptorBytes = 16;
constexpr u32 kUsedBytes = 8;
constexpr u32 kReachable = 65536;  // `next` has 16 bits

u32 UsedOffset(u16 size) {
  return AlignUp<u32>(kDescriptorBytes * size + 2 * (2 + u32{size}), kPageSize);
}

}  // namespace

RingLayout RingLayout::Contiguous(Gpa base, u16 size) {
  return RingLayout{size, base, base + kDescriptorBytes * size, base + UsedOffset(size)};
}

u32 RingLayout::ContiguousPages(u16 size) {
  return AlignUp<u32>(UsedOffset(size) + 4 + kUsedBytes * size, kPageSize) >> kPageShift;
}

Virtqueue::Virtqueue(GuestView& memory, IrqLine& irqs, std::string device, u32 index,
                     const RingLayout& ring, u32 irq)
    : memory_(&memory),
      irqs_(&irqs),
      device_(std::move(device)),
      index_(index),
      ring_(ring),
      irq_(irq) {
  CHECK(ring.size != 0 && (ring.size & (ring.size - 1)) == 0) << "ring of " << ring.size;
  CHECK(memory.Contains(ring.descriptors, kDescriptorBytes * ring.size) &&
        memory.Contains(ring.available, 4 + 2 * u64{ring.size}) &&
        memory.Contains(ring.used, 4 + kUsedBytes * u64{ring.size}))
      << "ring outside guest memory";
}

Virtqueue::Virtqueue(GuestView& memory, IrqLine& irqs, std::string device, u32 index,
                     u32 irq)
    : memory_(&memory),
      irqs_(&irqs),
      device_(std::move(device)),
      index_(index),
      irq_(irq) {}

MaybeViolation Virtqueue::CheckPart(const char* part, u64 at, u64 len,
                                    u32 alignment) const {
  const u64 size = memory_->size();
  if (at % alignment == 0 && at <= size && len <= size - at) return std::nullopt;
  return Violate(ViolationKind::kBadRing, -1,
                 absl::StrFormat("Guest placed the %s at 0x%08x, %d bytes: not in its "
                                 "memory, or not aligned to %d",
                                 part, at, len, alignment));
}

MaybeViolation Virtqueue::Connect(const RingRequest& wanted) {
  const u32 size = wanted.size;
  if (size == 0 || (size & (size - 1)) != 0) {
    return Violate(ViolationKind::kBadRing, -1,
                   absl::StrFormat("Guest asked for a ring of %d entries", size));
  }
  if (MaybeViolation bad = CheckPart("descriptor table", wanted.descriptors,
                                     u64{kDescriptorBytes} * size, 16)) {
    return bad;
  }
  if (MaybeViolation bad =
          CheckPart("available ring", wanted.available, 4 + u64{2} * size, 2)) {
    return bad;
  }
  if (MaybeViolation bad =
          CheckPart("used ring", wanted.used, 4 + u64{kUsedBytes} * size, 4)) {
    return bad;
  }
  const auto gpa = [](u64 at) { return Gpa(static_cast<u32>(at)); };
  ring_ = RingLayout{wanted.size, gpa(wanted.descriptors), gpa(wanted.available),
                     gpa(wanted.used)};
  last_available_ = 0;
  pending_ = 0;
  return std::nullopt;
}

void Virtqueue::Disconnect() {
  ring_ = RingLayout{};
  last_available_ = 0;
  pending_ = 0;
}

template <typename T>
T Virtqueue::Load(Gpa at) const {
  T value;
  CHECK(memory_->LoadValue(at, &value)) << "unchecked ring address";
  return value;
}

template <typename T>
void Virtqueue::Store(Gpa at, T value) {
  CHECK(memory_->StoreValue(at, value)) << "unchecked ring address";
}

u16 Virtqueue::AvailableIndex() const { return Load<u16>(ring_.available + 2); }

Virtqueue::Progress Virtqueue::progress() const {
  if (!connected()) return {};
  return {AvailableIndex(), last_available_, Load<u16>(ring_.used + 2)};
}

Virtqueue::Descriptor Virtqueue::LoadDescriptor(const Table& table, u32 index) const {
  u8 bytes[kDescriptorBytes];
  CHECK(memory_->Read(table.at + index * kDescriptorBytes, bytes, sizeof bytes));
  return Descriptor{LoadLe<u64>(bytes), LoadLe<u32>(bytes + 8), LoadLe<u16>(bytes + 12),
                    LoadLe<u16>(bytes + 14)};
}

void Virtqueue::Start(bool notify_on_empty) {
  notify_on_empty_ = notify_on_empty;
  last_available_ = 0;
  pending_ = 0;
}

bool Virtqueue::HasWork() const {
  return connected() && AvailableIndex() != last_available_;
}

MaybeViolation Virtqueue::Take(Chain* chain) {
  chain->Clear();
  const u16 available = AvailableIndex();
  const u16 waiting = static_cast<u16>(available - last_available_);
  if (waiting == 0 || waiting > ring_.size) {
    return Violate(ViolationKind::kIndexMoved, -1,
                   absl::StrFormat("Guest moved used index from %d to %d",
                                   last_available_, available));
  }
  const u32 slot = last_available_ % ring_.size;
  const u16 head = Load<u16>(ring_.available + (4 + 2 * slot));
  ++last_available_;
  if (head >= ring_.size) {
    return Violate(ViolationKind::kBadHead, -1,
                   absl::StrFormat("Guest says index %d is available", head));
  }
  chain->head = head;
  if (MaybeViolation bad = Follow(head, chain)) return bad;
  if (trace_ != nullptr && trace_->On(TraceCategory::kDevice)) TraceRequest(*chain);
  return std::nullopt;
}

MaybeViolation Virtqueue::Follow(u16 head, Chain* chain) const {
  Table table{ring_.descriptors, ring_.size, false};
  const Descriptor first = LoadDescriptor(table, head);
  if ((first.flags & kIndirect) == 0) return Walk(table, head, chain);
  if (MaybeViolation bad = FollowIndirect(head, first, &table)) return bad;
  return Walk(table, 0, chain);
}

// lguest accepted indirect tables even if the driver had not asked for them; so do we.
MaybeViolation Virtqueue::FollowIndirect(i32 head, const Descriptor& descriptor,
                                         Table* table) const {
  if (descriptor.len == 0 || descriptor.len % kDescriptorBytes != 0) {
    return Violate(ViolationKind::kIndirectSize, head,
                   absl::StrFormat("Invalid size for indirect buffer table: %d bytes",
                                   descriptor.len));
  }
  if (MaybeViolation bad = CheckRange(head, descriptor.addr, descriptor.len)) return bad;
  *table = Table{Gpa(static_cast<u32>(descriptor.addr)),
                 descriptor.len / kDescriptorBytes, true};
  return std::nullopt;
}

//: devices.030 Buffers in a chain
// A request is a chain of descriptors: pieces the device reads, then pieces it writes.
// All of it lies in memory that the Guest can change while we look. So each number is
// read once, checked, and kept in a copy, and the device works with the copy. A chain may
// also be a circle; a count that no honest chain can reach finds out. Whoever sends
// nonsense is stopped with the original's words, and nobody waits for it.
//:
MaybeViolation Virtqueue::Walk(const Table& table, u32 first, Chain* chain) const {
  const u32 limit = std::min(table.entries, kReachable);
  u32 index = first;
  for (u32 count = 1;; ++count) {
    const Descriptor descriptor = LoadDescriptor(table, index);
    if ((descriptor.flags & kIndirect) != 0) {
      return Violate(ViolationKind::kIndirectMisplaced, chain->head,
                     absl::StrFormat("Indirect descriptor %d inside %s", index,
                                     table.indirect ? "an indirect table" : "a chain"));
    }
    if (MaybeViolation bad = AddSegment(descriptor, chain)) return bad;
    if (count > limit) {
      return Violate(ViolationKind::kLooped, chain->head, "Looped descriptor");
    }
    if ((descriptor.flags & kNext) == 0) return std::nullopt;
    if (descriptor.next >= table.entries) {
      return Violate(ViolationKind::kBadNext, chain->head,
                     absl::StrFormat("Desc next is %d", descriptor.next));
    }
    index = descriptor.next;
  }
}

MaybeViolation Virtqueue::AddSegment(const Descriptor& descriptor, Chain* chain) const {
  if (MaybeViolation bad = CheckRange(chain->head, descriptor.addr, descriptor.len)) {
    return bad;
  }
  const ChainBuffer segment{Gpa(static_cast<u32>(descriptor.addr)), descriptor.len};
  const u64 total = u64{chain->out_bytes} + chain->in_bytes + segment.len;
  if (total > memory_->size()) {
    return Violate(ViolationKind::kTooLong, chain->head,
                   absl::StrFormat("Buffers of %d bytes in one chain, more than guest "
                                   "memory",
                                   total));
  }
  if ((descriptor.flags & kDeviceWrites) != 0) {
    chain->in.push_back(segment);
    chain->in_bytes += segment.len;
    return std::nullopt;
  }
  if (!chain->in.empty()) {
    return Violate(ViolationKind::kOutAfterIn, chain->head,
                   "Descriptor has out after in");
  }
  chain->out.push_back(segment);
  chain->out_bytes += segment.len;
  return std::nullopt;
}

// Which buffers are inside? In 64 bits, so that nothing wraps (guest-02 section 5.3):
//   addr < size, addr + len <= size    yes; ending exactly at the end is legal
//   addr = size, len = 0               no: the address itself is outside
//   addr >= 2^32                       no: Guest memory is smaller than 4 GiB
MaybeViolation Virtqueue::CheckRange(i32 head, u64 addr, u32 len) const {
  const u64 size = memory_->size();
  if (addr < size && len <= size - addr) return std::nullopt;
  return Violate(ViolationKind::kBadAddress, head,
                 absl::StrFormat("Invalid address 0x%08x, length 0x%x", addr, len));
}

void Virtqueue::Return(u16 head, u32 written) {
  const u16 used = Load<u16>(ring_.used + 2);
  const Gpa entry = ring_.used + (4 + kUsedBytes * (u32{used} % ring_.size));
  Store<u32>(entry, head);
  Store<u32>(entry + 4, written);
  Store<u16>(ring_.used + 2, static_cast<u16>(used + 1));
  ++pending_;
  if (trace_ != nullptr && trace_->On(TraceCategory::kDevice)) TraceAnswer(head, written);
}

void Virtqueue::TraceRequest(const Chain& chain) const {
  trace_->Event(TraceCategory::kDevice, "request",
                {{"queue", index_},
                 {"head", chain.head},
                 {"out_bytes", chain.out_bytes},
                 {"in_bytes", chain.in_bytes}},
                device_);
}

void Virtqueue::TraceAnswer(u16 head, u32 written) const {
  trace_->Event(TraceCategory::kDevice, "answer",
                {{"queue", index_}, {"head", head}, {"written", written}}, device_);
}

// Does the Guest want an interrupt for returned buffers?
//   avail.flags bit 0   ring empty   notify on empty accepted   interrupt
//   0                   any          any                        yes
//   1                   no           any                        no
//   1                   yes          yes                        yes
//   1                   yes          no                         no
// The Launcher of 2.6.31 interrupted in the last row too, until the kernel complained
// that nobody cared; 2.6.32 mended it (guest-02 section 5.5).
void Virtqueue::Interrupt() {
  if (pending_ == 0) return;
  pending_ = 0;
  const bool unwanted = (Load<u16>(ring_.available) & kNoInterrupt) != 0;
  if (unwanted && (HasWork() || !notify_on_empty_)) return;
  irqs_->Raise(irq_);
}

Violation Virtqueue::Violate(ViolationKind kind, i32 head, std::string text) const {
  return Violation{kind, std::move(text), device_, static_cast<i32>(index_), head};
}

void Virtqueue::AppendState(ByteWriter* state) const {
  state->U16(last_available_);
  state->U32(pending_);
  state->U8(notify_on_empty_ ? 1 : 0);
}

void Virtqueue::SaveState(ByteWriter* out) const {
  out->U16(ring_.size);
  for (const Gpa at : {ring_.descriptors, ring_.available, ring_.used})
    out->U32(at.value);
  AppendState(out);
}

void Virtqueue::LoadState(ByteReader* in) {
  RingRequest ring;
  ring.size = in->U16("the size of a ring");
  for (u64* at : {&ring.descriptors, &ring.available, &ring.used}) {
    *at = in->U32("the place of a ring");
  }
  if (ring.size == 0) {
    Disconnect();
  } else if (const MaybeViolation bad = Connect(ring)) {
    in->Fail("a ring of " + device_ + " lies outside the Guest's memory");
  }
  last_available_ = in->U16("the place in a ring");
  pending_ = in->U32("the returned buffers of a ring");
  notify_on_empty_ = in->U8("when a ring interrupts") != 0;
}

}  // namespace lgx
