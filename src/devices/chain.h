// One request of a Guest: buffers the device reads, then buffers the device writes.
//
// A Chain is the device's own copy. Every segment in it was checked against the size of
// Guest memory when the copy was made, so the cursors below cannot fail: what the Guest
// writes into its descriptors afterwards is never looked at.
#ifndef LGX_DEVICES_CHAIN_H_
#define LGX_DEVICES_CHAIN_H_

#include <span>
#include <vector>

#include "base/types.h"
#include "mmu/guest_view.h"

namespace lgx {

struct ChainBuffer {
  Gpa at;
  u32 len = 0;
};

struct Chain {
  u16 head = 0;                  // names the request when it is returned
  std::vector<ChainBuffer> out;  // the device reads these ...
  std::vector<ChainBuffer> in;   // ... and may write these
  u32 out_bytes = 0;             // sums of the lengths; together at most Guest memory
  u32 in_bytes = 0;

  void Clear();
};

// Reads out buffers from front to back, whatever their borders.
class ChainReader {
 public:
  ChainReader(const GuestView& memory, const Chain& chain);
  u32 remaining() const { return remaining_; }
  // Copies the next bytes, as many as there are and fit; the count.
  u32 Read(std::span<u8> to);
  // Appends all that is left.
  void ReadRest(std::vector<u8>* to);

 private:
  const GuestView* memory_;
  std::span<const ChainBuffer> segments_;
  u32 used_ = 0;  // bytes of the first segment already read
  u32 remaining_;
};

// Writes in buffers from front to back.
class ChainWriter {
 public:
  ChainWriter(GuestView& memory, const Chain& chain);
  u32 remaining() const { return remaining_; }
  u32 written() const { return written_; }
  // Copies as many bytes as still fit; the count.
  u32 Write(std::span<const u8> from);

 private:
  GuestView* memory_;
  std::span<const ChainBuffer> segments_;
  u32 used_ = 0;  // bytes of the first segment already written
  u32 remaining_;
  u32 written_ = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_CHAIN_H_
