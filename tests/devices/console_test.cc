#include "devices/console.h"

#include <gtest/gtest.h>

#include "devices/backend_buffer.h"
#include "tests/devices/ring_harness.h"

namespace lgx {
namespace {

constexpr u32 kMem = 0x100000;
constexpr u32 kInputRing = kMem + 0x1000;
constexpr u32 kOutputRing = kMem + 0x4000;
constexpr u32 kInputIrq = 1;
constexpr u32 kOutputIrq = 2;

class ConsoleTest : public testing::Test {
 protected:
  ConsoleTest() : rig_(kMem) {
    console_ = rig_.Add<Console>(terminal_);
    rig_.Finish();
  }
  void StartDevice() {
    rig_.memory.Store<u8>(kMem + 4, 7);
    Notify(kMem);
  }
  void Notify(u32 address) {
    const NotifyResult result = rig_.bus.HandleNotify(address);
    EXPECT_EQ(result.kind, NotifyResult::Kind::kServed)
        << (result.violation ? result.violation->ToString() : result.text);
  }
  Violation NotifyBad(u32 address) {
    const NotifyResult result = rig_.bus.HandleNotify(address);
    EXPECT_EQ(result.kind, NotifyResult::Kind::kViolation);
    return result.violation.value_or(
        Violation{ViolationKind::kBadNotify, "none", "", -1, -1});
  }
  void Type(std::string_view text) {
    const std::vector<u8> bytes(text.begin(), text.end());
    EXPECT_EQ(console_->QueueInput(bytes), bytes.size());
    EXPECT_FALSE(console_->DeliverInput());
  }

  BufferBackend terminal_;
  DeviceRig rig_;
  Console* console_;
  RingDriver input_{rig_.memory, RingLayout::Contiguous(Gpa(kInputRing), kRingEntries)};
  RingDriver output_{rig_.memory, RingLayout::Contiguous(Gpa(kOutputRing), kRingEntries)};
};

TEST_F(ConsoleTest, G02_6_TextIsOutAndUsedIndexHasMovedWhenNotifyReturns) {
  StartDevice();
  output_.set_no_interrupt(true);
  rig_.memory.Put(0x5000, "hello");
  output_.Offer(0, 0x5000, 5, 0);
  Notify(kOutputRing);
  EXPECT_EQ(terminal_.output(), "hello");
  EXPECT_EQ(output_.used_index(), 1);
  EXPECT_EQ(output_.used_id(0), 0u);
  EXPECT_EQ(output_.used_len(0), 0u);
  EXPECT_TRUE(rig_.irqs.raised.empty());
}

TEST_F(ConsoleTest, OutputWorksBeforeDriverOk) {
  rig_.memory.Put(0x5000, "early");
  output_.Offer(0, 0x5000, 5, 0);
  Notify(kOutputRing);
  EXPECT_EQ(terminal_.output(), "early");
}

TEST_F(ConsoleTest, OutputIsByteExactAcrossBuffersAndPieces) {
  StartDevice();
  std::string text;
  for (int i = 0; i < 20000; ++i) text.push_back(static_cast<char>(i % 251));
  rig_.memory.Put(0x10000, text);
  output_.Descriptor(0, 0x10000, 1, kNext, 1);
  output_.Descriptor(1, 0x10001, 9999, kNext, 2);
  output_.Descriptor(2, 0, 0, kNext, 3);
  output_.Descriptor(3, 0x10000 + 10000, 10000, 0);
  output_.Announce(0);
  Notify(kOutputRing);
  EXPECT_EQ(terminal_.output(), text);
}

TEST_F(ConsoleTest, G02_7_FloodRaisesNoInterruptThatNobodyWants) {
  StartDevice();
  output_.set_no_interrupt(true);
  rig_.memory.Put(0x5000, "line\n");
  for (int i = 0; i < 200000; ++i) {
    output_.Offer(static_cast<u16>(i % 256), 0x5000, 5, 0);
    Notify(kOutputRing);
  }
  EXPECT_EQ(terminal_.output().size(), 1000000u);
  EXPECT_TRUE(rig_.irqs.raised.empty());
}

TEST_F(ConsoleTest, OutputInterruptsADriverThatAsksForIt) {
  StartDevice();
  output_.Offer(0, 0x5000, 5, 0);
  Notify(kOutputRing);
  EXPECT_EQ(rig_.irqs.raised, std::vector<u32>{kOutputIrq});
}

TEST_F(ConsoleTest, G02_5_InBufferInTheOutputQueueIsAViolation) {
  StartDevice();
  output_.Offer(4, 0x5000, 5, kDeviceWrites);
  const Violation bad = NotifyBad(kOutputRing);
  EXPECT_EQ(bad.kind, ViolationKind::kWrongDirection);
  EXPECT_EQ(bad.ToString(),
            "Input buffers in console output queue? (console, queue 1, head 4)");
}

TEST_F(ConsoleTest, InputIsDeliveredAsSoonAsTheGuestHasABuffer) {
  StartDevice();
  Type("ab");
  EXPECT_TRUE(rig_.irqs.raised.empty());
  input_.Offer(0, 0x6000, 4096, kDeviceWrites);
  Notify(kInputRing);
  EXPECT_EQ(input_.used_index(), 1);
  EXPECT_EQ(input_.used_len(0), 2u);
  EXPECT_EQ(rig_.memory.Get(0x6000, 2), "ab");
  EXPECT_EQ(rig_.irqs.raised, std::vector<u32>{kInputIrq});
}

TEST_F(ConsoleTest, WaitingBufferGetsInputAtOnce) {
  StartDevice();
  input_.Offer(0, 0x6000, 4096, kDeviceWrites);
  Notify(kInputRing);
  EXPECT_EQ(input_.used_index(), 0) << "length 0 would be the end of the file";
  Type("c");
  EXPECT_EQ(input_.used_len(0), 1u);
  EXPECT_EQ(rig_.irqs.raised, std::vector<u32>{kInputIrq});
}

TEST_F(ConsoleTest, InputBeforeTheDriverIsReadyIsKept) {
  Type("typed early");
  input_.Offer(0, 0x6000, 4096, kDeviceWrites);
  Notify(kInputRing);
  EXPECT_EQ(rig_.memory.Get(0x6000, 11), "typed early");
}

TEST_F(ConsoleTest, InputLongerThanTheBufferContinuesInTheNext) {
  StartDevice();
  input_.Offer(0, 0x6000, 3, kDeviceWrites);
  Type("abcdefgh");
  input_.Descriptor(1, 0x6100, 2, kDeviceWrites | kNext, 2);
  input_.Descriptor(2, 0x6200, 100, kDeviceWrites);
  input_.Announce(1);
  Notify(kInputRing);
  EXPECT_EQ(rig_.memory.Get(0x6000, 3), "abc");
  EXPECT_EQ(rig_.memory.Get(0x6100, 2), "de");
  EXPECT_EQ(rig_.memory.Get(0x6200, 3), "fgh");
  EXPECT_EQ(input_.used_len(1), 5u);
}

TEST_F(ConsoleTest, InputIsBoundedAt64KiB) {
  std::vector<u8> much(100000, 'x');
  EXPECT_EQ(console_->InputRoom(), 65536u);
  EXPECT_EQ(console_->QueueInput(much), 65536u);
  EXPECT_EQ(console_->InputRoom(), 0u);
  EXPECT_EQ(console_->QueueInput(much), 0u);
  input_.Offer(0, 0x6000, 4096, kDeviceWrites);
  Notify(kInputRing);
  EXPECT_EQ(console_->InputRoom(), 4096u);
}

TEST_F(ConsoleTest, G02_5_OutBufferInTheInputQueueIsAViolation) {
  StartDevice();
  Type("a");
  input_.Offer(4, 0x6000, 10, 0);
  const Violation bad = NotifyBad(kInputRing);
  EXPECT_EQ(bad.kind, ViolationKind::kWrongDirection);
  EXPECT_EQ(bad.ToString(),
            "Output buffers in console in queue? (console, queue 0, head 4)");
}

TEST_F(ConsoleTest, EmptyInputBufferIsAViolation) {
  StartDevice();
  Type("a");
  input_.Offer(4, 0x6000, 0, kDeviceWrites);
  EXPECT_EQ(NotifyBad(kInputRing).kind, ViolationKind::kNoRoom);
}

TEST_F(ConsoleTest, BrokenInputRingIsAViolationOfWhoeverBringsInput) {
  StartDevice();
  input_.Offer(4, u64{1} << 40, 10, kDeviceWrites);
  const u8 byte = 'a';
  ASSERT_EQ(console_->QueueInput(std::span(&byte, 1)), 1u);
  const MaybeViolation bad = console_->DeliverInput();
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->kind, ViolationKind::kBadAddress);
}

TEST_F(ConsoleTest, ResetKeepsInputForTheNextDriver) {
  StartDevice();
  Type("kept");
  rig_.memory.Store<u8>(kMem + 4, 0);
  Notify(kMem);
  EXPECT_FALSE(console_->running());
  StartDevice();
  input_.Offer(0, 0x6000, 10, kDeviceWrites);
  Notify(kInputRing);
  EXPECT_EQ(rig_.memory.Get(0x6000, 4), "kept");
}

TEST_F(ConsoleTest, WaitingInputIsPartOfTheState) {
  ByteWriter before;
  console_->AppendState(&before);
  Type("a");
  ByteWriter after;
  console_->AppendState(&after);
  EXPECT_NE(before.bytes(), after.bytes());
}

TEST_F(ConsoleTest, BytesAreCounted) {
  StartDevice();
  rig_.memory.Put(0x5000, "hello");
  output_.Offer(0, 0x5000, 5, 0);
  Notify(kOutputRing);
  input_.Offer(0, 0x6000, 10, kDeviceWrites);
  Type("abc");
  Stats stats;
  rig_.bus.VisitStats(stats);
  EXPECT_EQ(stats.Get("console.output_bytes"), 5u);
  EXPECT_EQ(stats.Get("console.input_bytes"), 3u);
}

}  // namespace
}  // namespace lgx
