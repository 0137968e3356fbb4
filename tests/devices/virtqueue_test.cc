#include "devices/virtqueue.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/devices/ring_harness.h"

namespace lgx {
namespace {

constexpr u32 kPages = 64;
constexpr u32 kLimit = kPages * kPageSize;
constexpr u32 kRingAt = 32 * kPageSize;
constexpr u32 kTableAt = 0x8000;  // for indirect tables
constexpr u32 kIrq = 5;

class VirtqueueTest : public testing::Test {
 protected:
  explicit VirtqueueTest(u16 size = kRingEntries)
      : ring_(RingLayout::Contiguous(Gpa(kRingAt), size)),
        queue_(memory_.view, irqs_, "stand-in", 1, ring_, kIrq),
        driver_(memory_, ring_) {
    queue_.Start(false);
  }

  Chain TakeOne() {
    Chain chain;
    EXPECT_TRUE(queue_.HasWork());
    const MaybeViolation bad = queue_.Take(&chain);
    EXPECT_FALSE(bad) << bad->ToString();
    return chain;
  }
  Violation TakeBad() {
    Chain chain;
    EXPECT_TRUE(queue_.HasWork());
    const MaybeViolation bad = queue_.Take(&chain);
    EXPECT_TRUE(bad);
    return bad.value_or(Violation{ViolationKind::kBadNotify, "no violation", "", -1, -1});
  }

  TestMemory memory_{kPages};
  RecordedIrqs irqs_;
  RingLayout ring_;
  Virtqueue queue_;
  RingDriver driver_;
};

TEST_F(VirtqueueTest, RingOf256HasTheLayoutOfLguest) {
  EXPECT_EQ(ring_.descriptors, Gpa(kRingAt));
  EXPECT_EQ(ring_.available, Gpa(kRingAt + 0x1000));
  EXPECT_EQ(ring_.used, Gpa(kRingAt + 0x2000));
  EXPECT_EQ(RingLayout::ContiguousPages(256), 3u);
}

TEST_F(VirtqueueTest, EmptyRingHasNoWork) { EXPECT_FALSE(queue_.HasWork()); }

TEST_F(VirtqueueTest, ChainIsOutBuffersThenInBuffers) {
  driver_.Descriptor(7, 0x1000, 16, kNext, 3);
  driver_.Descriptor(3, 0x2000, 100, kNext | kDeviceWrites, 200);
  driver_.Descriptor(200, 0x3000, 1, kDeviceWrites);
  driver_.Announce(7);
  const Chain chain = TakeOne();
  EXPECT_EQ(chain.head, 7);
  ASSERT_EQ(chain.out.size(), 1u);
  ASSERT_EQ(chain.in.size(), 2u);
  EXPECT_EQ(chain.out[0].at, Gpa(0x1000));
  EXPECT_EQ(chain.in[1].at, Gpa(0x3000));
  EXPECT_EQ(chain.out_bytes, 16u);
  EXPECT_EQ(chain.in_bytes, 101u);
  EXPECT_FALSE(queue_.HasWork());
}

TEST_F(VirtqueueTest, ChainIsACopyThatTheGuestCannotChange) {
  driver_.Offer(0, 0x1000, 16, 0);
  const Chain chain = TakeOne();
  driver_.Descriptor(0, 0xffffffff, 0xffffffff, kNext | kDeviceWrites, 99);
  EXPECT_EQ(chain.out[0].at, Gpa(0x1000));
  EXPECT_EQ(chain.out[0].len, 16u);
}

TEST_F(VirtqueueTest, BufferMayBeEmpty) {
  driver_.Offer(0, 0x1000, 0, 0);
  const Chain chain = TakeOne();
  EXPECT_EQ(chain.out.size(), 1u);
  EXPECT_EQ(chain.out_bytes, 0u);
}

TEST_F(VirtqueueTest, BufferMayEndExactlyAtTheEndOfMemory) {
  driver_.Offer(0, kLimit - 16, 16, 0);
  EXPECT_EQ(TakeOne().out_bytes, 16u);
}

TEST_F(VirtqueueTest, BufferMayBeAllOfMemory) {
  driver_.Offer(0, 0, kLimit, kDeviceWrites);
  EXPECT_EQ(TakeOne().in_bytes, kLimit);
}

TEST_F(VirtqueueTest, ChainMayUseEveryDescriptorOfTheRing) {
  for (u16 i = 0; i < 256; ++i) {
    const u16 flags = i < 255 ? kNext : 0;
    driver_.Descriptor(i, 0x1000, 1, flags, static_cast<u16>(i + 1));
  }
  driver_.Announce(0);
  EXPECT_EQ(TakeOne().out_bytes, 256u);
}

TEST_F(VirtqueueTest, IndirectTableIsUsedWithoutNegotiation) {
  driver_.DescriptorAt(kTableAt, 0x1000, 10, kNext, 2);
  driver_.DescriptorAt(kTableAt + 32, 0x2000, 20, kDeviceWrites);
  driver_.Offer(9, kTableAt, 48, kIndirect);
  const Chain chain = TakeOne();
  EXPECT_EQ(chain.head, 9);
  EXPECT_EQ(chain.out_bytes, 10u);
  EXPECT_EQ(chain.in_bytes, 20u);
}

TEST_F(VirtqueueTest, IndirectTableMayBeLongerThanTheRingAndUnaligned) {
  constexpr u32 kEntries = 1000;
  for (u32 i = 0; i < kEntries; ++i) {
    driver_.DescriptorAt(kTableAt + 3 + 16 * i, 0x1000, 1, i + 1 < kEntries ? kNext : 0,
                         static_cast<u16>(i + 1));
  }
  driver_.Offer(0, kTableAt + 3, 16 * kEntries, kIndirect);
  EXPECT_EQ(TakeOne().out.size(), kEntries);
}

TEST_F(VirtqueueTest, NextFlagBesideIndirectIsIgnored) {
  driver_.DescriptorAt(kTableAt, 0x1000, 10, 0);
  driver_.Descriptor(0, kTableAt, 16, kIndirect | kNext, 999);
  driver_.Announce(0);
  EXPECT_EQ(TakeOne().out_bytes, 10u);
}

TEST_F(VirtqueueTest, IndexesWrapAfter65536Buffers) {
  driver_.Descriptor(4, 0x1000, 1, 0);
  for (u32 i = 0; i < 65536 + 10; ++i) {
    driver_.Announce(4);
    ASSERT_EQ(TakeOne().head, 4);
    queue_.Return(4, i);
  }
  EXPECT_EQ(driver_.used_index(), 10);
  EXPECT_EQ(driver_.used_len(9), 65536u + 9);
  EXPECT_FALSE(queue_.HasWork());
}

TEST_F(VirtqueueTest, FullRingOfAnnouncementsIsLegal) {
  driver_.Descriptor(0, 0x1000, 1, 0);
  for (int i = 0; i < 256; ++i) driver_.Announce(0);
  for (int i = 0; i < 256; ++i) TakeOne();
  EXPECT_FALSE(queue_.HasWork());
}

// --- G02-5: each row of guest-02 section 10 that a ring can show ---

struct BadRing {
  const char* name;
  std::function<void(RingDriver&)> prepare;
  ViolationKind kind;
  const char* text;
  i32 head;
};

const BadRing kBadRings[] = {
    {"IndexJumpBy300", [](RingDriver& d) { d.set_available_index(300); },
     ViolationKind::kIndexMoved, "Guest moved used index from 0 to 300", -1},
    {"IndexJumpBy257", [](RingDriver& d) { d.set_available_index(257); },
     ViolationKind::kIndexMoved, "Guest moved used index from 0 to 257", -1},
    {"IndexGoesBack", [](RingDriver& d) { d.set_available_index(0xffff); },
     ViolationKind::kIndexMoved, "Guest moved used index from 0 to 65535", -1},
    {"Head256", [](RingDriver& d) { d.Announce(256); }, ViolationKind::kBadHead,
     "Guest says index 256 is available", -1},
    {"Head65535", [](RingDriver& d) { d.Announce(65535); }, ViolationKind::kBadHead,
     "Guest says index 65535 is available", -1},
    {"Next256",
     [](RingDriver& d) {
       d.Descriptor(5, 0x1000, 1, kNext, 256);
       d.Announce(5);
     },
     ViolationKind::kBadNext, "Desc next is 256", 5},
    {"SelfLoop",
     [](RingDriver& d) {
       d.Descriptor(5, 0x1000, 1, kNext, 5);
       d.Announce(5);
     },
     ViolationKind::kLooped, "Looped descriptor", 5},
    {"ChainOf257",
     [](RingDriver& d) {
       for (u16 i = 0; i < 256; ++i) {
         d.Descriptor(i, 0x1000, 1, kNext, static_cast<u16>((i + 1) % 256));
       }
       d.Announce(8);
     },
     ViolationKind::kLooped, "Looped descriptor", 8},
    {"OutAfterIn",
     [](RingDriver& d) {
       d.Descriptor(5, 0x1000, 1, kNext | kDeviceWrites, 6);
       d.Descriptor(6, 0x1000, 1, 0);
       d.Announce(5);
     },
     ViolationKind::kOutAfterIn, "Descriptor has out after in", 5},
    {"AddressAtLimit", [](RingDriver& d) { d.Offer(5, kLimit, 1, 0); },
     ViolationKind::kBadAddress, "Invalid address 0x00040000, length 0x1", 5},
    {"EmptyAtLimit", [](RingDriver& d) { d.Offer(5, kLimit, 0, 0); },
     ViolationKind::kBadAddress, "Invalid address 0x00040000, length 0x0", 5},
    {"OneByteTooLong", [](RingDriver& d) { d.Offer(5, kLimit - 16, 17, 0); },
     ViolationKind::kBadAddress, "Invalid address 0x0003fff0, length 0x11", 5},
    {"Address2To32", [](RingDriver& d) { d.Offer(5, u64{1} << 32, 1, 0); },
     ViolationKind::kBadAddress, "Invalid address 0x100000000, length 0x1", 5},
    {"SumWraps32", [](RingDriver& d) { d.Offer(5, 0x1000, 0xfffff001, 0); },
     ViolationKind::kBadAddress, "Invalid address 0x00001000, length 0xfffff001", 5},
    {"SumWraps64", [](RingDriver& d) { d.Offer(5, ~u64{0}, 2, 0); },
     ViolationKind::kBadAddress, "Invalid address 0xffffffffffffffff, length 0x2", 5},
    {"IndirectLength8", [](RingDriver& d) { d.Offer(5, kTableAt, 8, kIndirect); },
     ViolationKind::kIndirectSize, "Invalid size for indirect buffer table: 8 bytes", 5},
    {"IndirectLength0", [](RingDriver& d) { d.Offer(5, kTableAt, 0, kIndirect); },
     ViolationKind::kIndirectSize, "Invalid size for indirect buffer table: 0 bytes", 5},
    {"IndirectLength4GiB", [](RingDriver& d) { d.Offer(5, 0, 0xfffffff0, kIndirect); },
     ViolationKind::kBadAddress, "Invalid address 0x00000000, length 0xfffffff0", 5},
    {"IndirectTableOutside", [](RingDriver& d) { d.Offer(5, kLimit - 8, 16, kIndirect); },
     ViolationKind::kBadAddress, "Invalid address 0x0003fff8, length 0x10", 5},
    {"IndirectNextOutsideTable",
     [](RingDriver& d) {
       d.DescriptorAt(kTableAt, 0x1000, 1, kNext, 2);
       d.Offer(5, kTableAt, 32, kIndirect);
     },
     ViolationKind::kBadNext, "Desc next is 2", 5},
    {"IndirectLoop",
     [](RingDriver& d) {
       d.DescriptorAt(kTableAt, 0x1000, 1, kNext, 0);
       d.Offer(5, kTableAt, 32, kIndirect);
     },
     ViolationKind::kLooped, "Looped descriptor", 5},
    {"IndirectInsideIndirect",
     [](RingDriver& d) {
       d.DescriptorAt(kTableAt, kTableAt, 16, kIndirect);
       d.Offer(5, kTableAt, 16, kIndirect);
     },
     ViolationKind::kIndirectMisplaced, "Indirect descriptor 0 inside an indirect table",
     5},
    {"IndirectInsideChain",
     [](RingDriver& d) {
       d.Descriptor(5, 0x1000, 1, kNext, 6);
       d.Descriptor(6, kTableAt, 16, kIndirect);
       d.Announce(5);
     },
     ViolationKind::kIndirectMisplaced, "Indirect descriptor 6 inside a chain", 5},
    {"MoreThanAllMemory",
     [](RingDriver& d) {
       d.Descriptor(5, 0, kLimit, kNext, 6);
       d.Descriptor(6, 0, 1, kDeviceWrites);
       d.Announce(5);
     },
     ViolationKind::kTooLong,
     "Buffers of 262145 bytes in one chain, more than guest memory", 5},
};

TEST_F(VirtqueueTest, G02_5_EveryBrokenRingIsAViolationWithItsTextAndPlace) {
  for (const BadRing& bad : kBadRings) {
    SCOPED_TRACE(bad.name);
    ASSERT_TRUE(memory_.view.Fill(ring_.descriptors, 0, 3 * kPageSize));
    queue_.Start(false);
    bad.prepare(driver_);
    const Violation violation = TakeBad();
    EXPECT_EQ(violation.kind, bad.kind);
    EXPECT_EQ(violation.text, bad.text);
    EXPECT_EQ(violation.device, "stand-in");
    EXPECT_EQ(violation.queue, 1);
    EXPECT_EQ(violation.head, bad.head);
  }
}

TEST_F(VirtqueueTest, G02_5_ViolationNamesDeviceQueueAndHead) {
  driver_.Offer(5, u64{1} << 32, 1, 0);
  EXPECT_EQ(TakeBad().ToString(),
            "Invalid address 0x100000000, length 0x1 (stand-in, queue 1, head 5)");
}

TEST_F(VirtqueueTest, LoopThroughATableOf65537EntriesEnds) {
  TestMemory memory(1024);
  Virtqueue queue(memory.view, irqs_, "stand-in", 0, ring_, kIrq);
  queue.Start(false);
  RingDriver driver(memory, ring_);
  // `next` has 16 bits: the last entry that can be reached leads back to the first.
  constexpr u32 kEntries = 65537;
  constexpr u32 kBigTable = 0x100000;
  for (u32 i = 0; i < kEntries; ++i) {
    driver.DescriptorAt(kBigTable + 16 * i, 0x1000, 0, kNext, static_cast<u16>(i + 1));
  }
  driver.Offer(0, kBigTable, 16 * kEntries, kIndirect);
  Chain chain;
  const MaybeViolation bad = queue.Take(&chain);
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->kind, ViolationKind::kLooped);
}

// --- returning and interrupting ---

TEST_F(VirtqueueTest, ReturnedBufferCarriesHeadAndLength) {
  driver_.Offer(77, 0x1000, 8, kDeviceWrites);
  const Chain chain = TakeOne();
  queue_.Return(chain.head, 8);
  EXPECT_EQ(driver_.used_index(), 1);
  EXPECT_EQ(driver_.used_id(0), 77u);
  EXPECT_EQ(driver_.used_len(0), 8u);
}

TEST_F(VirtqueueTest, ReturnAnswersIndirectBuffersWithTheMainHead) {
  driver_.DescriptorAt(kTableAt, 0x1000, 10, 0);
  driver_.Offer(9, kTableAt, 16, kIndirect);
  queue_.Return(TakeOne().head, 0);
  EXPECT_EQ(driver_.used_id(0), 9u);
}

TEST_F(VirtqueueTest, ScribbledUsedIndexStaysInsideTheRing) {
  memory_.Store<u16>(ring_.used.value + 2, 0xffff);
  driver_.Offer(1, 0x1000, 8, 0);
  queue_.Return(TakeOne().head, 3);
  EXPECT_EQ(driver_.used_index(), 0);
  EXPECT_EQ(driver_.used_id(255), 1u);
  EXPECT_EQ(driver_.used_len(255), 3u);
}

TEST_F(VirtqueueTest, InterruptFollowsTheTableOfSection5_5) {
  struct Row {
    bool unwanted, empty, notify_on_empty, interrupt;
  };
  const Row rows[] = {
      {false, false, false, true}, {false, false, true, true},
      {false, true, false, true},  {false, true, true, true},
      {true, false, false, false}, {true, false, true, false},
      {true, true, false, false},  {true, true, true, true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(testing::Message() << row.unwanted << row.empty << row.notify_on_empty);
    ASSERT_TRUE(memory_.view.Fill(ring_.descriptors, 0, 3 * kPageSize));
    queue_.Start(row.notify_on_empty);
    irqs_.raised.clear();
    driver_.set_no_interrupt(row.unwanted);
    driver_.Offer(0, 0x1000, 1, 0);
    queue_.Return(TakeOne().head, 0);
    if (!row.empty) driver_.Offer(1, 0x1000, 1, 0);
    queue_.Interrupt();
    EXPECT_EQ(irqs_.raised, row.interrupt ? std::vector<u32>{kIrq} : std::vector<u32>{});
    // Nothing is pending any more, whatever was decided.
    driver_.set_no_interrupt(false);
    irqs_.raised.clear();
    queue_.Interrupt();
    EXPECT_TRUE(irqs_.raised.empty());
  }
}

TEST_F(VirtqueueTest, NothingReturnedIsNoReasonToInterrupt) {
  driver_.Offer(0, 0x1000, 1, 0);
  TakeOne();
  queue_.Interrupt();
  EXPECT_TRUE(irqs_.raised.empty());
}

TEST_F(VirtqueueTest, ServeEachInterruptsOnceForManyBuffers) {
  for (u16 i = 0; i < 10; ++i) driver_.Offer(i, 0x1000, 1, 0);
  EXPECT_FALSE(queue_.ServeEach([](const Chain& chain, u32* written) -> MaybeViolation {
    *written = chain.head;
    return std::nullopt;
  }));
  EXPECT_EQ(driver_.used_index(), 10);
  EXPECT_EQ(driver_.used_len(9), 9u);
  EXPECT_EQ(irqs_.raised, std::vector<u32>{kIrq});
}

TEST_F(VirtqueueTest, ServiceThatAnnouncesMoreWorkItselfEndsAfterOneRingLength) {
  driver_.Offer(0, 0x1000, 1, kDeviceWrites);
  int served = 0;
  EXPECT_FALSE(queue_.ServeEach([&](const Chain&, u32*) -> MaybeViolation {
    ++served;
    driver_.Announce(0);
    return std::nullopt;
  }));
  EXPECT_EQ(served, 256);
}

TEST_F(VirtqueueTest, StateChangesWithEveryBuffer) {
  ByteWriter before;
  queue_.AppendState(&before);
  driver_.Offer(0, 0x1000, 1, 0);
  TakeOne();
  ByteWriter after;
  queue_.AppendState(&after);
  EXPECT_NE(before.bytes(), after.bytes());
}

}  // namespace
}  // namespace lgx
