// Ten ugly inputs of the fuzz target tests/fuzz/virtqueue_fuzz.cc.
#include "tests/devices/ugly_guest.h"

#include <gtest/gtest.h>

#include "base/byte_writer.h"

namespace lgx {
namespace {

constexpr u8 kInput = 0;  // rings
constexpr u8 kOutput = 1;
constexpr u8 kRandom = 2;
constexpr u32 kMem = 0x4000;
constexpr u32 kRandomRing = kMem + 0x1000 + 2 * 0x3000;
constexpr u32 kLimit = kMem + 0x1000 + 3 * 0x3000 + 0x2000;

// Writes steps in the format of RunUglyGuest.
class Steps {
 public:
  Steps& Store(u32 at, u64 value) {
    out_.U8(0);
    out_.U32(at);
    out_.U64(value);
    return *this;
  }
  Steps& Descriptor(u8 ring, u8 index, u64 addr, u32 len, u16 flags, u16 next = 0) {
    out_.U8(1);
    out_.U8(ring);
    out_.U8(index);
    out_.U64(addr);
    out_.U32(len);
    out_.U16(flags);
    out_.U16(next);
    return *this;
  }
  Steps& Announce(u8 ring, u16 head) { return RingAndWord(2, ring, head); }
  Steps& Index(u8 ring, u16 index) { return RingAndWord(3, ring, index); }
  Steps& Ring(u8 ring) {
    out_.U8(4);
    out_.U8(ring);
    return *this;
  }
  Steps& Notify(u32 address) {
    out_.U8(5);
    out_.U32(address);
    return *this;
  }
  Steps& Status(u8 device, u8 status) {
    out_.U8(6);
    out_.U8(device);
    out_.U8(status);
    return *this;
  }
  Steps& Input(std::string_view text) {
    out_.U8(7);
    out_.U8(static_cast<u8>(text.size()));
    for (const char c : text) out_.U8(static_cast<u8>(c));
    return *this;
  }
  const std::vector<u8>& bytes() const { return out_.bytes(); }

 private:
  Steps& RingAndWord(u8 step, u8 ring, u16 word) {
    out_.U8(step);
    out_.U8(ring);
    out_.U16(word);
    return *this;
  }
  ByteWriter out_;
};

// Runs twice: what an ugly Guest does is repeatable as well.
UglyEnd RunTwice(const std::vector<u8>& steps) {
  const UglyEnd first = RunUglyGuest(steps);
  const UglyEnd second = RunUglyGuest(steps);
  EXPECT_EQ(first.violation, second.violation);
  EXPECT_EQ(first.output, second.output);
  EXPECT_EQ(first.irqs, second.irqs);
  EXPECT_EQ(first.state, second.state);
  EXPECT_EQ(first.memory, second.memory);
  return first;
}
UglyEnd RunTwice(const Steps& steps) { return RunTwice(steps.bytes()); }

TEST(UglyGuest, NothingAtAll) { EXPECT_EQ(RunTwice(std::vector<u8>{}).violation, ""); }

TEST(UglyGuest, OneStepCutShort) {
  EXPECT_EQ(RunTwice(std::vector<u8>{1, 2, 3}).violation, "");
  EXPECT_EQ(RunTwice(std::vector<u8>{5, 0xff, 0xff, 0xff, 0xff}).violation,
            "Bad NOTIFY 0xffffffff");
}

TEST(UglyGuest, OnlyOnesAndNoise) {
  RunTwice(std::vector<u8>(5000, 0xff));
  std::vector<u8> noise(5000);
  u32 x = 1;
  for (u8& byte : noise) {
    x = x * 1664525 + 1013904223;
    byte = static_cast<u8>(x >> 24);
  }
  RunTwice(noise);
}

TEST(UglyGuest, LoopedOutputPrintsNothingAndEnds) {
  const UglyEnd end = RunTwice(Steps()
                                   .Descriptor(kOutput, 0, 0x100, 0x1000, 1, 1)
                                   .Descriptor(kOutput, 1, 0x100, 0, 1, 1)
                                   .Announce(kOutput, 0)
                                   .Ring(kOutput));
  EXPECT_EQ(end.violation, "Looped descriptor (console, queue 1, head 0)");
  EXPECT_EQ(end.output, "");
}

TEST(UglyGuest, RingThatIsItsOwnIndirectTable) {
  // Entry 0 of the ring is read as entry 0 of the table, and it is indirect.
  const UglyEnd end = RunTwice(Steps()
                                   .Descriptor(kOutput, 0, kMem + 0x4000, 4096, 4)
                                   .Announce(kOutput, 0)
                                   .Ring(kOutput));
  EXPECT_EQ(end.violation,
            "Indirect descriptor 0 inside an indirect table (console, queue 1, head 0)");
}

TEST(UglyGuest, AllOfMemoryAs256Requests) {
  const UglyEnd end = RunTwice(
      Steps().Descriptor(kOutput, 0, 0, kLimit, 0).Index(kOutput, 256).Ring(kOutput));
  EXPECT_EQ(end.violation, "");
  EXPECT_EQ(end.output.size(), u64{kLimit} * 256);
}

TEST(UglyGuest, RandomBytesOverTheRingAndTheDevicePage) {
  const UglyEnd end = RunTwice(Steps()
                                   .Descriptor(kRandom, 0, kMem, kLimit - kMem, 2)
                                   .Announce(kRandom, 0)
                                   .Ring(kRandom)
                                   .Status(1, 7));
  EXPECT_FALSE(end.violation.empty());
}

TEST(UglyGuest, InputIntoTheIndexOfItsOwnRing) {
  // The answer "\x02\x00" announces a second buffer, the same one.
  const u32 index = kMem + 0x1000 + 0x1002;
  const UglyEnd end = RunTwice(Steps()
                                   .Descriptor(kInput, 0, index, 2, 2)
                                   .Announce(kInput, 0)
                                   .Input(std::string_view("\x02\x00\x03\x00\x03\x00", 6))
                                   .Ring(kInput)
                                   .Ring(kInput));
  EXPECT_EQ(end.violation, "");
  EXPECT_EQ(end.irqs, (std::vector<u32>{1, 1, 1}));
}

TEST(UglyGuest, ResetInTheMiddleOfEverything) {
  const UglyEnd end = RunTwice(Steps()
                                   .Status(0, 7)
                                   .Descriptor(kInput, 3, 0x100, 10, 2)
                                   .Announce(kInput, 3)
                                   .Status(0, 0)
                                   .Input("late")
                                   .Status(0, 0x80)
                                   .Ring(kInput)
                                   .Status(0, 0)
                                   .Notify(kRandomRing)
                                   .Index(kInput, 0xffff)
                                   .Ring(kInput));
  EXPECT_EQ(end.violation, "Guest moved used index from 0 to 65535 (console, queue 0)");
  EXPECT_EQ(end.memory.substr(0x100, 10), std::string(10, '\0'));
}

TEST(UglyGuest, MoreInputThanAnyoneTakes) {
  Steps steps;
  for (int i = 0; i < 64; ++i) steps.Input(std::string(255, 'i'));
  const UglyEnd end = RunTwice(steps);
  EXPECT_EQ(end.violation, "");
  EXPECT_LE(end.state.size(), 65536u + 200);
}

}  // namespace
}  // namespace lgx
