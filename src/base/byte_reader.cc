#include "base/byte_reader.h"

#include "base/endian.h"

namespace lgx {

std::span<const u8> ByteReader::Bytes(u64 len, std::string_view what) {
  if (!ok()) return {};
  if (len > remaining()) {
    status_ = Errorf(kDataLoss,
                     "%s: %s at offset 0x%x needs %d bytes, but only %d are left (end at "
                     "0x%x). Is it cut short?",
                     source_, what, base_ + at_, len, remaining(), base_ + bytes_.size());
    return {};
  }
  const std::span<const u8> result = bytes_.subspan(at_, len);
  at_ += len;
  return result;
}

template <typename T>
T ByteReader::Number(std::string_view what) {
  const std::span<const u8> bytes = Bytes(sizeof(T), what);
  return bytes.empty() ? T{0} : LoadLe<T>(bytes.data());
}
template u8 ByteReader::Number<u8>(std::string_view);
template u16 ByteReader::Number<u16>(std::string_view);
template u32 ByteReader::Number<u32>(std::string_view);
template u64 ByteReader::Number<u64>(std::string_view);

std::string ByteReader::String(u32 max_len, std::string_view what) {
  const u64 start = at_;
  const u32 len = U32(what);
  if (ok() && len > max_len) {
    at_ = start;
    status_ =
        Errorf(kDataLoss,
               "%s: %s at offset 0x%x claims %d bytes; at most %d make sense. Is it "
               "damaged?",
               source_, what, base_ + start, len, max_len);
  }
  const std::span<const u8> bytes = Bytes(ok() ? len : 0, what);
  return std::string(bytes.begin(), bytes.end());
}

void ByteReader::Seek(u64 offset, std::string_view what) {
  if (!ok()) return;
  if (offset > bytes_.size()) {
    status_ =
        Errorf(kDataLoss,
               "%s: %s should be at offset 0x%x, past the end at 0x%x. Is it cut short?",
               source_, what, base_ + offset, base_ + bytes_.size());
    return;
  }
  at_ = offset;
}

ByteReader ByteReader::Sub(u64 len, std::string_view what) {
  const u64 start = base_ + at_;
  ByteReader sub(Bytes(len, what), source_);
  sub.base_ = start;
  sub.status_ = status_;
  return sub;
}

void ByteReader::Fail(std::string_view message) {
  if (!ok()) return;
  status_ = Errorf(kDataLoss, "%s: %s (at offset 0x%x)", source_, message, base_ + at_);
}

void ByteReader::ExpectEnd(std::string_view what) {
  if (!ok() || remaining() == 0) return;
  status_ =
      Errorf(kDataLoss, "%s: %d unknown bytes follow %s at offset 0x%x. Is it damaged?",
             source_, remaining(), what, base_ + at_);
}

}  // namespace lgx
