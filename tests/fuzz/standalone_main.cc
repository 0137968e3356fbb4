// Feeds a fuzz target the files named on the command line and, after --random N, N inputs
// made from a fixed seed: a test that needs no fuzzer and is the same everywhere.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace lgx {
namespace {

// xorshift64*: good enough to make bytes, and the same on every host.
class Random {
 public:
  u64 Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d;
  }
  u64 Below(u64 limit) { return Next() % limit; }

 private:
  u64 state_ = 1;
};

// Mostly small numbers and the edges of their range: raw noise fails the first check of
// every parser and reaches nothing behind it.
u8 UglyByte(Random& random) {
  switch (random.Below(4)) {
    case 0:
      return 0;
    case 1:
      return static_cast<u8>(random.Below(8));
    case 2:
      return 0xff;
    default:
      return static_cast<u8>(random.Next());
  }
}

void RunRandom(u64 count) {
  Random random;
  std::vector<u8> bytes;
  for (u64 i = 0; i < count; i++) {
    bytes.resize(random.Below(1 << random.Below(12)));
    for (u8& byte : bytes) byte = UglyByte(random);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
}

int Main(int argc, char** argv) {
  SetLogLevel(LogLevel::kError);  // bad input is the point; warnings about it are not
  for (int i = 1; i < argc; i++) {
    if (std::string_view(argv[i]) == "--random" && i + 1 < argc) {
      RunRandom(std::strtoull(argv[++i], nullptr, 10));
      continue;
    }
    const StatusOr<std::vector<u8>> bytes = ReadFile(argv[i]);
    if (!bytes.ok()) {
      std::fprintf(stderr, "%s\n", MessageOf(bytes.status()).c_str());
      return 1;
    }
    LLVMFuzzerTestOneInput(bytes->data(), bytes->size());
  }
  return 0;
}

}  // namespace
}  // namespace lgx

int main(int argc, char** argv) { return lgx::Main(argc, argv); }
