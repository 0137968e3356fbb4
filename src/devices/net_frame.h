// A frame on a virtual cable, and the header in front of it: what its sender has left for
// others to do (guest-02 section 8.1).
//
// A driver may leave a TCP or UDP checksum half done, and may send one long TCP packet
// where the cable wants many. If the other end is a driver that knows this too, the frame
// goes through as it is. If not, somebody does the rest of the work, here.
#ifndef LGX_DEVICES_NET_FRAME_H_
#define LGX_DEVICES_NET_FRAME_H_

#include <span>
#include <vector>

#include "base/types.h"

namespace lgx {

inline constexpr std::size_t kMinFrame = 14;  // both addresses and the type
// 64 KiB of IP packet, the Ethernet header, two VLAN tags.
inline constexpr std::size_t kMaxFrame = 65536 + 14 + 8;

struct NetHeader {
  // flags
  static constexpr u8 kNeedsChecksum = 1;
  // gso_type
  static constexpr u8 kNone = 0;
  static constexpr u8 kTcp4 = 1;
  static constexpr u8 kUdp = 3;
  static constexpr u8 kTcp6 = 4;
  static constexpr u8 kEcn = 0x80;

  u8 flags = 0;
  u8 gso_type = kNone;
  u16 hdr_len = 0;      // of all headers; a hint
  u16 gso_size = 0;     // payload of each segment
  u16 csum_start = 0;   // where summing starts
  u16 csum_offset = 0;  // where the sum goes, from there

  friend bool operator==(const NetHeader&, const NetHeader&) = default;
};

struct NetFrame {
  NetHeader header;
  std::vector<u8> bytes;  // without the checksum of Ethernet
};

// How a header lies in Guest memory.
enum class NetHeaderFormat : u8 {
  kOld,     // 8 bytes, without hdr_len: 2.6.24 (guest-04 section 5)
  kLegacy,  // 10 bytes
  kMerged,  // 12 bytes, with num_buffers: merged receive buffers, and virtio 1.0
};

inline constexpr u32 kMaxNetHeader = 12;
constexpr u32 SizeOf(NetHeaderFormat format) {
  return format == NetHeaderFormat::kOld      ? 8
         : format == NetHeaderFormat::kLegacy ? 10
                                              : 12;
}
// `bytes` has SizeOf(format) bytes.
NetHeader DecodeNetHeader(NetHeaderFormat format, std::span<const u8> bytes);
// num_buffers, where there is one, becomes 1.
void EncodeNetHeader(const NetHeader& header, NetHeaderFormat format,
                     std::span<u8> bytes);

// Finishes the checksum, if it has to be finished. False, and nothing changed, if the
// places named by the header are not in the frame.
[[nodiscard]] bool CompleteChecksum(NetFrame* frame);

// Cuts a long TCP packet into finished frames of at most gso_size bytes of payload,
// appended to `segments`. False, and nothing appended, if it is not what its header says,
// or would become more than kMaxSegments.
inline constexpr u32 kMaxSegments = 1024;
[[nodiscard]] bool CutIntoSegments(const NetFrame& frame,
                                   std::vector<NetFrame>* segments);

}  // namespace lgx

#endif  // LGX_DEVICES_NET_FRAME_H_
