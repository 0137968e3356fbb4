#include "devices/net_frame.h"

#include <algorithm>

#include "base/endian.h"

namespace lgx {
namespace {

constexpr u8 kOldTcp4Ecn = 2;  // gso_type of the 8-byte header: TCP over IPv4 with ECN

constexpr std::size_t kEthernetType = 12;
constexpr std::size_t kVlanTag = 4;
constexpr u16 kTypeIp4 = 0x0800;
constexpr u16 kTypeIp6 = 0x86dd;
constexpr u16 kTypeVlan = 0x8100;
constexpr u8 kProtocolTcp = 6;
constexpr std::size_t kIp4Header = 20;
constexpr std::size_t kIp6Header = 40;
constexpr std::size_t kTcpHeader = 20;
// Offsets in a TCP header.
constexpr std::size_t kTcpSequence = 4;
constexpr std::size_t kTcpLength = 12;
constexpr std::size_t kTcpFlags = 13;
constexpr std::size_t kTcpChecksum = 16;
constexpr u8 kTcpFin = 0x01;
constexpr u8 kTcpPush = 0x08;
constexpr u8 kTcpCwr = 0x80;

// The network's byte order.
u16 LoadBe16(const u8* at) { return static_cast<u16>(at[0] << 8 | at[1]); }
u32 LoadBe32(const u8* at) { return u32{LoadBe16(at)} << 16 | LoadBe16(at + 2); }
void StoreBe16(u8* at, u32 value) {
  at[0] = static_cast<u8>(value >> 8);
  at[1] = static_cast<u8>(value);
}
void StoreBe32(u8* at, u32 value) {
  StoreBe16(at, value >> 16);
  StoreBe16(at + 2, value);
}

// The ones' complement sum of 16-bit words, not yet folded or inverted.
u64 AddWords(std::span<const u8> bytes, u64 sum = 0) {
  std::size_t i = 0;
  for (; i + 2 <= bytes.size(); i += 2) sum += LoadBe16(bytes.data() + i);
  if (i < bytes.size()) sum += u64{bytes[i]} << 8;
  return sum;
}

u16 Finish(u64 sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<u16>(~sum);
}

// Where the headers of a TCP packet are.
struct TcpPlaces {
  std::size_t ip = 0;
  std::size_t tcp = 0;
  std::size_t payload = 0;
  bool is_ip6 = false;
};

bool FindTcp(const NetFrame& frame, TcpPlaces* places) {
  const std::span<const u8> bytes = frame.bytes;
  std::size_t type_at = kEthernetType;
  if (bytes.size() < type_at + 2) return false;
  if (LoadBe16(&bytes[type_at]) == kTypeVlan) type_at += kVlanTag;
  places->ip = type_at + 2;
  places->is_ip6 = (frame.header.gso_type & ~NetHeader::kEcn) == NetHeader::kTcp6;
  const std::size_t smallest = places->is_ip6 ? kIp6Header : kIp4Header;
  if (bytes.size() < places->ip + smallest + kTcpHeader) return false;
  const u8* const ip = &bytes[places->ip];
  if (LoadBe16(&bytes[type_at]) != (places->is_ip6 ? kTypeIp6 : kTypeIp4)) return false;
  if (ip[0] >> 4 != (places->is_ip6 ? 6 : 4)) return false;
  if (ip[places->is_ip6 ? 6 : 9] != kProtocolTcp) return false;
  const std::size_t ip_length = places->is_ip6 ? kIp6Header : (ip[0] & 15u) * 4;
  if (ip_length < smallest || bytes.size() < places->ip + ip_length + kTcpHeader) {
    return false;
  }
  places->tcp = places->ip + ip_length;
  const std::size_t tcp_length = (bytes[places->tcp + kTcpLength] >> 4) * 4u;
  if (tcp_length < kTcpHeader || bytes.size() < places->tcp + tcp_length) return false;
  places->payload = places->tcp + tcp_length;
  return true;
}

void FinishIpHeader(std::span<u8> bytes, const TcpPlaces& places, u16 id) {
  u8* const ip = &bytes[places.ip];
  if (places.is_ip6) {
    StoreBe16(ip + 4, static_cast<u32>(bytes.size() - places.tcp));
    return;
  }
  StoreBe16(ip + 2, static_cast<u32>(bytes.size() - places.ip));
  StoreBe16(ip + 4, id);
  StoreBe16(ip + 10, 0);
  StoreBe16(ip + 10, Finish(AddWords(bytes.subspan(places.ip, places.tcp - places.ip))));
}

void FinishTcpHeader(std::span<u8> bytes, const TcpPlaces& places) {
  u8* const field = &bytes[places.tcp + kTcpChecksum];
  StoreBe16(field, 0);
  const std::size_t addresses = places.ip + (places.is_ip6 ? 8 : 12);
  const std::size_t length = bytes.size() - places.tcp;
  u64 sum = AddWords(bytes.subspan(addresses, places.is_ip6 ? 32 : 8));
  sum += kProtocolTcp + length;
  StoreBe16(field, Finish(AddWords(bytes.subspan(places.tcp), sum)));
}

}  // namespace

NetHeader DecodeNetHeader(NetHeaderFormat format, std::span<const u8> bytes) {
  const u8* at = bytes.data();
  NetHeader header;
  header.flags = at[0];
  header.gso_type = at[1];
  at += 2;
  if (format == NetHeaderFormat::kOld) {
    if (header.gso_type == kOldTcp4Ecn)
      header.gso_type = NetHeader::kTcp4 | NetHeader::kEcn;
  } else {
    header.hdr_len = LoadLe<u16>(at);
    at += 2;
  }
  header.gso_size = LoadLe<u16>(at);
  header.csum_start = LoadLe<u16>(at + 2);
  header.csum_offset = LoadLe<u16>(at + 4);
  return header;
}

void EncodeNetHeader(const NetHeader& header, NetHeaderFormat format,
                     std::span<u8> bytes) {
  u8* at = bytes.data();
  at[0] = header.flags;
  at[1] = header.gso_type;
  at += 2;
  if (format == NetHeaderFormat::kOld) {
    if (header.gso_type == (NetHeader::kTcp4 | NetHeader::kEcn)) at[-1] = kOldTcp4Ecn;
  } else {
    StoreLe<u16>(at, header.hdr_len);
    at += 2;
  }
  StoreLe<u16>(at, header.gso_size);
  StoreLe<u16>(at + 2, header.csum_start);
  StoreLe<u16>(at + 4, header.csum_offset);
  if (format == NetHeaderFormat::kMerged) StoreLe<u16>(at + 6, 1);
}

bool CompleteChecksum(NetFrame* frame) {
  NetHeader& header = frame->header;
  if ((header.flags & NetHeader::kNeedsChecksum) == 0) return true;
  const std::size_t start = header.csum_start;
  const std::size_t field = start + header.csum_offset;
  if (field + 2 > frame->bytes.size()) return false;
  // The field holds the sum of the pseudo header, so it takes part as it is.
  const u16 sum = Finish(AddWords(std::span(frame->bytes).subspan(start)));
  // UDP says "no checksum" with 0, and the other form of it means the same number.
  StoreBe16(&frame->bytes[field], sum == 0 ? 0xffff : sum);
  header.flags = 0;
  header.csum_start = header.csum_offset = 0;
  return true;
}

bool CutIntoSegments(const NetFrame& frame, std::vector<NetFrame>* segments) {
  const u8 type = frame.header.gso_type & ~NetHeader::kEcn;
  const std::size_t step = frame.header.gso_size;
  TcpPlaces places;
  if ((type != NetHeader::kTcp4 && type != NetHeader::kTcp6) || step == 0) return false;
  if (!FindTcp(frame, &places)) return false;
  const std::size_t payload = frame.bytes.size() - places.payload;
  const std::size_t count = std::max<std::size_t>((payload + step - 1) / step, 1);
  if (count > kMaxSegments) return false;
  const std::span<const u8> bytes = frame.bytes;
  const u16 id = places.is_ip6 ? 0 : LoadBe16(&bytes[places.ip + 4]);
  const u32 sequence = LoadBe32(&bytes[places.tcp + kTcpSequence]);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t from = i * step;
    const auto piece =
        bytes.subspan(places.payload + from, std::min(step, payload - from));
    NetFrame segment;
    segment.bytes.assign(bytes.begin(),
                         bytes.begin() + static_cast<std::ptrdiff_t>(places.payload));
    segment.bytes.insert(segment.bytes.end(), piece.begin(), piece.end());
    StoreBe32(&segment.bytes[places.tcp + kTcpSequence],
              sequence + static_cast<u32>(from));
    u8& flags = segment.bytes[places.tcp + kTcpFlags];
    if (i != 0) flags &= static_cast<u8>(~kTcpCwr);
    if (i + 1 != count) flags &= static_cast<u8>(~(kTcpFin | kTcpPush));
    FinishIpHeader(segment.bytes, places, static_cast<u16>(id + i));
    FinishTcpHeader(segment.bytes, places);
    segments->push_back(std::move(segment));
  }
  return true;
}

}  // namespace lgx
