// Kernel files. The first byte chooses where the input goes: 0 is a file as it stands;
// others patch a good vmlinux or bzImage with triples of offset (two bytes) and value,
// because noise alone does not get past the first header.
#include <cstddef>
#include <cstdint>
#include <span>

#include "tests/machine/swallow_kernel.h"

namespace {

using lgx::test::ByteVector;

ByteVector GoodKernel(int kind) {
  const ByteVector vmlinux = lgx::test::BuildVmlinux({.pae = true, .symbols = true});
  if (kind == 0) return vmlinux;
  return lgx::test::BuildBzImage(kind == 1 ? lgx::test::PackGzip(vmlinux)
                                           : lgx::test::PackLzopStored(vmlinux));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static lgx::test::TestMemory memory(16 * lgx::u64{1} << 20);
  if (size == 0) return 0;
  const std::span rest(data + 1, size - 1);
  if (data[0] == 0) {
    lgx::test::SwallowKernel(rest, &memory);
    return 0;
  }
  ByteVector file = GoodKernel(data[0] % 3);
  for (size_t at = 0; at + 3 <= rest.size(); at += 3) {
    const size_t offset = lgx::LoadLe<lgx::u16>(rest.data() + at);
    if (offset < file.size()) file[offset] = rest[at + 2];
  }
  lgx::test::SwallowKernel(file, &memory);
  return 0;
}
