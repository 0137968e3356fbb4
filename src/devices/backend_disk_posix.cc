#include "devices/backend_disk_posix.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/log.h"

namespace lgx {
namespace {

constexpr int kPiecesPerCall = 256;  // every system takes more than this (IOV_MAX)

StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return kNotFound;
    case ENOSPC:
    case EDQUOT:
      return kResourceExhausted;
    default:
      return kUnavailable;
  }
}

Status HostError(const std::string& path, const char* action, int error) {
  const char* next = "see the message of the host system";
  if (error == ENOENT || error == ENOTDIR) next = "check the path";
  if (error == EACCES || error == EPERM || error == EROFS) {
    next = "check its permissions; with ,ro it is only read";
  }
  if (error == ENOSPC || error == EDQUOT) next = "free some space on the host's disk";
  return Errorf(CodeOf(error), "%s: cannot %s the disk: %s; %s.", path, action,
                std::strerror(error), next);
}

// "process 1234 (lgx)": who holds a flock() on this file, as far as the system tells.
std::string LockHolder(const struct stat& info) {
  std::ifstream locks("/proc/locks");
  std::string line;
  while (std::getline(locks, line)) {
    // 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF
    std::istringstream words(line);
    std::string number, kind, advisory, access, place;
    long pid = 0;
    if (!(words >> number >> kind >> advisory >> access >> pid >> place)) continue;
    const std::size_t colon = place.rfind(':');
    if (kind != "FLOCK" || colon == std::string::npos ||
        place.substr(colon + 1) != std::to_string(info.st_ino)) {
      continue;
    }
    std::string name;
    std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
    if (!std::getline(comm, name)) return absl::StrFormat("process %d", pid);
    return absl::StrFormat("process %d (%s)", pid, name);
  }
  return "another process";
}

Status Lock(const std::string& path, int fd, DiskAccess access) {
  const bool writes = access == DiskAccess::kReadWrite;
  int result;
  do {
    result = flock(fd, (writes ? LOCK_EX : LOCK_SH) | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return absl::OkStatus();
  if (errno == EWOULDBLOCK) {
    struct stat info = {};
    fstat(fd, &info);
    return Errorf(kUnavailable,
                  "%s: the disk is in use by %s%s. Two at a time would destroy it; wait "
                  "for the other, or give both the disk with ,ro or each an overlay of "
                  "its own.",
                  path, LockHolder(info), writes ? "" : ", which writes to it");
  }
  // Some file systems know no locks.
  Logf(LogLevel::kWarning,
       "%s: the disk cannot be locked (%s); nothing keeps a second "
       "run from using it",
       path, std::strerror(errno));
  return absl::OkStatus();
}

class PosixDisk final : public DiskFile {
 public:
  PosixDisk(std::string path, int fd, bool read_only)
      : path_(std::move(path)), fd_(fd), read_only_(read_only) {}
  ~PosixDisk() override { close(fd_); }
  PosixDisk(const PosixDisk&) = delete;
  PosixDisk& operator=(const PosixDisk&) = delete;

  Status FindSize() {
    // Works for block devices too, where fstat says 0.
    const off_t end = lseek(fd_, 0, SEEK_END);
    if (end < 0) return HostError(path_, "find the size of", errno);
    size_ = static_cast<u64>(end);
    return absl::OkStatus();
  }

  const std::string& name() const override { return path_; }
  u64 size() const override { return size_; }
  bool read_only() const override { return read_only_; }

  Status Read(u64 offset, ReadPieces to) override {
    return Move(offset, to, [](int fd, const iovec* pieces, int count, off_t at) {
      return preadv(fd, pieces, count, at);
    });
  }

  Status Write(u64 offset, WritePieces from) override {
    const u64 end = offset + BytesOf(from);
    LGX_RETURN_IF_ERROR(
        Move(offset, from, [](int fd, const iovec* pieces, int count, off_t at) {
          return pwritev(fd, pieces, count, at);
        }));
    size_ = std::max(size_, end);
    return absl::OkStatus();
  }

  // After a failure the system forgets what it could not write, and the next sync would
  // succeed. So the first failure is the answer from then on.
  Status Sync() override {
    if (!sync_failure_.ok()) return sync_failure_;
    int result;
    do {
      result = fdatasync(fd_);
    } while (result != 0 && errno == EINTR);
    if (result != 0) sync_failure_ = HostError(path_, "sync", errno);
    return sync_failure_;
  }

  Status SetSize(u64 size) override {
    if (ftruncate(fd_, static_cast<off_t>(size)) != 0) {
      return HostError(path_, "resize", errno);
    }
    size_ = size;
    return absl::OkStatus();
  }

 private:
  // All of the pieces. The system may stop in the middle of any of them.
  template <typename Piece, typename Call>
  Status Move(u64 offset, std::span<const Piece> pieces, Call call) {
    std::size_t next = 0;  // the first piece that is not done ...
    std::size_t done = 0;  // ... and how much of it is
    iovec list[kPiecesPerCall];
    while (next < pieces.size()) {
      int count = 0;
      for (std::size_t i = next; i < pieces.size() && count < kPiecesPerCall; ++i) {
        const std::size_t skip = i == next ? done : 0;
        list[count++] =
            iovec{const_cast<u8*>(pieces[i].data()) + skip, pieces[i].size() - skip};
      }
      const ssize_t moved = call(fd_, list, count, static_cast<off_t>(offset));
      if (moved < 0 && errno == EINTR) continue;
      if (moved < 0) {
        return HostError(path_, std::is_same_v<Piece, std::span<u8>> ? "read" : "write",
                         errno);
      }
      offset += static_cast<u64>(moved);
      std::size_t left = static_cast<std::size_t>(moved);
      const std::size_t before = next;
      while (next < pieces.size() && left >= pieces[next].size() - done) {
        left -= pieces[next++].size() - done;
        done = 0;
      }
      done += left;
      if (moved == 0 && next == before) {
        return Errorf(kDataLoss,
                      "%s: the disk ends at offset 0x%x, before the end of a request. "
                      "Was the file cut short while it was in use?",
                      path_, offset);
      }
    }
    return absl::OkStatus();
  }

  std::string path_;
  int fd_;
  bool read_only_;
  u64 size_ = 0;
  Status sync_failure_;
};

int OpenRetrying(const std::string& path, int flags) {
  int fd;
  do {
    fd = open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

}  // namespace

StatusOr<std::unique_ptr<DiskFile>> OpenDiskFile(const std::string& path,
                                                 DiskAccess access) {
  const bool read_only = access == DiskAccess::kReadOnly;
  // A pipe must not make us wait.
  const int fd = OpenRetrying(path, (read_only ? O_RDONLY : O_RDWR) | O_NONBLOCK);
  if (fd < 0) return HostError(path, "open", errno);
  auto disk = std::make_unique<PosixDisk>(path, fd, read_only);
  struct stat info;
  if (fstat(fd, &info) != 0) return HostError(path, "examine", errno);
  if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode)) {
    return Errorf(kInvalidArgument,
                  "%s: a disk is a file or a block device, and this is neither.", path);
  }
  LGX_RETURN_IF_ERROR(Lock(path, fd, access));
  LGX_RETURN_IF_ERROR(disk->FindSize());
  return disk;
}

StatusOr<std::unique_ptr<DiskFile>> CreateDiskFile(const std::string& path, u64 size,
                                                   bool replace) {
  const int fd = OpenRetrying(path, O_RDWR | O_CREAT | (replace ? 0 : O_EXCL));
  if (fd < 0 && errno == EEXIST) {
    return Errorf(StatusCode::kFailedPrecondition,
                  "%s: the file exists and is not overwritten; remove it, choose another "
                  "name, or say --force.",
                  path);
  }
  if (fd < 0) return HostError(path, "create", errno);
  auto disk = std::make_unique<PosixDisk>(path, fd, false);
  struct stat info;
  if (fstat(fd, &info) != 0) return HostError(path, "examine", errno);
  if (!S_ISREG(info.st_mode)) {
    return Errorf(kInvalidArgument, "%s: is not a file; choose another name.", path);
  }
  LGX_RETURN_IF_ERROR(Lock(path, fd, DiskAccess::kReadWrite));
  LGX_RETURN_IF_ERROR(disk->SetSize(0));
  LGX_RETURN_IF_ERROR(disk->SetSize(size));
  return disk;
}

StatusOr<std::unique_ptr<DiskFile>> CreateTemporaryDisk() {
  const char* folder = std::getenv("TMPDIR");
  std::string path = folder != nullptr && *folder != 0 ? folder : "/tmp";
  path += "/lgx-disk-XXXXXX";
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return HostError(path, "create", errno);
  unlink(path.c_str());
  return std::make_unique<PosixDisk>(path, fd, false);
}

StatusOr<u64> DiskUsage(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return HostError(path, "examine", errno);
  return static_cast<u64>(info.st_blocks) * 512;
}

}  // namespace lgx
