// A file that is written piece by piece and appears complete or not at all.
#ifndef LGX_TOOLS_STREAM_FILE_H_
#define LGX_TOOLS_STREAM_FILE_H_

#include <cstdio>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lgx {

class StreamFile {
 public:
  // Written beside `path`; what is no regular file (a pipe, a terminal) is written
  // directly.
  [[nodiscard]] static StatusOr<StreamFile> Create(const std::string& path);
  // Without Finish() nothing has appeared.
  ~StreamFile();
  StreamFile(StreamFile&& other) noexcept;
  StreamFile& operator=(StreamFile&&) = delete;

  // A failure is told by Finish().
  void Write(std::string_view bytes);
  // Renames it to its place.
  [[nodiscard]] Status Finish();

 private:
  StreamFile(std::string path, std::string temporary, std::FILE* file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}

  std::string path_;
  std::string temporary_;  // empty: written directly
  std::FILE* file_;
  int error_ = 0;
};

}  // namespace lgx

#endif  // LGX_TOOLS_STREAM_FILE_H_
