// lgx disk: makes, shows and commits disk images and overlays.
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "devices/backend_disk_posix.h"
#include "devices/overlay.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"

namespace lgx {
namespace {

using Disk = std::unique_ptr<DiskFile>;

void Print(const std::string& text) { std::fputs(text.c_str(), stdout); }

// "1234 bytes (1.2 KiB)"
std::string SizeText(u64 bytes) {
  const char* unit = "KiB";
  double amount = static_cast<double>(bytes) / 1024;
  for (const char* next : {"MiB", "GiB", "TiB"}) {
    if (amount < 1024) break;
    amount /= 1024;
    unit = next;
  }
  return absl::StrFormat("%d bytes (%.1f %s)", bytes, amount, unit);
}

Status CreateImage(const DiskOptions& options) {
  const u64 size = *options.size;
  if (size == 0 || size % kSectorSize != 0) {
    return Errorf(StatusCode::kOutOfRange,
                  "disk create: a disk has whole sectors of %d bytes, and not %d bytes",
                  kSectorSize, size);
  }
  const StatusOr<Disk> disk = CreateDiskFile(options.file, size, options.force);
  if (!disk.ok()) return disk.status();
  LGX_RETURN_IF_ERROR((*disk)->Sync());
  Print(absl::StrFormat("%s: an image of %s\n", options.file, SizeText(size)));
  return absl::OkStatus();
}

Status CreateOverlay(const DiskOptions& options) {
  const StatusOr<Disk> base = OpenDiskFile(options.base, DiskAccess::kReadOnly);
  if (!base.ok()) return base.status();
  const StatusOr<Disk> file = CreateDiskFile(options.file, 0, options.force);
  if (!file.ok()) return file.status();
  LGX_RETURN_IF_ERROR(FormatOverlay(**base, **file));
  Print(absl::StrFormat("%s: an overlay for %s\n", options.file, options.base));
  return absl::OkStatus();
}

StatusOr<bool> IsOverlay(DiskFile& file) {
  std::array<u8, 8> start = {};
  if (file.size() < start.size()) return false;
  LGX_RETURN_IF_ERROR(ReadDisk(file, 0, start));
  return LooksLikeOverlay(start);
}

Status Info(const std::string& path) {
  const StatusOr<Disk> file = OpenDiskFile(path, DiskAccess::kReadOnly);
  if (!file.ok()) return file.status();
  const StatusOr<bool> overlay = IsOverlay(**file);
  if (!overlay.ok()) return overlay.status();
  const StatusOr<u64> usage = DiskUsage(path);
  if (!usage.ok()) return usage.status();
  if (!*overlay) {
    const u64 size = (*file)->size();
    Print(absl::StrFormat("%s: raw image\nsize: %s, %d sectors\n", path, SizeText(size),
                          size / kSectorSize));
    if (size % kSectorSize != 0) {
      Print(absl::StrFormat("the last %d bytes are no sector, and no guest sees them\n",
                            size % kSectorSize));
    }
    Print(absl::StrFormat("room on the host's disk: %s\n", SizeText(*usage)));
    return absl::OkStatus();
  }
  const StatusOr<OverlaySummary> summary = SummariseOverlay(**file);
  if (!summary.ok()) return summary.status();
  const OverlayHeader& header = summary->header;
  Print(absl::StrFormat("%s: overlay, format version %d\n", path, kOverlayVersion));
  Print(absl::StrFormat("base: %s, checksum %016x\n", header.base_name,
                        header.base_identity));
  Print(absl::StrFormat("size: %s, %d sectors\n", SizeText(header.disk_size),
                        header.disk_size / kSectorSize));
  Print(
      absl::StrFormat("changed: %s\n",
                      SizeText((summary->settled + summary->tentative) * kOverlayBlock)));
  if (summary->tentative != 0) {
    Print(absl::StrFormat("not flushed: %s\n",
                          SizeText(summary->tentative * kOverlayBlock)));
  }
  Print(absl::StrFormat("room on the host's disk: %s\n", SizeText(*usage)));
  if (header.state == OverlayHeader::State::kCommitting) {
    Print("a commit was interrupted; finish it with lgx disk commit\n");
  }
  return absl::OkStatus();
}

Status Commit(const DiskOptions& options) {
  StatusOr<Disk> file = OpenDiskFile(options.file, DiskAccess::kReadWrite);
  if (!file.ok()) return file.status();
  std::string path = options.base;
  if (path.empty()) {
    const StatusOr<OverlaySummary> summary = SummariseOverlay(**file);
    if (!summary.ok()) return summary.status();
    path = summary->header.base_name;
  }
  StatusOr<Disk> base = OpenDiskFile(path, DiskAccess::kReadWrite);
  if (!base.ok()) return base.status();
  const StatusOr<std::unique_ptr<OverlayDisk>> disk =
      OverlayDisk::Open(*std::move(base), *std::move(file), true);
  if (!disk.ok()) return disk.status();
  const u64 changed = (*disk)->changed_blocks() * kOverlayBlock;
  LGX_RETURN_IF_ERROR((*disk)->Commit());
  Print(absl::StrFormat("%s: %s written to %s\n", options.file, SizeText(changed), path));
  return absl::OkStatus();
}

Status Run(const DiskOptions& options) {
  if (options.action == "info") return Info(options.file);
  if (options.action == "commit") return Commit(options);
  return options.base.empty() ? CreateImage(options) : CreateOverlay(options);
}

}  // namespace

int CmdDisk(const DiskOptions& options) {
  const Status status = Run(options);
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace lgx
