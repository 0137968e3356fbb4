// Disk images: files of the host, or its block devices.
#ifndef LGX_DEVICES_BACKEND_DISK_POSIX_H_
#define LGX_DEVICES_BACKEND_DISK_POSIX_H_

#include <memory>
#include <string>

#include "base/status.h"
#include "base/types.h"
#include "devices/disk_file.h"

namespace lgx {

enum class DiskAccess : u8 {
  kReadOnly,   // others may read it too
  kReadWrite,  // nobody else
};

// Opens and locks an image. The lock holds as long as the DiskFile lives; it is advisory,
// between runs of this program and others that use flock(). Errors name the file, and if
// it is in use, the process that uses it.
[[nodiscard]] StatusOr<std::unique_ptr<DiskFile>> OpenDiskFile(const std::string& path,
                                                               DiskAccess access);

// A new image of zeros that takes room only where it is written, opened for writing. An
// existing file is refused, or replaced if `replace`.
[[nodiscard]] StatusOr<std::unique_ptr<DiskFile>> CreateDiskFile(const std::string& path,
                                                                 u64 size, bool replace);

// A disk without a name, in the folder for temporary files (TMPDIR), that is gone when it
// is closed.
[[nodiscard]] StatusOr<std::unique_ptr<DiskFile>> CreateTemporaryDisk();

// Bytes the file takes on the host's disk, holes not counted.
[[nodiscard]] StatusOr<u64> DiskUsage(const std::string& path);

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_DISK_POSIX_H_
