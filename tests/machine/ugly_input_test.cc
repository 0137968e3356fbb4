// Damaged files must be refused or accepted, never crash or hang the program. Mutations
// come from a fixed seed, so a failure repeats.
#include <gtest/gtest.h>

#include "machine/boot_layout.h"
#include "tests/machine/swallow_kernel.h"

namespace lgx {
namespace {

using test::BuildBzImage;
using test::BuildVmlinux;
using test::ByteVector;
using test::SwallowKernel;
using test::TestMemory;

class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}
  u32 Below(u32 limit) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return static_cast<u32>((state_ >> 33) % limit);
  }

 private:
  u64 state_;
};

void Mutate(const ByteVector& whole, u32 hot_bytes, u64 seed, int rounds) {
  TestMemory memory(16 * kMiB);
  Random random(seed);
  constexpr u32 kInteresting[] = {0,          1,      0x7f,       0x80,
                                  0xff,       0xffff, 0x7fffffff, 0xfffffff0,
                                  0xffffffff, 0x1000, 0x100000};
  for (int round = 0; round < rounds; round++) {
    ByteVector file = whole;
    const u32 changes = 1 + random.Below(4);
    for (u32 i = 0; i < changes; i++) {
      const u32 at = random.Below(random.Below(3) == 0 ? static_cast<u32>(file.size() - 4)
                                                       : hot_bytes);
      if (random.Below(2) == 0) {
        file[at] = static_cast<u8>(random.Below(256));
      } else {
        StoreLe<u32>(file.data() + at,
                     kInteresting[random.Below(std::size(kInteresting))]);
      }
    }
    if (random.Below(8) == 0) file.resize(random.Below(static_cast<u32>(file.size())));
    SwallowKernel(file, &memory);
  }
}

TEST(UglyInput, MutatedElfFiles) {
  Mutate(BuildVmlinux({.symbols = true}), 52 + 32, 1, 3000);
}

TEST(UglyInput, MutatedSymbolTables) {
  const ByteVector whole = BuildVmlinux({.pae = true, .symbols = true});
  // Bring the end, where the symbols are, to the region that is hit often.
  const u32 size = static_cast<u32>(whole.size());
  Mutate(whole, size - 4, 2, 1000);
}

TEST(UglyInput, MutatedBzImages) {
  for (u64 seed = 3;
       const auto pack : {test::PackGzip, test::PackBzip2, test::PackXz, test::PackLzma,
                          test::PackLz4, test::PackLzopStored}) {
    Mutate(BuildBzImage(pack(BuildVmlinux({}))), 0x290, seed++, 150);
  }
}

TEST(UglyInput, MutatedPackedStreams) {
  Random random(17);
  for (const auto pack : {test::PackGzip, test::PackBzip2, test::PackXz, test::PackLzma,
                          test::PackLz4, test::PackLzopStored}) {
    const ByteVector packed = pack(BuildVmlinux({}));
    TestMemory memory(16 * kMiB);
    for (int round = 0; round < 100; round++) {
      ByteVector stream = packed;
      stream[random.Below(static_cast<u32>(stream.size()))] =
          static_cast<u8>(random.Below(256));
      SwallowKernel(BuildBzImage(stream), &memory);
    }
  }
}

TEST(UglyInput, TenUglyFiles) {
  TestMemory memory(16 * kMiB);
  const std::string magic =
      "\x7f"
      "ELF";
  for (const std::string& text :
       {std::string(), std::string(1, '\0'), std::string("\n"), magic, magic + "\x01",
        magic + std::string(48, '\xff'), magic + std::string(4092, '\0'),
        std::string(0x202, 'x') + "HdrS",
        std::string(0x202, '\xff') + "HdrS" + std::string(5000, '\xff'),
        std::string("#!/bin/sh\necho hello\n")}) {
    SwallowKernel(ByteVector(text.begin(), text.end()), &memory);
  }
}

}  // namespace
}  // namespace lgx
