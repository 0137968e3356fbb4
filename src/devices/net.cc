#include "devices/net.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"

namespace lgx {
namespace {

constexpr u32 kFeatureIndirect = 28;
constexpr std::size_t kConfigBytes = 8;  // the address, then the status of the link

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
  }
  offer(kFeatureNotifyOnEmpty);
  if (options.mac) {
    offer(kNetMac);
    std::copy(options.mac->begin(), options.mac->end(), shape.config.begin());
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
  frame.bytes.resize(reader.remaining());
  reader.Read(frame.bytes);
  frame.header = DecodeNetHeader(format, std::span(header, header_size));
  if (!Believes(frame.header, frame)) return false;
  if (!Accepted(kNetCsum)) frame.header = NetHeader();
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
  Virtqueue& ring = queue(kReceiveQueue);
  for (std::size_t left = waiting_.size(); left != 0; --left) {
    if (MaybeViolation bad = NextBuffer()) return bad;
    if (!buffer_) break;
    const NetFrame& frame = waiting_.front();
    if (Fill(*buffer_, frame)) {
      ++received_frames_;
      received_bytes_ += frame.bytes.size();
      buffer_.reset();
    } else {
      ++received_dropped_;  // never cut off; the buffer serves the next one
    }
    waiting_bytes_ -= frame.bytes.size();
    waiting_.pop_front();
  }
  ring.Interrupt();
  return std::nullopt;
}

// Makes buffer_ the next buffer of the Guest, if it has one.
MaybeViolation Net::NextBuffer() {
  Virtqueue& ring = queue(kReceiveQueue);
  if (buffer_ || !ring.HasWork()) return std::nullopt;
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
  buffer_ = std::move(chain);
  return std::nullopt;
}

// False, and nothing written, if the frame is too long for the buffer.
bool Net::Fill(const Chain& chain, const NetFrame& frame) {
  const NetHeaderFormat format = Format();
  const u32 header_size = SizeOf(format);
  if (frame.bytes.size() > chain.in_bytes - header_size) return false;
  Virtqueue& ring = queue(kReceiveQueue);
  u8 header[kMaxNetHeader];
  EncodeNetHeader(frame.header, format, header);
  ChainWriter writer(ring.memory(), chain);
  writer.Write(std::span(header, header_size));
  writer.Write(frame.bytes);
  ring.Return(chain.head, writer.written());
  return true;
}

// ---- looking at it

void Net::OnReset() {
  waiting_.clear();
  waiting_bytes_ = 0;
  buffer_.reset();
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
  state->U8(buffer_ ? 1 : 0);
  if (!buffer_) return;
  state->U16(buffer_->head);
  state->U32(static_cast<u32>(buffer_->in.size()));
  for (const ChainBuffer& part : buffer_->in) {
    state->U32(part.at.value);
    state->U32(part.len);
  }
}

}  // namespace lgx
