#include "devices/rng.h"

#include <algorithm>
#include <bit>

namespace lgx {
namespace {

DeviceShape Shape() {
  DeviceShape shape;
  shape.type = kVirtioRng;
  shape.name = "rng";
  shape.queue_sizes = {kRingEntries};
  return shape;
}

}  // namespace

SeededBytes::SeededBytes(u64 seed) {
  for (u64& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    u64 mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

u64 SeededBytes::Next() {
  const u64 result = std::rotl(state_[1] * 5, 7) * 9;
  const u64 shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void SeededBytes::Fill(std::span<u8> to) {
  for (u8& byte : to) {
    if (word_left_ == 0) {
      word_ = Next();
      word_left_ = sizeof word_;
    }
    byte = static_cast<u8>(word_);
    word_ >>= 8;
    --word_left_;
  }
}

void SeededBytes::AppendState(ByteWriter* state) const {
  for (const u64 word : state_) state->U64(word);
  state->U64(word_);
  state->U8(static_cast<u8>(word_left_));
}

void SeededBytes::LoadState(ByteReader* in) {
  for (u64& word : state_) word = in->U64("the state of the entropy device");
  word_ = in->U64("a number of the entropy device");
  word_left_ = in->U8("how much of a number is left");
  if (word_left_ > sizeof word_) in->Fail("a number has at most eight bytes");
}

Rng::Rng(u64 seed) : Device(Shape()), source_(seed) {}

MaybeViolation Rng::Serve(u32 index) {
  Virtqueue& ring = queue(index);
  return ring.ServeEach([&](const Chain& chain, u32* written) -> MaybeViolation {
    if (!chain.out.empty()) {
      return ring.Violate(ViolationKind::kWrongDirection, chain.head,
                          "Output buffers in rng?");
    }
    ChainWriter writer(ring.memory(), chain);
    std::array<u8, 4096> piece;
    while (writer.remaining() != 0) {
      const std::size_t count = std::min<std::size_t>(piece.size(), writer.remaining());
      const std::span<u8> part = std::span(piece).first(count);
      source_.Fill(part);
      writer.Write(part);
    }
    *written = writer.written();
    bytes_ += writer.written();
    return std::nullopt;
  });
}

void Rng::VisitStats(StatsVisitor& out) const { out.Counter("rng.bytes", bytes_); }

void Rng::AppendOwnState(ByteWriter* state) const { source_.AppendState(state); }

void Rng::SaveOwnState(ByteWriter* out) const {
  source_.AppendState(out);
  out->U64(bytes_);
}

void Rng::LoadOwnState(ByteReader* in) {
  source_.LoadState(in);
  bytes_ = in->U64("a counter of the entropy device");
}

}  // namespace lgx
