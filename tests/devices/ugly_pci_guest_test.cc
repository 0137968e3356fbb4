// Ten ugly inputs of the fuzz target tests/fuzz/pci_bus_fuzz.cc.
#include "tests/devices/ugly_pci_guest.h"

#include <gtest/gtest.h>

#include "base/byte_writer.h"

namespace lgx {
namespace {

constexpr u8 kConsole = 0, kRandom = 1, kStandIn = 2;
constexpr u8 kByte = 0, kWord = 1, kDword = 2;

// Writes steps in the format of RunUglyPciGuest.
class Steps {
 public:
  Steps& Out(u16 port, u8 width, u32 value) {
    out_.U8(0);
    out_.U8(static_cast<u8>(port - 0xcf8));
    out_.U8(width);
    out_.U32(value);
    return *this;
  }
  Steps& Config(u8 slot, u8 offset, u8 width, u32 value) {
    out_.U8(2);
    out_.U8(slot);
    out_.U8(offset);
    out_.U8(width);
    out_.U32(value);
    return *this;
  }
  Steps& Write(u8 device, u16 offset, u8 width, u32 value) {
    out_.U8(3);
    out_.U8(device);
    out_.U8(width);
    out_.U16(offset);
    out_.U32(value);
    return *this;
  }
  Steps& Store(u32 at, u64 value) {
    out_.U8(5);
    out_.U32(at);
    out_.U64(value);
    return *this;
  }
  Steps& Start(u8 device, u8 queue, u16 size, u32 ring) {
    out_.U8(6);
    out_.U8(device);
    out_.U8(queue);
    out_.U16(size);
    out_.U32(ring);
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
  ByteWriter out_;
};

// Runs twice: what an ugly Guest does is repeatable as well.
UglyEnd RunTwice(const std::vector<u8>& steps) {
  const UglyEnd first = RunUglyPciGuest(steps);
  const UglyEnd second = RunUglyPciGuest(steps);
  EXPECT_EQ(first.violation, second.violation);
  EXPECT_EQ(first.output, second.output);
  EXPECT_EQ(first.irqs, second.irqs);
  EXPECT_EQ(first.state, second.state);
  EXPECT_EQ(first.memory, second.memory);
  return first;
}
UglyEnd RunTwice(const Steps& steps) { return RunTwice(steps.bytes()); }

TEST(UglyPciGuest, NothingAtAll) { EXPECT_EQ(RunTwice(std::vector<u8>{}).violation, ""); }

TEST(UglyPciGuest, OnlyOnesAndNoise) {
  RunTwice(std::vector<u8>(5000, 0xff));
  std::vector<u8> noise(5000);
  u32 x = 1;
  for (u8& byte : noise) {
    x = x * 1664525 + 1013904223;
    byte = static_cast<u8>(x >> 24);
  }
  RunTwice(noise);
}

TEST(UglyPciGuest, RingsThatLieInEachOther) {
  // All three parts at one place: what announces a buffer describes it, too.
  Steps steps;
  steps.Start(kRandom, 1, 16, 0);  // queue 1 is not there
  steps.Write(kRandom, kRegQueueSelect, kWord, 0);
  steps.Write(kRandom, kRegQueueSize, kWord, 16);
  for (u16 at = kRegDescriptors; at < kRegNotify; at += 8) {
    steps.Write(kRandom, at, kDword, 0x4000);
  }
  steps.Write(kRandom, kRegQueueEnable, kWord, 1);
  steps.Store(0x4000, 0x0000'0000'0001'0000);
  steps.Write(kRandom, kRegNotify, kWord, 0);
  EXPECT_EQ(RunTwice(steps).violation, "Output buffers in rng? (rng, queue 0, head 0)");
}

TEST(UglyPciGuest, RandomBytesOverItsOwnRing) {
  const UglyEnd end = RunTwice(Steps()
                                   .Start(kRandom, 0, 16, 0x4000)
                                   .Store(0x4000, 0x5000)            // the available ring
                                   .Store(0x4008, 0x0002'0000'0800)  // 2 KiB of it
                                   .Store(0x5000, 0x0001'0000)
                                   .Write(kRandom, kRegNotify, kWord, 0)
                                   .Write(kRandom, kRegNotify, kWord, 0));
  EXPECT_NE(end.violation.find("(rng"), std::string::npos) << end.violation;
}

TEST(UglyPciGuest, ResetInTheMiddleOfEverything) {
  const UglyEnd end = RunTwice(Steps()
                                   .Start(kConsole, 0, 16, 0x4000)
                                   .Store(0x4000, 0x100)
                                   .Store(0x4008, 0x0002'0000'0010)
                                   .Store(0x5000, 0x0001'0000)
                                   .Write(kConsole, kRegStatus, kByte, 0)
                                   .Input("late")
                                   .Write(kConsole, kRegNotify, kWord, 0));
  EXPECT_EQ(end.violation, "");
  EXPECT_EQ(end.memory.substr(0x100, 4), std::string(4, '\0'));
}

TEST(UglyPciGuest, AllDevicesMovedOntoEachOther) {
  Steps steps;
  for (u8 slot = 1; slot <= 3; ++slot) {
    steps.Config(slot, pci::kBar0, kDword, 0x00300000);
    steps.Start(static_cast<u8>(slot - 1), 0, 16, 0x4000);
  }
  EXPECT_EQ(RunTwice(steps).violation, "");
}

TEST(UglyPciGuest, AddressesThatWrap) {
  const UglyEnd end = RunTwice(Steps().Start(kStandIn, 0, 16, 0xfffffff0));
  EXPECT_NE(end.violation.find("0xfffffff0"), std::string::npos) << end.violation;
}

TEST(UglyPciGuest, AMillionCharactersThroughTheWindowAtOnce) {
  // The window's own registers, written through the window's data: nothing is there.
  Steps steps;
  for (u32 i = 0; i < 60; ++i) steps.Config(1, 0x70, kDword, i);
  EXPECT_EQ(RunTwice(steps).violation, "");
}

TEST(UglyPciGuest, StatusInEveryOrder) {
  Steps steps;
  for (u32 i = 0; i < 60; ++i) {
    steps.Write(kStandIn, kRegStatus, kByte, (i * 37) & 0xff);
  }
  EXPECT_EQ(RunTwice(steps).violation, "");
}

TEST(UglyPciGuest, PortsInHalves) {
  Steps steps;
  for (u32 i = 0; i < 60; ++i) {
    steps.Out(static_cast<u16>(0xcf8 + i % 8), static_cast<u8>(i % 3),
              0x80000810 + i * 4);
  }
  EXPECT_EQ(RunTwice(steps).violation, "");
}

}  // namespace
}  // namespace lgx
