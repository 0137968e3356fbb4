// Unpacks what is inside a bzImage, to look at the kernel before it runs (guest-01
// section 2.2, guest-04 section 6.1). The Guest unpacks itself; nothing made here is ever
// executed.
#ifndef LGX_MACHINE_PAYLOAD_H_
#define LGX_MACHINE_PAYLOAD_H_

#include <vector>

#include "base/status.h"
#include "machine/image_bytes.h"

namespace lgx {

enum class Packing { kNone, kGzip, kBzip2, kLzma, kXz, kLzo, kLz4 };

const char* NameOf(Packing packing);

// Which packer wrote a stream that starts like this.
Packing PackingOf(Bytes stream);

// The unpacked content of the stream that `stream` starts with. Bytes behind the end of
// the stream are ignored. Fails when the stream is damaged or cut short, or when more
// than `max_size` bytes would come out: a small file can unpack to gigabytes.
StatusOr<std::vector<u8>> Unpack(Bytes stream, u64 max_size);

// One compressed block of LZO1X data, which must give exactly `size` bytes. False when it
// does not. Part of Unpack; by itself for tests.
[[nodiscard]] bool UnpackLzo1x(Bytes block, u64 size, std::vector<u8>* out);

}  // namespace lgx

#endif  // LGX_MACHINE_PAYLOAD_H_
