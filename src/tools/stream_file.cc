#include "tools/stream_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace lgx {
namespace {

Status CannotWrite(const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    return Errorf(StatusCode::kNotFound, "cannot write '%s': %s; check the path", path,
                  std::strerror(error));
  }
  return Errorf(StatusCode::kUnavailable, "cannot write '%s': %s", path,
                std::strerror(error));
}

}  // namespace

StatusOr<StreamFile> StreamFile::Create(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  // A symbolic link stays one.
  fs::path real = fs::weakly_canonical(path, ignored);
  if (ignored || real.empty()) real = path;
  const bool special = fs::exists(real, ignored) && !fs::is_regular_file(real, ignored);
  const std::string temporary = special ? "" : real.string() + ".part";
  std::FILE* const file = std::fopen(special ? path.c_str() : temporary.c_str(), "wb");
  if (file == nullptr) return CannotWrite(path, errno);
  return StreamFile(special ? path : real.string(), temporary, file);
}

StreamFile::StreamFile(StreamFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      file_(std::exchange(other.file_, nullptr)),
      error_(other.error_) {}

StreamFile::~StreamFile() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  if (!temporary_.empty()) std::remove(temporary_.c_str());
}

void StreamFile::Write(std::string_view bytes) {
  if (error_ != 0 || bytes.empty()) return;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) error_ = errno;
}

Status StreamFile::Finish() {
  if (std::fclose(std::exchange(file_, nullptr)) != 0 && error_ == 0) error_ = errno;
  if (error_ == 0 && !temporary_.empty() &&
      std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    error_ = errno;
  }
  if (error_ == 0) return absl::OkStatus();
  if (!temporary_.empty()) std::remove(temporary_.c_str());
  return CannotWrite(path_, error_);
}

}  // namespace lgx
