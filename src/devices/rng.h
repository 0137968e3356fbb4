// The entropy device, /dev/hwrng in the Guest (type 4, guest-02 section 9).
//
// Its numbers come from a seed, so that every run of one seed gives the Guest the same
// ones.
#ifndef LGX_DEVICES_RNG_H_
#define LGX_DEVICES_RNG_H_

#include <array>
#include <span>

#include "base/types.h"
#include "devices/device.h"

namespace lgx {

// xoshiro256** by Blackman and Vigna, started from one number by splitmix64: the same
// bytes on every host.
class SeededBytes {
 public:
  explicit SeededBytes(u64 seed);
  void Fill(std::span<u8> to);
  void AppendState(ByteWriter* state) const;
  void LoadState(ByteReader* in);

 private:
  u64 Next();

  std::array<u64, 4> state_;
  u64 word_ = 0;       // the last number drawn ...
  u32 word_left_ = 0;  // ... and how many of its bytes are still to be used
};

class Rng : public Device {
 public:
  explicit Rng(u64 seed);
  [[nodiscard]] MaybeViolation Serve(u32 queue) override;
  void VisitStats(StatsVisitor& out) const override;

 protected:
  void AppendOwnState(ByteWriter* state) const override;
  void SaveOwnState(ByteWriter* out) const override;
  void LoadOwnState(ByteReader* in) override;

 private:
  SeededBytes source_;
  u64 bytes_ = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_RNG_H_
