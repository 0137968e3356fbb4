// Files of the host. Every error names the file, what the host said, and the next step.
#ifndef LGX_BASE_FILE_H_
#define LGX_BASE_FILE_H_

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/types.h"

namespace lgx {

// Kernels and initrds are megabytes; a larger file is a mistake that should be told, not
// read.
inline constexpr u64 kReadFileLimit = u64{1} << 30;

// The whole file. Pipes and devices are read to their end.
[[nodiscard]] StatusOr<std::vector<u8>> ReadFile(const std::string& path,
                                                 u64 limit = kReadFileLimit);

enum class Overwrite : u8 { kRefuse, kReplace };

// The file appears complete or not at all: written beside its place, synced, renamed.
// What is not a regular file (a pipe, a terminal) is written directly; a symbolic link
// stays one.
[[nodiscard]] Status WriteFile(const std::string& path, std::span<const u8> bytes,
                               Overwrite overwrite);

// An open file with positional access, for disk images. Closed by its destructor.
class File {
 public:
  enum class Mode : u8 { kReadOnly, kReadWrite };

  [[nodiscard]] static StatusOr<File> Open(const std::string& path, Mode mode);
  // A new and empty file, for a program that writes as it goes; one of that name is
  // emptied.
  [[nodiscard]] static StatusOr<File> Create(const std::string& path);
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;

  const std::string& path() const { return path_; }
  [[nodiscard]] StatusOr<u64> Size() const;

  // All of `bytes` or an error; the end of the file inside the range is one.
  [[nodiscard]] Status ReadAt(u64 offset, std::span<u8> bytes) const;
  // Extends the file where needed.
  [[nodiscard]] Status WriteAt(u64 offset, std::span<const u8> bytes);
  // After this, what was written survives a loss of power as far as the disk keeps its
  // word.
  [[nodiscard]] Status Sync();

 private:
  File(std::string path, int handle) : path_(std::move(path)), handle_(handle) {}

  std::string path_;
  int handle_;
};

}  // namespace lgx

#endif  // LGX_BASE_FILE_H_
