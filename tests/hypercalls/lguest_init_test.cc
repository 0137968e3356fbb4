#include "hypercalls/lguest_init.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;
using LguestInit = HostTest;
using LguestInitF = HostTestF;
using LguestInitPae = HostTestPae;

TEST_F(LguestInit, T04_1_AnyOtherCallBeforeInitKills) {
  ASSERT_EQ(Initialize(), 12);
  Hypercall(17, {1});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "hypercall 17 before INIT");
}

TEST_F(LguestInit, T04_2_InitTwiceKills) {
  Boot();
  Hypercall(1, {kData});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "already have lguest_data");
}

TEST_F(LguestInit, T04_3_TheEndOfLguestDataMustLieBelowPageLimit) {
  ASSERT_EQ(Initialize(), 12);
  const u32 first_bad = kPfnLimit * kPageSize - 1396;
  Hypercall(1, {first_bad});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "bad guest page (null)");

  file_ = MakeFile();
  ASSERT_EQ(Initialize(), 12);
  PrepareData(first_bad - kPageSize);
  Hypercall(1, {first_bad - kPageSize});
  EXPECT_EQ(Run().kind, Kind::kSignal);
}

TEST_F(LguestInit, T04_4_InitWritesFiveFieldsAndNothingElse) {
  ASSERT_EQ(Initialize(), 12);
  PrepareData();
  PageFault(kStart, 0);
  Hypercall(1, {kData});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eax(), 1u);
  EXPECT_EQ(Data(data().reserve_mem), 0x400000u);
  EXPECT_EQ(Data(data().tsc_khz), clock_.tsc_khz);
  EXPECT_EQ(Data(data().pgdir), kMem - kPageSize);
  EXPECT_EQ(Data(data().tv_sec), 1'000'000'000u);
  EXPECT_EQ(Data(data().tv_nsec), 5u);
  EXPECT_FALSE(guest().shadow.Observe(Lin(kStart)).mpa.has_value());

  for (const u16 written : {data().reserve_mem, data().tsc_khz, data().pgdir,
                            data().tv_sec, data().tv_nsec}) {
    SetData(written, 0);
  }
  std::vector<u32> after;
  for (u16 i = 0; i < data().size; i += 4) after.push_back(Data(i));
  PrepareData();
  for (u16 i = 0; i < data().size; i += 4) EXPECT_EQ(after[i / 4], Data(i)) << i;
}

TEST_F(LguestInitPae, T04_4_ReserveMemIsTwoMegabytesWithPae) {
  Boot();
  EXPECT_EQ(Data(data().reserve_mem), 0x200000u);
}

TEST_F(LguestInitF, GenerationFHasNoPgdirFieldToWrite) {
  Boot();
  EXPECT_EQ(Data(data().reserve_mem), 0x400000u);
  EXPECT_EQ(Data(data().noirq_start), 0xc0150000u);  // where R has pgdir
  EXPECT_EQ(guest().noirq_start, 0xc0150000u);
  EXPECT_EQ(guest().noirq_end, 0xc0150010u);
}

template <char kLetter>
class LguestInitOf : public HostTest {
 protected:
  LguestInitOf() : HostTest(PagingMode::kTwoLevel, kLetter) {}
  void ExpectHandshake() {
    Boot();
    EXPECT_EQ(Load<u32>(kData + 1108), 0x400000u);      // reserve_mem
    EXPECT_EQ(Load<u32>(kData + 1112), 1'000'000u);     // tsc_khz
    EXPECT_EQ(Load<u32>(kData + 1116), kMem - 0x1000);  // pgdir
    EXPECT_EQ(guest().noirq_start, 0xc0150000u);
    EXPECT_EQ(guest().noirq_end, 0xc0150010u);
  }
};
using LguestInitB = LguestInitOf<'B'>;
using LguestInitC = LguestInitOf<'C'>;
using LguestInitD = LguestInitOf<'D'>;

TEST_F(LguestInitB, TheFieldsLieWhereTheGenerationSays) { ExpectHandshake(); }
TEST_F(LguestInitC, TheFieldsLieWhereTheGenerationSays) { ExpectHandshake(); }
TEST_F(LguestInitD, TheFieldsLieWhereTheGenerationSays) { ExpectHandshake(); }

TEST_F(LguestInit, T04_5_TheSystemCallVectorIsCheckedOnce) {
  ASSERT_EQ(Initialize(), 12);
  PrepareData();
  SetData(data().syscall_vec, 0x81);
  Hypercall(1, {kData});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "bad syscall vector");

  for (const u32 vector : {0x40u, 0x80u}) {
    options_.syscall_vector = 0x40;
    file_ = MakeFile();
    ASSERT_EQ(Initialize(), 12);
    PrepareData();
    SetData(data().syscall_vec, vector);
    Hypercall(1, {kData});
    EXPECT_EQ(Run().kind, Kind::kSignal) << vector;
  }
}

TEST_F(LguestInit, ABadKernelAddressKills) {
  ASSERT_EQ(Initialize(), 12);
  PrepareData();
  SetData(data().kernel_address, 0xffc00000);
  Hypercall(1, {kData});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "bad kernel address 0xffc00000");
}

TEST_F(LguestInit, InitIgnoresTheRing) {
  ASSERT_EQ(Initialize(), 12);
  PrepareData();
  Queue(0, 8, {8});
  Hypercall(1, {kData});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(cpu().ts, 0u);
  EXPECT_EQ(RingStatus(0), 0);
}

}  // namespace
}  // namespace lgx
