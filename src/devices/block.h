// The disk, vda in the Guest (type 2, guest-02 section 7).
//
// A request is complete when NOTIFY returns, so that it always ends at the same
// instruction, however long the host took. What is on the disk influences a run, how fast
// the disk is does not. An error of the host's disk is an I/O error for the Guest.
#ifndef LGX_DEVICES_BLOCK_H_
#define LGX_DEVICES_BLOCK_H_

#include <array>
#include <string>

#include "base/types.h"
#include "devices/device.h"
#include "devices/disk_file.h"

namespace lgx {

// When the host is asked to put written data where a loss of power does not reach it.
enum class DiskSync : u8 {
  kFlush,   // when the Guest asks: flush requests, barriers
  kAlways,  // after every write as well
  kNever,   // not at all: the Guest's requests succeed at once
};

struct BlockOptions {
  u32 number = 0;  // 0 is vda; names the counters
  std::string id;  // what the Guest learns as serial number, at most 20 bytes of it
  DiskSync sync = DiskSync::kFlush;
  // Requests of 2.6.24, whose header has another 8 bytes: an id for the driver's own use.
  bool long_header = false;
};

class BlockDevice : public Device {
 public:
  static constexpr u32 kIdBytes = 20;

  // `disk` must outlive the device. A disk that is read-only is offered as such.
  BlockDevice(DiskFile& disk, const BlockOptions& options);

  [[nodiscard]] MaybeViolation Serve(u32 queue) override;
  void VisitStats(StatsVisitor& out) const override;

  u64 capacity() const { return capacity_; }  // in sectors

 protected:
  // What a Guest may learn from the device. The content of the disk is not in it: that is
  // a file, which can be compared by itself, and not state of the machine.
  void AppendOwnState(ByteWriter* state) const override;
  void SaveOwnState(ByteWriter* out) const override;
  void LoadOwnState(ByteReader* in) override;

 private:
  // The last byte of a request.
  enum class Result : u8 { kOk = 0, kIoError = 1, kUnsupported = 2 };
  // Kinds of failure, each told once.
  enum class Failure : u8 {
    kOutOfRange,
    kDirection,
    kReadOnly,
    kHost,
    kUnsupported,
    kCount
  };
  struct Request {
    u32 type = 0;
    u64 sector = 0;
    u32 out_bytes = 0;  // of data, behind the header
    u32 in_bytes = 0;   // of data, before the status
  };

  u32 header_bytes() const { return options_.long_header ? 24 : 16; }
  Result Execute(const Chain& chain, const Request& request, u32* written);
  Result Read(const Chain& chain, const Request& request, u32* written);
  Result Write(const Chain& chain, const Request& request);
  Result Flush();
  Result TellId(const Chain& chain, const Request& request, u32* written);
  bool InRange(u64 sector, u32 bytes) const;
  Result Fail(Failure failure, const std::string& text);

  DiskFile& disk_;
  BlockOptions options_;
  u64 capacity_;
  std::array<bool, static_cast<std::size_t>(Failure::kCount)> told_{};

  u64 read_requests_ = 0;
  u64 read_bytes_ = 0;
  u64 write_requests_ = 0;
  u64 write_bytes_ = 0;
  Histogram request_sizes_;  // reads and writes that succeeded
  u64 flush_requests_ = 0;
  u64 syncs_ = 0;  // that the host was asked for
  u64 errors_ = 0;
  u64 unsupported_ = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_BLOCK_H_
