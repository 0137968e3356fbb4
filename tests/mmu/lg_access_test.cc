#include "mmu/lg_access.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/mmu/shadow_fixture.h"

namespace lgx {
namespace {

class LgAccessTest : public ::testing::Test {
 protected:
  std::unique_ptr<PhysMemory> memory = PhysMemory::Create(0x40000).value();
  GuestView view{*memory, Mfn(0x20), 16};
  RecordingKillSink kill;
  LgAccess access{*memory, view, kill};
};

TEST_F(LgAccessTest, T08_14_Q12_TheEndOfARangeMustBeBelowTheLimit) {
  EXPECT_TRUE(access.Ok(Gpa(0xfffc), 3));
  EXPECT_FALSE(access.Ok(Gpa(0xfffc), 4));
  EXPECT_FALSE(access.Ok(Gpa(0xffffffff), 2));
  EXPECT_TRUE(access.Ok(Gpa(0), 0xffff));
  EXPECT_FALSE(access.Ok(Gpa(0), 0x10000));
}

TEST_F(LgAccessTest, T08_15_ARefusedReadGivesZerosAndKills) {
  u32 value = 0x12345678;
  EXPECT_FALSE(access.Read(Gpa(0xfffc), &value, 4));
  EXPECT_EQ(value, 0u);
  EXPECT_EQ(kill.reason(), "bad read address 0xfffc len 4");
  EXPECT_EQ(access.Load<u32>(Gpa(0xfffc)), 0u);
}

TEST_F(LgAccessTest, ARefusedWriteWritesNothingAndKills) {
  const u64 value = ~u64{0};
  EXPECT_FALSE(access.Write(Gpa(0xfff8), &value, 8));
  EXPECT_EQ(kill.reason(), "bad write address 0xfff8 len 8");
  EXPECT_FALSE(access.Store<u32>(Gpa(0xfffc), 1));
  EXPECT_EQ(memory->Load<u64>(Mpa(0x2fff8)), 0u);
}

TEST_F(LgAccessTest, AddressZeroIsPrintedWithoutAPrefix) {
  GuestView none(*memory, Mfn(0x20), 0);
  (void)LgAccess(*memory, none, kill).Load<u32>(Gpa(0));
  EXPECT_EQ(kill.reason(), "bad read address 0 len 4");
}

TEST_F(LgAccessTest, ValuesLieInGuestMemoryAtAnyAlignment) {
  EXPECT_TRUE(access.Store<u32>(Gpa(0x1ffe), 0x11223344));  // across a page
  EXPECT_TRUE(access.Store<u64>(Gpa(0x3001), 0x8877665544332211));
  EXPECT_EQ(access.Load<u32>(Gpa(0x1ffe)), 0x11223344u);
  EXPECT_EQ(access.Load<u64>(Gpa(0x3001)), 0x8877665544332211u);
  EXPECT_EQ(memory->Load<u8>(Mpa(0x22001)), 0x11);
  EXPECT_EQ(memory->Load<u8>(Mpa(0x23001)), 0x11);
  EXPECT_FALSE(kill.dead());
}

}  // namespace
}  // namespace lgx
