#include "devices/net.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/endian.h"

namespace lgx {
namespace {

constexpr u32 kFeatureIndirect = 28;
constexpr std::size_t kNumBuffers = 10;  // where a merged header tells their number
constexpr std::size_t kConfigBytes = 8;  // the address, then the status of the link
constexpr u8 kFieldMac = 0x41;           // the address, as 2.6.24 reads it

// What the original Launcher offered for its tap, and less of it where frames have to be
// finished. Always four bytes, as it had them.
DeviceShape ShapeOf(const NetBackend& backend, const Net::Options& options) {
  DeviceShape shape;
  shape.type = kVirtioNet;
  shape.name = absl::StrFormat("net %d (%s)", options.index, backend.name());
  shape.queue_sizes = {kRingEntries, kRingEntries};
  shape.features.resize(4);
  shape.config.resize(kConfigBytes);
  const auto offer = [&shape](u32 bit) {
    shape.features[bit / 8] |= static_cast<u8>(1u << bit % 8);
  };
  offer(kFeatureIndirect);
  if (options.offload && backend.TakesUnfinished()) {
    for (const u32 bit : {kNetCsum, kNetGuestCsum, kNetGuestTso4, kNetGuestTso6,
                          kNetGuestEcn, kNetHostTso4, kNetHostTso6, kNetHostEcn}) {
      offer(bit);
    }
    if (options.merge) offer(kNetMergedBuffers);
  }
  offer(kFeatureNotifyOnEmpty);
  if (options.mac) {
    offer(kNetMac);
    std::copy(options.mac->begin(), options.mac->end(), shape.config.begin());
    shape.fields = {{kFieldMac, {options.mac->begin(), options.mac->end()}}};
  }
  return shape;
}

}  // namespace

Net::Net(NetBackend& backend, const Options& options)
    : Device(ShapeOf(backend, options)),
      backend_(&backend),
      index_(options.index),
      format_(options.format) {}

MaybeViolation Net::Serve(u32 queue) {
  return queue == kTransmitQueue ? ServeTransmit() : DeliverInput();
}

NetHeaderFormat Net::Format() const {
  const bool merged = Accepted(kNetMergedBuffers) || Accepted(kVirtioVersion1);
  return merged ? NetHeaderFormat::kMerged : format_;
}

// ---- frames of the Guest

MaybeViolation Net::ServeTransmit() {
  Virtqueue& ring = queue(kTransmitQueue);
  return ring.ServeEach([&](const Chain& chain, u32* written) -> MaybeViolation {
    if (!chain.in.empty()) {
      return ring.Violate(ViolationKind::kWrongDirection, chain.head,
                          "Input buffers in net output queue?");
    }
    if (!SendChain(chain)) ++sent_dropped_;
    *written = 0;
    return std::nullopt;
  });
}

// Header and frame may be split anywhere. False: it is no frame that could be sent.
bool Net::SendChain(const Chain& chain) {
  const NetHeaderFormat format = Format();
  const u32 header_size = SizeOf(format);
  if (chain.out_bytes < header_size + kMinFrame ||
      chain.out_bytes > header_size + kMaxFrame) {
    return false;
  }
  u8 header[kMaxNetHeader];
  ChainReader reader(queue(kTransmitQueue).memory(), chain);
  reader.Read(std::span(header, header_size));
  NetFrame frame;
  reader.ReadRest(&frame.bytes);
  frame.header = DecodeNetHeader(format, std::span(header, header_size));
  if (!Believes(frame.header, frame)) return false;
  if (!Accepted(kNetCsum)) frame.header = NetHeader();
  if (observer_) observer_(frame);
  ++sent_frames_;
  sent_bytes_ += frame.bytes.size();
  backend_->Send(std::move(frame));
  return true;
}

// A header may ask only for what both sides agreed on; where nothing was agreed on, it is
// not looked at.
bool Net::Believes(const NetHeader& header, const NetFrame& frame) const {
  if (!Accepted(kNetCsum)) return true;
  if ((header.flags & NetHeader::kNeedsChecksum) != 0 &&
      std::size_t{header.csum_start} + header.csum_offset + 2 > frame.bytes.size()) {
    return false;
  }
  if (header.gso_type == NetHeader::kNone) return true;
  if (header.gso_size == 0) return false;
  if ((header.gso_type & NetHeader::kEcn) != 0 && !Accepted(kNetHostEcn)) return false;
  switch (header.gso_type & ~NetHeader::kEcn) {
    case NetHeader::kTcp4:
      return Accepted(kNetHostTso4);
    case NetHeader::kTcp6:
      return Accepted(kNetHostTso6);
    default:
      return false;
  }
}

// ---- frames for the Guest

bool Net::TakesSegments(u8 gso_type) const {
  if ((gso_type & NetHeader::kEcn) != 0 && !Accepted(kNetGuestEcn)) return false;
  const u8 type = gso_type & ~NetHeader::kEcn;
  return (type == NetHeader::kTcp4 && Accepted(kNetGuestTso4)) ||
         (type == NetHeader::kTcp6 && Accepted(kNetGuestTso6));
}

//: devices.080 What the receiver cannot do
// Sender and receiver are two drivers, and each has told only its own card what it can
// do. A long TCP packet that nobody has cut, or a checksum that is not finished, is fine
// for a receiver that knows of it, and between two such Guests it saves nearly all of the
// work. The card of any other Guest finishes the frame first, and then its driver never
// learns that there is such a thing.
//:
void Net::QueueInput(NetFrame frame) {
  if (!running() || frame.bytes.size() < kMinFrame || frame.bytes.size() > kMaxFrame) {
    ++received_dropped_;
    return;
  }
  if (observer_) observer_(frame);
  const NetHeader& header = frame.header;
  const bool is_long = header.gso_type != NetHeader::kNone;
  if (is_long && (header.gso_size == 0 || !TakesSegments(header.gso_type))) {
    std::vector<NetFrame> segments;
    if (!CutIntoSegments(frame, &segments)) ++received_dropped_;
    for (NetFrame& segment : segments) Wait(std::move(segment));
    return;
  }
  if (!Accepted(kNetGuestCsum) && !CompleteChecksum(&frame)) {
    ++received_dropped_;
    return;
  }
  Wait(std::move(frame));
}

void Net::Wait(NetFrame frame) {
  waiting_bytes_ += frame.bytes.size();
  waiting_.push_back(std::move(frame));
}

MaybeViolation Net::DeliverInput() {
  if (!running()) return std::nullopt;
  for (std::size_t left = waiting_.size(); left != 0; --left) {
    const NetFrame& frame = waiting_.front();
    const std::size_t size = SizeOf(Format()) + frame.bytes.size();
    if (MaybeViolation bad = TakeBuffers(size)) return bad;
    if (BufferRoom() >= size) {
      Fill(frame);
      ++received_frames_;
      received_bytes_ += frame.bytes.size();
    } else if (MayTakeMore()) {
      break;  // the Guest will bring more
    } else {
      ++received_dropped_;  // never cut off; the buffers serve the next one
    }
    waiting_bytes_ -= frame.bytes.size();
    waiting_.pop_front();
  }
  queue(kReceiveQueue).Interrupt();
  return std::nullopt;
}

std::size_t Net::BufferRoom() const {
  std::size_t room = 0;
  for (const Chain& buffer : buffers_) room += buffer.in_bytes;
  return room;
}

// Would another buffer help a frame that does not fit yet?
bool Net::MayTakeMore() const {
  return buffers_.empty() ||
         (Accepted(kNetMergedBuffers) && buffers_.size() < kRingEntries);
}

// Takes buffers of the Guest until there is room for `size` bytes, as far as it has some.
MaybeViolation Net::TakeBuffers(std::size_t size) {
  Virtqueue& ring = queue(kReceiveQueue);
  while (BufferRoom() < size && MayTakeMore() && ring.HasWork()) {
    Chain chain;
    if (MaybeViolation bad = ring.Take(&chain)) return bad;
    if (!chain.out.empty()) {
      return ring.Violate(ViolationKind::kWrongDirection, chain.head,
                          "Output buffers in net receive queue?");
    }
    if (chain.in_bytes < SizeOf(Format()) + kMinFrame) {
      return ring.Violate(
          ViolationKind::kNoRoom, chain.head,
          absl::StrFormat("Receive buffer of %d bytes, too small for any frame",
                          chain.in_bytes));
    }
    buffers_.push_back(std::move(chain));
  }
  return std::nullopt;
}

// Writes the frame into as many buffers as it takes, and gives them back.
void Net::Fill(const NetFrame& frame) {
  const NetHeaderFormat format = Format();
  const u32 header_size = SizeOf(format);
  std::size_t count = 0;
  for (std::size_t room = 0; room < header_size + frame.bytes.size(); ++count) {
    room += buffers_[count].in_bytes;
  }
  u8 header[kMaxNetHeader];
  EncodeNetHeader(frame.header, format, header);
  if (format == NetHeaderFormat::kMerged) {
    StoreLe<u16>(header + kNumBuffers, static_cast<u16>(count));
  }
  Virtqueue& ring = queue(kReceiveQueue);
  std::span<const u8> rest(frame.bytes);
  for (std::size_t i = 0; i < count; ++i) {
    ChainWriter writer(ring.memory(), buffers_[i]);
    if (i == 0) writer.Write(std::span(header, header_size));
    rest = rest.subspan(writer.Write(rest));
    ring.Return(buffers_[i].head, writer.written());
  }
  buffers_.erase(buffers_.begin(), buffers_.begin() + static_cast<std::ptrdiff_t>(count));
}

// ---- looking at it

void Net::OnReset() {
  waiting_.clear();
  waiting_bytes_ = 0;
  buffers_.clear();
}

void Net::VisitStats(StatsVisitor& out) const {
  StatsPrefix net(absl::StrFormat("net.%d.", index_), out);
  net.Counter("tx_frames", sent_frames_);
  net.Counter("tx_bytes", sent_bytes_);
  net.Counter("tx_dropped", sent_dropped_);
  net.Counter("rx_frames", received_frames_);
  net.Counter("rx_bytes", received_bytes_);
  net.Counter("rx_dropped", received_dropped_);
}

void Net::AppendOwnState(ByteWriter* state) const {
  state->U32(static_cast<u32>(waiting_.size()));
  for (const NetFrame& frame : waiting_) {
    u8 header[kMaxNetHeader];
    EncodeNetHeader(frame.header, NetHeaderFormat::kMerged, header);
    state->Bytes(header);
    state->U32(static_cast<u32>(frame.bytes.size()));
    state->Bytes(frame.bytes);
  }
  state->U32(static_cast<u32>(buffers_.size()));
  for (const Chain& buffer : buffers_) {
    state->U16(buffer.head);
    state->U32(static_cast<u32>(buffer.in.size()));
    for (const ChainBuffer& part : buffer.in) {
      state->U32(part.at.value);
      state->U32(part.len);
    }
  }
}

void Net::SaveOwnState(ByteWriter* out) const {
  AppendOwnState(out);
  for (const u64 count : {sent_frames_, sent_bytes_, sent_dropped_, received_frames_,
                          received_bytes_, received_dropped_}) {
    out->U64(count);
  }
}

void Net::LoadFrames(ByteReader* in) {
  waiting_.clear();
  waiting_bytes_ = 0;
  const u32 frames = in->U32("the number of waiting frames");
  for (u32 i = 0; i < frames && in->ok(); ++i) {
    NetFrame frame;
    const std::span<const u8> header = in->Bytes(kMaxNetHeader, "the header of a frame");
    const u32 size = in->U32("the size of a frame");
    if (size > kMaxFrame) in->Fail("a frame is too long");
    const std::span<const u8> bytes = in->Bytes(size, "a frame");
    if (!in->ok()) return;
    frame.header = DecodeNetHeader(NetHeaderFormat::kMerged, header);
    frame.bytes.assign(bytes.begin(), bytes.end());
    Wait(std::move(frame));
  }
}

void Net::LoadBuffers(ByteReader* in) {
  buffers_.clear();
  const GuestView& memory = queue(kReceiveQueue).memory();
  const u32 count = in->U32("the number of taken buffers");
  for (u32 i = 0; i < count && in->ok(); ++i) {
    Chain chain;
    chain.head = in->U16("a taken buffer");
    const u32 parts = in->U32("the parts of a buffer");
    for (u32 part = 0; part < parts && in->ok(); ++part) {
      const Gpa at(in->U32("the place of a buffer"));
      const u32 len = in->U32("the length of a buffer");
      if (!memory.Contains(at, len) || u64{chain.in_bytes} + len > memory.size()) {
        in->Fail("a buffer lies outside the Guest's memory");
        return;
      }
      chain.in.push_back({at, len});
      chain.in_bytes += len;
    }
    buffers_.push_back(std::move(chain));
  }
}

void Net::LoadOwnState(ByteReader* in) {
  LoadFrames(in);
  LoadBuffers(in);
  for (u64* count : {&sent_frames_, &sent_bytes_, &sent_dropped_, &received_frames_,
                     &received_bytes_, &received_dropped_}) {
    *count = in->U64("a counter of a network card");
  }
}

}  // namespace lgx
