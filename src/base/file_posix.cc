#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/file.h"

namespace lgx {
namespace {

// What a person can do about an errno.
const char* NextStep(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "check the path";
    case EACCES:
    case EPERM:
      return "check the permissions of the file and its folders";
    case EISDIR:
      return "name a file, not a folder";
    case EROFS:
      return "choose a place that can be written";
    case ENOSPC:
    case EDQUOT:
      return "free some space or choose another disk";
    case EMFILE:
    case ENFILE:
      return "too many files are open; raise the limit (ulimit -n)";
    default:
      return "see the message of the host system";
  }
}

StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return kNotFound;
    case EISDIR:
      return kInvalidArgument;
    case ENOSPC:
    case EDQUOT:
      return kResourceExhausted;
    default:
      return kUnavailable;
  }
}

Status HostError(const std::string& path, const char* action, int error) {
  return Errorf(CodeOf(error), "%s: cannot %s: %s; %s.", path, action,
                std::generic_category().message(error), NextStep(error));
}

// Closes at the end of a scope.
class Handle {
 public:
  explicit Handle(int fd) : fd_(fd) {}
  ~Handle() {
    if (fd_ >= 0) close(fd_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

int OpenRetrying(const std::string& path, int flags, mode_t mode = 0) {
  int fd;
  do {
    fd = open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

Status WriteAll(const std::string& path, int fd, std::span<const u8> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return HostError(path, "write", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return absl::OkStatus();
}

// Terminals and pipes cannot be synced, and need not be.
Status SyncHandle(const std::string& path, int fd) {
  if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP) {
    return HostError(path, "sync", errno);
  }
  return absl::OkStatus();
}

// The name behind symbolic links, or the path itself where nothing exists yet.
std::string ResolveLinks(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string result = resolved;
  std::free(resolved);
  return result;
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status WriteDirectly(const std::string& path, std::span<const u8> bytes) {
  const Handle file(OpenRetrying(path, O_WRONLY));
  if (file.fd() < 0) return HostError(path, "open", errno);
  return WriteAll(path, file.fd(), bytes);
}

// Opens a new file beside `path`; its name is left in `temporary`.
int OpenBeside(const std::string& path, std::string* temporary) {
  for (u32 attempt = 0; attempt < 100; attempt++) {
    *temporary = absl::StrFormat("%s.%d.%d.tmp", path, getpid(), attempt);
    const int fd = OpenRetrying(*temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

Status ReplaceFile(const std::string& path, std::span<const u8> bytes) {
  std::string temporary;
  Status status;
  {
    const Handle file(OpenBeside(path, &temporary));
    if (file.fd() < 0) return HostError(path, "create", errno);
    status = WriteAll(path, file.fd(), bytes);
    if (status.ok()) status = SyncHandle(path, file.fd());
  }
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) {
    status = HostError(path, "put the new file in place", errno);
  }
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  // The name itself must reach the disk too.
  const Handle folder(OpenRetrying(FolderOf(path), O_RDONLY | O_DIRECTORY));
  if (folder.fd() < 0)
    return absl::OkStatus();  // a folder that may not be read: best effort
  return SyncHandle(path, folder.fd());
}

}  // namespace

StatusOr<std::vector<u8>> ReadFile(const std::string& path, u64 limit) {
  const Handle file(OpenRetrying(path, O_RDONLY));
  if (file.fd() < 0) return HostError(path, "open", errno);
  struct stat info;
  if (fstat(file.fd(), &info) != 0) return HostError(path, "examine", errno);

  std::vector<u8> bytes;
  const u64 expected = S_ISREG(info.st_mode) ? static_cast<u64>(info.st_size) : 0;
  const auto too_large = [&](u64 size) {
    return Errorf(
        kInvalidArgument,
        "%s: the file has %d bytes or more; at most %d make sense here. Is it the "
        "right file?",
        path, size, limit);
  };
  if (expected > limit) return too_large(expected);

  // One byte more than expected, so that the end is seen without a second growth.
  u64 used = 0;
  bytes.resize(expected + 1);
  while (true) {
    if (used == bytes.size()) bytes.resize(bytes.size() + (u64{1} << 16));
    const ssize_t n = read(file.fd(), bytes.data() + used, bytes.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return HostError(path, "read", errno);
    if (n == 0) break;
    used += static_cast<u64>(n);
    if (used > limit) return too_large(used);
  }
  bytes.resize(used);
  return bytes;
}

Status WriteFile(const std::string& path, std::span<const u8> bytes,
                 Overwrite overwrite) {
  struct stat info;
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) return HostError(path, "write", EISDIR);
  if (exists && !S_ISREG(info.st_mode)) return WriteDirectly(path, bytes);
  if (exists && overwrite == Overwrite::kRefuse) {
    return Errorf(kInvalidArgument,
                  "%s: the file exists and is not overwritten; remove it, choose another "
                  "name, or say --force.",
                  path);
  }
  return ReplaceFile(exists ? ResolveLinks(path) : path, bytes);
}

StatusOr<File> File::Open(const std::string& path, Mode mode) {
  const int fd = OpenRetrying(path, mode == Mode::kReadOnly ? O_RDONLY : O_RDWR);
  if (fd < 0) return HostError(path, "open", errno);
  return File(path, fd);
}

StatusOr<File> File::Create(const std::string& path) {
  const int fd = OpenRetrying(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
  if (fd < 0) return HostError(path, "create", errno);
  return File(path, fd);
}

File::~File() {
  if (handle_ >= 0) close(handle_);
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)), handle_(std::exchange(other.handle_, -1)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(handle_, other.handle_);
  return *this;
}

StatusOr<u64> File::Size() const {
  // Works for block devices too, where fstat says 0.
  const off_t end = lseek(handle_, 0, SEEK_END);
  if (end < 0) return HostError(path_, "find the size", errno);
  return static_cast<u64>(end);
}

Status File::ReadAt(u64 offset, std::span<u8> bytes) const {
  u64 at = offset;
  while (!bytes.empty()) {
    const ssize_t n = pread(handle_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return HostError(path_, "read", errno);
    if (n == 0) {
      return Errorf(
          kDataLoss,
          "%s: the file ends at offset 0x%x, but %d more bytes were wanted. Is it "
          "cut short?",
          path_, at, bytes.size());
    }
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    at += static_cast<u64>(n);
  }
  return absl::OkStatus();
}

Status File::WriteAt(u64 offset, std::span<const u8> bytes) {
  u64 at = offset;
  while (!bytes.empty()) {
    const ssize_t n = pwrite(handle_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return HostError(path_, "write", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    at += static_cast<u64>(n);
  }
  return absl::OkStatus();
}

Status File::Sync() { return SyncHandle(path_, handle_); }

}  // namespace lgx
