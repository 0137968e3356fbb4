// The LZO1X format, from its published description: a sequence of instructions, each a
// copy from what was already written or a run of literal bytes.
//
//   first byte of an instruction                  copy length      distance
//   0000LLLL  after no literals: a literal run    3 + L            -
//   0000DDSS  after 1-3 literals                  2                (next << 2) + D + 1
//   0000DDSS  after a literal run                 3                (next << 2) + D + 2049
//   0001HLLL                                      2 + L            16384 + (H << 14) +
//   D14 001LLLLL                                      2 + L            D14 + 1 01LDDDSS
//   3 + L            (next << 3) + D + 1 1LLDDDSS                                      5
//   + L            (next << 3) + D + 1
//
// A length L of zero in rows 1, 4 and 5 goes on in the next bytes: each zero byte adds
// 255, the first other byte ends it. D14 and S come from the next two bytes, little
// endian, S in the low two bits. After each copy S literals follow. Distance 16384 in row
// 4 ends the block.
#include "machine/payload.h"

namespace lgx {
namespace {

class Lzo1xReader {
 public:
  Lzo1xReader(Bytes block, u64 size, std::vector<u8>* out)
      : in_(block), out_(out), start_(out->size()), end_(start_ + size) {}

  bool Run() {
    if (in_.empty()) return false;
    if (in_[0] > 17) {  // a block may open with a short literal run of its own
      const u32 count = in_[0] - 17u;
      at_ = 1;
      if (!Literals(count)) return false;
      literals_ = count < 4 ? count : kLiteralRun;
    }
    while (!ended_) {
      if (!Instruction()) return false;
    }
    return out_->size() == end_;
  }

 private:
  static constexpr u32 kLiteralRun = 4;

  bool Next(u8* byte) {
    if (at_ >= in_.size()) return false;
    *byte = in_[at_++];
    return true;
  }

  // The length in the low bits of `first`, or in further bytes when these are zero.
  bool Length(u8 first, u8 mask, u32* length) {
    *length = first & mask;
    if (*length != 0) return true;
    u8 byte = 0;
    *length = mask;
    while (true) {
      if (!Next(&byte)) return false;
      if (byte != 0) break;
      *length += 255;
      if (*length > end_) return false;
    }
    *length += byte;
    return true;
  }

  bool Literals(u32 count) {
    if (!RangeInside(at_, count, in_.size()) || count > end_ - out_->size()) return false;
    out_->insert(out_->end(), in_.begin() + static_cast<std::ptrdiff_t>(at_),
                 in_.begin() + static_cast<std::ptrdiff_t>(at_ + count));
    at_ += count;
    return true;
  }

  // Copies byte by byte: the source may overlap what is being written.
  bool Copy(u32 length, u32 distance, u32 literals) {
    if (distance > out_->size() - start_ || length > end_ - out_->size()) return false;
    for (u32 i = 0; i < length; i++) out_->push_back((*out_)[out_->size() - distance]);
    literals_ = literals;
    return Literals(literals);
  }

  bool ShortCopy(u8 first) {
    if (literals_ == 0) {
      u32 length = 0;
      if (!Length(first, 15, &length) || !Literals(3 + length)) return false;
      literals_ = kLiteralRun;
      return true;
    }
    u8 high = 0;
    if (!Next(&high)) return false;
    const u32 distance = (u32{high} << 2) + (first >> 2);
    return literals_ == kLiteralRun ? Copy(3, distance + 2049, first & 3u)
                                    : Copy(2, distance + 1, first & 3u);
  }

  bool LongCopy(u8 first) {
    const bool far = first < 32;
    u32 length = 0;
    u8 low = 0;
    u8 high = 0;
    if (!Length(first, far ? 7 : 31, &length) || !Next(&low) || !Next(&high))
      return false;
    const u32 word = low | (u32{high} << 8);
    if (!far) return Copy(2 + length, (word >> 2) + 1, word & 3);
    const u32 distance = 16384 + ((first & 8u) << 11) + (word >> 2);
    if (distance == 16384) {
      ended_ = true;
      return true;
    }
    return Copy(2 + length, distance, word & 3);
  }

  bool Instruction() {
    u8 first = 0;
    if (!Next(&first)) return false;
    if (first < 16) return ShortCopy(first);
    if (first < 64) return LongCopy(first);
    u8 high = 0;
    if (!Next(&high)) return false;
    const u32 distance = (u32{high} << 3) + ((first >> 2) & 7u) + 1;
    const u32 length = first < 128 ? 3 + ((first >> 5) & 1u) : 5 + ((first >> 5) & 3u);
    return Copy(length, distance, first & 3u);
  }

  Bytes in_;
  std::vector<u8>* out_;
  u64 start_;
  u64 end_;
  u64 at_ = 0;
  u32 literals_ = 0;  // copied by the instruction before: 0-3, or kLiteralRun
  bool ended_ = false;
};

}  // namespace

bool UnpackLzo1x(Bytes block, u64 size, std::vector<u8>* out) {
  return Lzo1xReader(block, size, out).Run();
}

}  // namespace lgx
