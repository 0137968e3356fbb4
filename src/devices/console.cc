#include "devices/console.h"

#include <algorithm>
#include <array>
#include <vector>

namespace lgx {
namespace {

constexpr std::size_t kPiece =
    4096;  // text is moved in pieces of at most this many bytes

// The configuration of the modern form: cols (2), rows (2), max_nr_ports (4), emerg_wr
// (4). Only the last is offered.
constexpr u32 kConfigBytes = 12;
constexpr u32 kEmergencyWrite = 8;
constexpr u32 kFeatureEmergencyWrite = 2;

DeviceShape Shape() {
  DeviceShape shape;
  shape.type = kVirtioConsole;
  shape.name = "console";
  shape.queue_sizes = {kRingEntries, kRingEntries};
  return shape;
}

}  // namespace

Console::Console(ConsoleBackend& output) : Device(Shape()), output_(&output) {}

MaybeViolation Console::Serve(u32 queue) {
  return queue == kOutputQueue ? ServeOutput() : DeliverInput();
}

// The driver notifies and then spins until `used.idx` moves, perhaps with interrupts off:
// all of it happens before NOTIFY returns.
MaybeViolation Console::ServeOutput() {
  Virtqueue& ring = queue(kOutputQueue);
  return ring.ServeEach([&](const Chain& chain, u32* written) -> MaybeViolation {
    if (!chain.in.empty()) {
      return ring.Violate(ViolationKind::kWrongDirection, chain.head,
                          "Input buffers in console output queue?");
    }
    std::array<u8, kPiece> piece;
    ChainReader reader(ring.memory(), chain);
    while (const u32 count = reader.Read(piece)) {
      output_->Write(std::span<const u8>(piece.data(), count));
      output_bytes_ += count;
    }
    *written = 0;
    return std::nullopt;
  });
}

std::size_t Console::QueueInput(std::span<const u8> bytes) {
  const std::size_t count = std::min(bytes.size(), InputRoom());
  input_.insert(input_.end(), bytes.begin(),
                bytes.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

//: devices.040 Input that waits
// For output the Guest brings a buffer with text in it. Input goes the other way round:
// the Guest leaves empty buffers beforehand, and what is typed has to wait until there is
// one. A buffer is taken only when there is something to put into it, because a length
// of 0 would mean the end of the file to the driver. How many bytes wait is state that
// the Guest will notice one day, so it belongs to the hash.
//:
MaybeViolation Console::DeliverInput() {
  if (!running()) return std::nullopt;
  Virtqueue& ring = queue(kInputQueue);
  Chain chain;
  for (u32 left = kRingEntries; left != 0 && !input_.empty() && ring.HasWork(); --left) {
    if (MaybeViolation bad = ring.Take(&chain)) return bad;
    if (!chain.out.empty()) {
      return ring.Violate(ViolationKind::kWrongDirection, chain.head,
                          "Output buffers in console in queue?");
    }
    if (chain.in_bytes == 0) {
      return ring.Violate(ViolationKind::kNoRoom, chain.head,
                          "Input buffer of length 0 in console in queue");
    }
    ring.Return(chain.head, FillChain(chain));
    ring.Interrupt();
  }
  return std::nullopt;
}

u32 Console::FillChain(const Chain& chain) {
  const std::size_t count = std::min<std::size_t>(input_.size(), chain.in_bytes);
  const auto end = input_.begin() + static_cast<std::ptrdiff_t>(count);
  const std::vector<u8> bytes(input_.begin(), end);
  input_.erase(input_.begin(), end);
  ChainWriter writer(queue(kInputQueue).memory(), chain);
  writer.Write(bytes);
  input_bytes_ += count;
  return writer.written();
}

void Console::OnTurnModern(DeviceShape* shape) {
  shape->config.assign(kConfigBytes, 0);
  shape->features[0] |= 1 << kFeatureEmergencyWrite;
}

void Console::WriteConfig(u32 offset, u32, u32 value) {
  if (offset != kEmergencyWrite) return;
  const u8 character = static_cast<u8>(value);
  output_->Write(std::span(&character, 1));
  ++output_bytes_;
}

void Console::VisitStats(StatsVisitor& out) const {
  out.Counter("console.output_bytes", output_bytes_);
  out.Counter("console.input_bytes", input_bytes_);
}

void Console::AppendOwnState(ByteWriter* state) const {
  state->U32(static_cast<u32>(input_.size()));
  for (const u8 byte : input_) state->U8(byte);
}

void Console::SaveOwnState(ByteWriter* out) const {
  AppendOwnState(out);
  out->U64(output_bytes_);
  out->U64(input_bytes_);
}

void Console::LoadOwnState(ByteReader* in) {
  const u32 waiting = in->U32("the length of the console's input");
  if (waiting > kInputLimit) in->Fail("more console input waits than there is room for");
  const std::span<const u8> input = in->Bytes(waiting, "the console's input");
  input_.assign(input.begin(), input.end());
  output_bytes_ = in->U64("a counter of the console");
  input_bytes_ = in->U64("a counter of the console");
}

}  // namespace lgx
