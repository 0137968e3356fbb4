#include "mmu/page_pool.h"

#include <gtest/gtest.h>

#include <memory>

namespace lgx {
namespace {

class PagePoolTest : public ::testing::Test {
 protected:
  std::unique_ptr<PhysMemory> memory = PhysMemory::Create(0x10000).value();
};

TEST_F(PagePoolTest, FramesComeInOrderAndTheLimitHolds) {
  PagePool pool(*memory, Mfn(4), 3);
  EXPECT_EQ(pool.Take(), Mfn(4));
  EXPECT_EQ(pool.Take(), Mfn(5));
  EXPECT_EQ(pool.Take(), Mfn(6));
  EXPECT_EQ(pool.Take(), std::nullopt);
  EXPECT_EQ(pool.used(), 3u);
}

TEST_F(PagePoolTest, TheFrameGivenBackLastIsTakenFirst) {
  PagePool pool(*memory, Mfn(4), 4);
  const Mfn a = *pool.Take();
  const Mfn b = *pool.Take();
  pool.Return(a);
  pool.Return(b);
  EXPECT_EQ(pool.used(), 0u);
  EXPECT_EQ(pool.Take(), b);
  EXPECT_EQ(pool.Take(), a);
  EXPECT_EQ(pool.Take(), Mfn(6));
  EXPECT_EQ(pool.peak(), 3u);
}

TEST_F(PagePoolTest, AFrameIsZeroWhenItIsTaken) {
  PagePool pool(*memory, Mfn(4), 2);
  memory->Fill(Mpa(0x4000), 0xaa, 0x2000);
  for (int round = 0; round < 2; ++round) {
    const Mfn frame = *pool.Take();
    for (u32 at = 0; at < kPageSize; at += 8) {
      ASSERT_EQ(memory->Load<u64>(MpaOf(frame) + at), 0u);
    }
    memory->Fill(MpaOf(frame), 0xbb, kPageSize);
    pool.Return(frame);
  }
  EXPECT_EQ(memory->Load<u8>(Mpa(0x5000)), 0xaa)
      << "the other frame is nobody's business";
}

TEST_F(PagePoolTest, ZeroingAFrameThatHeldTablesIsAnnounced) {
  class Watch final : public StoreWatch {
   public:
    void WillStore(Mpa at, const u8*, u32 len) override {
      EXPECT_EQ(at, Mpa(0x4000));
      bytes += len;
    }
    u32 bytes = 0;
  } watch;
  memory->set_watch(&watch);
  memory->AddMark(Mfn(4), kHoldsTables);
  PagePool pool(*memory, Mfn(4), 1);
  ASSERT_TRUE(pool.Take().has_value());
  EXPECT_EQ(watch.bytes, kPageSize);
}

TEST_F(PagePoolTest, OwnsItsRangeAndNothingElse) {
  const PagePool pool(*memory, Mfn(4), 2);
  EXPECT_FALSE(pool.Owns(Mfn(3)));
  EXPECT_TRUE(pool.Owns(Mfn(4)));
  EXPECT_TRUE(pool.Owns(Mfn(5)));
  EXPECT_FALSE(pool.Owns(Mfn(6)));
}

}  // namespace
}  // namespace lgx
