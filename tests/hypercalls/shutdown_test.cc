#include "hypercalls/shutdown.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;

class ShutdownTest : public HostTest {
 protected:
  void StoreText(u32 at, std::string_view text) {
    for (const char c : text) Store<u8>(at++, static_cast<u8>(c));
    Store<u8>(at, 0);
  }
};

TEST_F(ShutdownTest, T04_13_PowerOffDiesWithTheText) {
  Boot();
  StoreText(0x5000, "Power down");
  Hypercall(2, {0x5000, 1});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "CRASH: Power down");
}

TEST_F(ShutdownTest, T04_13_ALongTextIsCutAt127Characters) {
  Boot();
  StoreText(0x5000, std::string(200, 'x'));
  Hypercall(2, {0x5000, 1});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "CRASH: " + std::string(127, 'x'));
}

TEST_F(ShutdownTest, T04_14_ABadAddressKillsWithTheReadErrorButStillRestarts) {
  Boot();
  Hypercall(2, {0x40000000, 1});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "bad read address 0x40000000 len 128");

  file_ = MakeFile();
  Boot();
  Hypercall(2, {0x40000000, 2});
  EXPECT_EQ(Run().kind, Kind::kRestart);
  EXPECT_TRUE(Reason().empty());
}

TEST_F(ShutdownTest, ATextThatStartsInMemoryIsCutAtItsEnd) {
  Boot();
  const u32 end = kPfnLimit * kPageSize;
  for (u32 i = 0; i < 3; ++i) Store<u8>(end - 3 + i, 'y');
  Hypercall(2, {end - 3, 1});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "CRASH: yyy");
}

}  // namespace
}  // namespace lgx
