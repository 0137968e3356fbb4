#include "devices/block.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/endian.h"
#include "base/log.h"
#include "devices/block_transfer.h"

namespace lgx {
namespace {

// Features. Which drivers take them (guest-02 section 11, guest-04):
//   bit            up to 2.6.31   2.6.32 - 2.6.36        from 2.6.37
//   0 barrier      yes            if there is no flush   no
//   2 seg_max      yes            yes                    yes
//   5 read only    yes            yes                    yes
//   9 flush        no             yes                    yes
// Without flush a driver takes the disk for one without a cache. So everybody is offered
// both, and takes what it knows.
constexpr u32 kFeatureBarrier = 0;
constexpr u32 kFeatureSegMax = 2;
constexpr u32 kFeatureReadOnly = 5;
constexpr u32 kFeatureFlush = 9;

// Types of request.
constexpr u32 kTypeRead = 0;
constexpr u32 kTypeWrite = 1;
constexpr u32 kTypeFlush = 4;
constexpr u32 kTypeGetId = 8;
constexpr u32 kTypeBarrier = 0x80000000;  // with a write

constexpr u32 kHeaderBytes = 16;  // that matter; 2.6.24 has 8 more
constexpr u32 kStatusBytes = 1;
// Values of the configuration in 2.6.24.
constexpr u8 kFieldCapacity = 0x41;
constexpr u8 kFieldSegMax = 0x43;
// Header and status have a descriptor each.
constexpr u32 kSegMax = kRingEntries - 2;

void SetFeature(DeviceShape* shape, u32 bit) {
  shape->features[bit / 8] |= static_cast<u8>(1u << (bit % 8));
}

DeviceShape Shape(const DiskFile& disk, u32 number) {
  DeviceShape shape;
  shape.type = kVirtioBlock;
  shape.name = absl::StrFormat("block %d (%s)", number, disk.name());
  shape.queue_sizes = {kRingEntries};
  shape.features = {0, 0};
  SetFeature(&shape, kFeatureBarrier);
  SetFeature(&shape, kFeatureSegMax);
  SetFeature(&shape, kFeatureFlush);
  if (disk.read_only()) SetFeature(&shape, kFeatureReadOnly);
  ByteWriter config;
  config.U64(disk.size() / kSectorSize);
  config.U32(0);  // size_max, not offered
  config.U32(kSegMax);
  shape.config = config.Take();
  ByteWriter capacity, seg_max;
  capacity.U64(disk.size() / kSectorSize);
  seg_max.U32(kSegMax);
  shape.fields = {{kFieldCapacity, capacity.Take()}, {kFieldSegMax, seg_max.Take()}};
  return shape;
}

// Empty buffers may follow the last byte.
Gpa LastByteOf(std::span<const ChainBuffer> buffers) {
  while (buffers.back().len == 0) buffers = buffers.first(buffers.size() - 1);
  return buffers.back().at + (buffers.back().len - 1);
}

}  // namespace

BlockDevice::BlockDevice(DiskFile& disk, const BlockOptions& options)
    : Device(Shape(disk, options.number)),
      disk_(disk),
      options_(options),
      capacity_(disk.size() / kSectorSize) {}

//: devices.060 A request to the disk
// Sixteen bytes say what and where, then comes the data or the room for it, and the very
// last byte is for the answer. The reference insisted that header and answer have
// descriptors of their own; later drivers split and join them as they like, so here only
// the sums count. Without room for an answer nobody can be told anything, and the Guest
// is stopped. Everything else that can go wrong with a disk is an answer.
//:
MaybeViolation BlockDevice::Serve(u32 index) {
  Virtqueue& ring = queue(index);
  return ring.ServeEach([&](const Chain& chain, u32* written) -> MaybeViolation {
    if (chain.out_bytes < header_bytes()) {
      return ring.Violate(
          ViolationKind::kNoRoom, chain.head,
          absl::StrFormat("Bad iovec size %d for the header of a disk request",
                          chain.out_bytes));
    }
    if (chain.in_bytes < kStatusBytes) {
      return ring.Violate(ViolationKind::kNoRoom, chain.head,
                          "Bad iovec size 0 for the status of a disk request");
    }
    u8 header[kHeaderBytes];
    ChainReader(ring.memory(), chain).Read(header);
    const Request request{LoadLe<u32>(header), LoadLe<u64>(header + 8),
                          chain.out_bytes - header_bytes(),
                          chain.in_bytes - kStatusBytes};
    const Result result = Execute(chain, request, written);
    CHECK(ring.memory().StoreValue(LastByteOf(chain.in), static_cast<u8>(result)));
    *written += kStatusBytes;
    return std::nullopt;
  });
}

// What does a type mean? It is a number; the reference took it for bits, and answered
// "get ID" with the disk's first sector.
//   read, write      whole in range, and data in its direction only; else an I/O error
//   + barrier        what came before is synced first, and this one before it is answered
//   flush            answered when the host has synced
//   get ID           20 bytes, padded with NULs; drivers ask without any feature
//   anything else    unsupported: SCSI commands, discard, what is to come
BlockDevice::Result BlockDevice::Execute(const Chain& chain, const Request& request,
                                         u32* written) {
  const bool barrier = (request.type & kTypeBarrier) != 0;
  if (barrier) {
    if (const Result result = Flush(); result != Result::kOk) return result;
  }
  Result result = Result::kUnsupported;
  switch (request.type & ~kTypeBarrier) {
    case kTypeRead:
      result = Read(chain, request, written);
      break;
    case kTypeWrite:
      result = Write(chain, request);
      break;
    case kTypeFlush:
      ++flush_requests_;
      result = Flush();
      break;
    case kTypeGetId:
      result = TellId(chain, request, written);
      break;
    default:
      result = Fail(Failure::kUnsupported,
                    absl::StrFormat("requests of type 0x%08x are unsupported (SCSI "
                                    "commands have bit 1)",
                                    request.type));
      break;
  }
  if (barrier && result == Result::kOk) result = Flush();
  return result;
}

// By subtraction, so that no sector number can wrap.
bool BlockDevice::InRange(u64 sector, u32 bytes) const {
  return sector <= capacity_ && bytes <= (capacity_ - sector) * kSectorSize;
}

BlockDevice::Result BlockDevice::Read(const Chain& chain, const Request& request,
                                      u32* written) {
  if (request.out_bytes != 0) {
    return Fail(Failure::kDirection,
                absl::StrFormat("a read of sector %d brings %d bytes of data",
                                request.sector, request.out_bytes));
  }
  if (!InRange(request.sector, request.in_bytes)) {
    return Fail(
        Failure::kOutOfRange,
        absl::StrFormat("a read of %d bytes at sector %d is beyond the end, sector %d",
                        request.in_bytes, request.sector, capacity_));
  }
  BlockTransfer transfer(queue(0).memory(), chain.in, 0, request.in_bytes);
  if (const Status status = transfer.Read(disk_, request.sector * kSectorSize);
      !status.ok()) {
    return Fail(Failure::kHost, MessageOf(status));
  }
  ++read_requests_;
  read_bytes_ += request.in_bytes;
  request_sizes_.Add(request.in_bytes);
  *written = request.in_bytes;
  return Result::kOk;
}

BlockDevice::Result BlockDevice::Write(const Chain& chain, const Request& request) {
  if (request.in_bytes != 0) {
    return Fail(Failure::kDirection,
                absl::StrFormat("a write to sector %d has room for %d bytes of data",
                                request.sector, request.in_bytes));
  }
  if (disk_.read_only()) {
    return Fail(
        Failure::kReadOnly,
        absl::StrFormat("a write to sector %d, but it is read-only", request.sector));
  }
  if (!InRange(request.sector, request.out_bytes)) {
    return Fail(
        Failure::kOutOfRange,
        absl::StrFormat("a write of %d bytes at sector %d is beyond the end, sector %d",
                        request.out_bytes, request.sector, capacity_));
  }
  BlockTransfer transfer(queue(0).memory(), chain.out, header_bytes(), request.out_bytes);
  if (const Status status = transfer.Write(disk_, request.sector * kSectorSize);
      !status.ok()) {
    return Fail(Failure::kHost, MessageOf(status));
  }
  ++write_requests_;
  write_bytes_ += request.out_bytes;
  request_sizes_.Add(request.out_bytes);
  return options_.sync == DiskSync::kAlways ? Flush() : Result::kOk;
}

BlockDevice::Result BlockDevice::Flush() {
  if (options_.sync == DiskSync::kNever || disk_.read_only()) return Result::kOk;
  ++syncs_;
  const Status status = disk_.Sync();
  return status.ok() ? Result::kOk : Fail(Failure::kHost, MessageOf(status));
}

BlockDevice::Result BlockDevice::TellId(const Chain& chain, const Request& request,
                                        u32* written) {
  if (request.out_bytes != 0) {
    return Fail(Failure::kDirection,
                absl::StrFormat("a request for the ID brings %d bytes of data",
                                request.out_bytes));
  }
  u8 id[kIdBytes] = {};
  std::copy_n(options_.id.begin(), std::min<std::size_t>(options_.id.size(), kIdBytes),
              id);
  ChainWriter writer(queue(0).memory(), chain);
  writer.Write(std::span(id).first(std::min(kIdBytes, request.in_bytes)));
  *written = writer.written();
  return Result::kOk;
}

// One line for each kind of failure; a Guest that fails in a loop must not fill the log.
BlockDevice::Result BlockDevice::Fail(Failure failure, const std::string& text) {
  bool& told = told_[static_cast<std::size_t>(failure)];
  Logf(told ? LogLevel::kDebug : LogLevel::kWarning, "%s: %s", name(), text);
  told = true;
  if (failure == Failure::kUnsupported) {
    ++unsupported_;
    return Result::kUnsupported;
  }
  ++errors_;
  return Result::kIoError;
}

void BlockDevice::VisitStats(StatsVisitor& out) const {
  StatsPrefix mine(absl::StrFormat("block.%d.", options_.number), out);
  mine.Counter("read_requests", read_requests_);
  mine.Counter("read_bytes", read_bytes_);
  mine.Counter("write_requests", write_requests_);
  mine.Counter("write_bytes", write_bytes_);
  mine.Counter("flush_requests", flush_requests_);
  mine.Counter("syncs", syncs_);
  mine.Counter("errors", errors_);
  mine.Counter("unsupported", unsupported_);
  mine.Buckets("request_bytes", request_sizes_);
}

void BlockDevice::AppendOwnState(ByteWriter* state) const {
  state->U64(capacity_);
  state->U8(disk_.read_only() ? 1 : 0);
  state->String(std::string_view(options_.id).substr(0, kIdBytes));
}

void BlockDevice::SaveOwnState(ByteWriter* out) const {
  out->U64(capacity_);
  for (const bool told : told_) out->U8(told ? 1 : 0);
  for (const u64 count : {read_requests_, read_bytes_, write_requests_, write_bytes_,
                          flush_requests_, syncs_, errors_, unsupported_}) {
    out->U64(count);
  }
}

void BlockDevice::LoadOwnState(ByteReader* in) {
  const u64 capacity = in->U64("the size of a disk");
  if (capacity != capacity_) {
    in->Fail(absl::StrFormat("%s has %d sectors here, and had %d", name(), capacity_,
                             capacity));
  }
  for (bool& told : told_) told = in->U8("whether a failure was told") != 0;
  for (u64* count : {&read_requests_, &read_bytes_, &write_requests_, &write_bytes_,
                     &flush_requests_, &syncs_, &errors_, &unsupported_}) {
    *count = in->U64("a counter of a disk");
  }
}

}  // namespace lgx
