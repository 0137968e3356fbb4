#include "devices/block.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "tests/devices/fake_disk.h"
#include "tests/devices/ring_harness.h"

namespace lgx {
namespace {

constexpr u32 kMem = 0x100000;
constexpr u32 kRing = kMem + 0x1000;
constexpr u32 kHeader = 0x4000;
constexpr u32 kStatus = 0x4f00;
constexpr u32 kData = 0x5000;
constexpr u64 kSectors = 64;

constexpr u32 kRead = 0;
constexpr u32 kWrite = 1;
constexpr u32 kScsi = 2;
constexpr u32 kFlush = 4;
constexpr u32 kGetId = 8;
constexpr u32 kBarrier = 0x80000000;

constexpr u8 kOk = 0;
constexpr u8 kIoError = 1;
constexpr u8 kUnsupported = 2;
constexpr u8 kNothing = 0x77;  // the status byte was not touched

struct Piece {
  u32 at;
  u32 len;
  u16 flags;
};

class BlockTest : public testing::Test {
 protected:
  BlockTest() {
    SetLogLevel(LogLevel::kError);
    platter_.bytes.resize(kSectors * kSectorSize);
    for (std::size_t i = 0; i < platter_.bytes.size(); ++i) {
      platter_.bytes[i] = static_cast<u8>(i / kSectorSize + i);
    }
    platter_.Settle();
  }
  ~BlockTest() override { SetLogLevel(LogLevel::kInfo); }

  void Start(const BlockOptions& options = {0, "serial", DiskSync::kFlush},
             bool read_only = false) {
    disk_ = std::make_unique<FakeDisk>(platter_, "root.img", read_only);
    rig_ = std::make_unique<DeviceRig>(kMem);
    block_ = rig_->Add<BlockDevice>(*disk_, options);
    rig_->Finish();
    driver_ = std::make_unique<RingDriver>(
        rig_->memory, RingLayout::Contiguous(Gpa(kRing), kRingEntries));
  }

  // Announces a chain of exactly these pieces.
  NotifyResult Send(const std::vector<Piece>& pieces) {
    rig_->memory.Store<u8>(kStatus, kNothing);
    for (u16 i = 0; i < pieces.size(); ++i) {
      const bool last = i + 1u == pieces.size();
      driver_->Descriptor(i, pieces[i].at, pieces[i].len,
                          static_cast<u16>(pieces[i].flags | (last ? 0 : kNext)),
                          static_cast<u16>(i + 1));
    }
    driver_->Announce(0);
    return rig_->bus.HandleNotify(kRing);
  }
  void Header(u32 type, u64 sector) {
    rig_->memory.Store<u32>(kHeader, type);
    rig_->memory.Store<u32>(kHeader + 4, 7);
    rig_->memory.Store<u64>(kHeader + 8, sector);
  }
  // A request like those of Linux; gives its status.
  u8 Request(u32 type, u64 sector, std::vector<Piece> data = {}) {
    Header(type, sector);
    data.insert(data.begin(), {kHeader, 16, 0});
    data.push_back({kStatus, 1, kDeviceWrites});
    EXPECT_EQ(Send(data).kind, NotifyResult::Kind::kServed);
    return rig_->memory.Load<u8>(kStatus);
  }
  u32 UsedLength() { return driver_->used_len((driver_->used_index() - 1u) % 256); }
  std::string OnDisk(u64 offset, u64 len) {
    return std::string(
        platter_.bytes.begin() + static_cast<std::ptrdiff_t>(offset),
        platter_.bytes.begin() + static_cast<std::ptrdiff_t>(offset + len));
  }
  u64 Count(const char* name) {
    Stats stats;
    rig_->bus.VisitStats(stats);
    return stats.Get(name);
  }

  FakePlatter platter_;
  std::unique_ptr<FakeDisk> disk_;
  std::unique_ptr<DeviceRig> rig_;
  std::unique_ptr<RingDriver> driver_;
  BlockDevice* block_ = nullptr;
};

TEST_F(BlockTest, ShowsCapacityRoundedDownAndNoMoreThanItHas) {
  platter_.bytes.resize(kSectors * kSectorSize + 511);
  Start();
  const DeviceShape& shape = block_->shape();
  EXPECT_EQ(shape.type, 2);
  EXPECT_EQ(shape.features, (std::vector<u8>{0x05, 0x02}));
  EXPECT_EQ(shape.config, (std::vector<u8>{64, 0, 0, 0, 0, 0, 0, 0,  // capacity
                                           0, 0, 0, 0,               // size_max
                                           254, 0, 0, 0}));          // seg_max
  EXPECT_EQ(shape.name, "block 0 (root.img)");
}

TEST_F(BlockTest, ReadFillsTheBuffersAndInterrupts) {
  Start();
  EXPECT_EQ(Request(kRead, 2, {{kData, 1000, kDeviceWrites}, {kData + 0x1ffe, 24, 2}}),
            kOk);
  EXPECT_EQ(rig_->memory.Get(kData, 1000), OnDisk(1024, 1000));
  EXPECT_EQ(rig_->memory.Get(kData + 0x1ffe, 24), OnDisk(2024, 24));
  EXPECT_EQ(UsedLength(), 1025u);
  EXPECT_EQ(rig_->irqs.raised, std::vector<u32>{1});
  EXPECT_EQ(Count("block.0.read_bytes"), 1024u);
  EXPECT_EQ(Count("block.0.read_requests"), 1u);
}

TEST_F(BlockTest, WriteReachesTheDiskAndNothingBesides) {
  Start();
  const std::string before = OnDisk(0, platter_.bytes.size());
  rig_->memory.Put(kData, std::string(512, 'a'));
  rig_->memory.Put(kData + 0x2000, std::string(512, 'b'));
  EXPECT_EQ(Request(kWrite, 62, {{kData, 512, 0}, {kData + 0x2000, 512, 0}}), kOk);
  EXPECT_EQ(UsedLength(), 1u);
  EXPECT_EQ(OnDisk(62 * 512, 1024), std::string(512, 'a') + std::string(512, 'b'));
  EXPECT_EQ(OnDisk(0, 62 * 512), before.substr(0, 62 * 512));
  EXPECT_EQ(Count("block.0.write_bytes"), 1024u);
  EXPECT_EQ(platter_.log, "W");  // one call, and no sync nobody asked for
}

TEST_F(BlockTest, G02_8_LastSectorWorksAndOneBeyondIsAnError) {
  Start();
  EXPECT_EQ(Request(kRead, 63, {{kData, 512, kDeviceWrites}}), kOk);
  for (const u64 sector : {u64{64}, u64{65}, ~u64{0}, u64{1} << 55}) {
    EXPECT_EQ(Request(kRead, sector, {{kData, 512, kDeviceWrites}}), kIoError) << sector;
    EXPECT_EQ(UsedLength(), 1u);
    EXPECT_EQ(Request(kWrite, sector, {{kData, 512, 0}}), kIoError) << sector;
  }
  // Any part beyond: nothing is moved.
  rig_->memory.Put(kData, std::string(1024, 'x'));
  EXPECT_EQ(Request(kWrite, 63, {{kData, 1024, 0}}), kIoError);
  EXPECT_EQ(Request(kRead, 63, {{kData, 1024, kDeviceWrites}}), kIoError);
  EXPECT_EQ(rig_->memory.Get(kData, 1024), std::string(1024, 'x'));
  EXPECT_EQ(OnDisk(63 * 512, 1), std::string(1, static_cast<char>(63)));
  EXPECT_EQ(platter_.bytes.size(), kSectors * kSectorSize);
  EXPECT_EQ(Count("block.0.errors"), 10u);
}

TEST_F(BlockTest, LengthsThatAreNoSectorsAndNoLengthAreServed) {
  Start();
  EXPECT_EQ(Request(kRead, 1, {{kData, 100, kDeviceWrites}}), kOk);
  EXPECT_EQ(rig_->memory.Get(kData, 100), OnDisk(512, 100));
  EXPECT_EQ(UsedLength(), 101u);
  EXPECT_EQ(Request(kRead, 1), kOk);
  EXPECT_EQ(UsedLength(), 1u);
  EXPECT_EQ(Request(kWrite, 1, {{kData, 0, 0}}), kOk);
  EXPECT_EQ(Request(kRead, 64), kOk);
}

TEST_F(BlockTest, DataInTheWrongDirectionIsAnError) {
  Start();
  rig_->memory.Put(kData, std::string(512, 'x'));
  EXPECT_EQ(Request(kRead, 0, {{kData, 512, 0}}), kIoError);
  EXPECT_EQ(Request(kWrite, 0, {{kData, 512, kDeviceWrites}}), kIoError);
  EXPECT_EQ(Request(kGetId, 0, {{kData, 512, 0}}), kIoError);
  EXPECT_EQ(Request(kWrite, 0, {{kData, 512, 0}, {kData, 512, kDeviceWrites}}), kIoError);
  EXPECT_EQ(rig_->memory.Get(kData, 512), std::string(512, 'x'));
  EXPECT_EQ(platter_.log, "");
}

TEST_F(BlockTest, G02_9_GetIdIsTheIdAndNotTheFirstSector) {
  Start({0, "0123456789012345678901234", DiskSync::kFlush});
  rig_->memory.Put(kData, std::string(30, 'x'));
  EXPECT_EQ(Request(kGetId, 0, {{kData, 20, kDeviceWrites}}), kOk);
  EXPECT_EQ(rig_->memory.Get(kData, 21), "01234567890123456789x");
  EXPECT_EQ(UsedLength(), 21u);
  EXPECT_EQ(Request(kGetId, 0, {{kData, 3, kDeviceWrites}}), kOk);
  EXPECT_EQ(UsedLength(), 4u);
  EXPECT_EQ(Request(kGetId, 0), kOk);
  Start({0, "ab", DiskSync::kFlush});
  rig_->memory.Put(kData, std::string(600, 'x'));
  EXPECT_EQ(Request(kGetId, 0, {{kData, 512, kDeviceWrites}}), kOk);
  EXPECT_EQ(rig_->memory.Get(kData, 21), "ab" + std::string(18, '\0') + "x");
}

TEST_F(BlockTest, ScsiCommandsAndUnknownTypesAreUnsupported) {
  Start();
  for (const u32 type :
       {kScsi, kScsi | kWrite, kFlush | kWrite, u32{11}, u32{0x40000000}}) {
    EXPECT_EQ(Request(type, 0, {{kData, 512, kDeviceWrites}}), kUnsupported) << type;
    EXPECT_EQ(UsedLength(), 1u);
  }
  EXPECT_EQ(Count("block.0.unsupported"), 5u);
  EXPECT_EQ(platter_.log, "");
}

TEST_F(BlockTest, G02_10_FlushIsOneSyncAndItsResultIsTheAnswer) {
  Start();
  EXPECT_EQ(Request(kFlush, 0), kOk);
  EXPECT_EQ(platter_.log, "S");
  EXPECT_EQ(UsedLength(), 1u);
  platter_.fail_syncs = 1;
  EXPECT_EQ(Request(kFlush, 0), kIoError);
  EXPECT_EQ(Request(kFlush, 0), kOk);
  EXPECT_EQ(Count("block.0.flush_requests"), 3u);
  EXPECT_EQ(Count("block.0.syncs"), 3u);
}

// A disk that looks at the Guest's ring while it syncs.
class WatchingDisk : public FakeDisk {
 public:
  using FakeDisk::FakeDisk;
  Status Sync() override {
    answered_before_sync = driver->used_index() != answered;
    return FakeDisk::Sync();
  }
  RingDriver* driver = nullptr;
  u16 answered = 0;
  bool answered_before_sync = true;
};

TEST_F(BlockTest, FlushIsAnsweredOnlyAfterTheHostHasSynced) {
  Start();
  WatchingDisk disk(platter_, "watched");
  DeviceRig rig(kMem);
  rig.Add<BlockDevice>(disk, BlockOptions{});
  rig.Finish();
  RingDriver driver(rig.memory, RingLayout::Contiguous(Gpa(kRing), kRingEntries));
  disk.driver = &driver;
  rig.memory.Store<u32>(kHeader, kFlush);
  driver.Descriptor(0, kHeader, 16, kNext, 1);
  driver.Descriptor(1, kStatus, 1, kDeviceWrites);
  driver.Announce(0);
  EXPECT_EQ(rig.bus.HandleNotify(kRing).kind, NotifyResult::Kind::kServed);
  EXPECT_FALSE(disk.answered_before_sync);
  EXPECT_EQ(driver.used_index(), 1);
}

TEST_F(BlockTest, WhatWasFlushedSurvivesAHostThatForgetsTheRest) {
  u64 state = 1;
  const auto random = [&](u64 limit) {
    state = state * 6364136223846793005 + 1442695040888963407;
    return (state >> 33) % limit;
  };
  for (u32 run = 0; run < 50; ++run) {
    Start();
    std::vector<u8> flushed(kSectors);
    std::vector<u8> written(kSectors);
    for (u8 i = 1; i < 40; ++i) {
      const u64 sector = random(kSectors);
      rig_->memory.Put(kData, std::string(512, static_cast<char>(i)));
      ASSERT_EQ(Request(kWrite, sector, {{kData, 512, 0}}), kOk);
      written[sector] = i;
      if (random(4) != 0) continue;
      ASSERT_EQ(Request(kFlush, 0), kOk);
      flushed = written;
    }
    platter_.LosePower(random);
    for (u64 sector = 0; sector < kSectors; ++sector) {
      if (flushed[sector] == 0) continue;
      EXPECT_GE(platter_.bytes[sector * 512], flushed[sector]);
      EXPECT_LE(platter_.bytes[sector * 512], written[sector]);
    }
  }
}

TEST_F(BlockTest, BarrierSyncsBeforeAndAfter) {
  Start();
  EXPECT_EQ(Request(kWrite | kBarrier, 0, {{kData, 512, 0}}), kOk);
  EXPECT_EQ(platter_.log, "SWS");
  platter_.fail_syncs = 1;
  EXPECT_EQ(Request(kWrite | kBarrier, 0, {{kData, 512, 0}}), kIoError);
  EXPECT_EQ(platter_.log, "SWSS");  // nothing is written behind a sync that failed
}

TEST_F(BlockTest, SyncAlwaysSyncsEveryWriteAndSyncNeverNone) {
  Start({0, "", DiskSync::kAlways});
  EXPECT_EQ(Request(kWrite, 0, {{kData, 512, 0}}), kOk);
  EXPECT_EQ(platter_.log, "WS");
  platter_.fail_syncs = 1;
  EXPECT_EQ(Request(kWrite, 0, {{kData, 512, 0}}), kIoError);
  platter_.log.clear();
  Start({0, "", DiskSync::kNever});
  EXPECT_EQ(Request(kWrite | kBarrier, 0, {{kData, 512, 0}}), kOk);
  EXPECT_EQ(Request(kFlush, 0), kOk);
  EXPECT_EQ(platter_.log, "W");
}

TEST_F(BlockTest, ReadOnlyDiskIsOfferedAsSuchAndRefusesWrites) {
  Start({0, "", DiskSync::kAlways}, true);
  EXPECT_EQ(block_->shape().features[0], 0x25);
  EXPECT_EQ(Request(kWrite, 0, {{kData, 512, 0}}), kIoError);
  EXPECT_EQ(Request(kRead, 0, {{kData, 512, kDeviceWrites}}), kOk);
  EXPECT_EQ(Request(kFlush, 0), kOk);
  EXPECT_EQ(platter_.log, "R");
}

TEST_F(BlockTest, ErrorsOfTheHostAreErrorsForTheGuest) {
  Start();
  platter_.fail_reads = 1;
  EXPECT_EQ(Request(kRead, 0, {{kData, 512, kDeviceWrites}}), kIoError);
  platter_.fail_writes = 1;
  EXPECT_EQ(Request(kWrite, 0, {{kData, 512, 0}}), kIoError);
  EXPECT_EQ(UsedLength(), 1u);
  EXPECT_EQ(Request(kRead, 0, {{kData, 512, kDeviceWrites}}), kOk);
}

TEST_F(BlockTest, HeaderDataAndStatusMayBeSplitAndJoinedInAnyWay) {
  Start();
  // Header in three pieces, one of them empty; the last one goes on with data.
  Header(kWrite, 5);
  rig_->memory.Put(kHeader + 16, std::string(512, 'z'));
  EXPECT_EQ(Send({{kHeader, 3, 0},
                  {0x9000, 0, 0},
                  {kHeader + 3, 513, 0},
                  {kHeader + 516, 12, 0},
                  {kStatus, 1, kDeviceWrites}})
                .kind,
            NotifyResult::Kind::kServed);
  EXPECT_EQ(rig_->memory.Load<u8>(kStatus), kOk);
  EXPECT_EQ(OnDisk(5 * 512, 512), std::string(512, 'z'));
  // Data and status in one piece, with an empty one behind.
  Header(kRead, 5);
  rig_->memory.Put(kData, std::string(600, 'x'));
  EXPECT_EQ(Send({{kHeader, 16, 0}, {kData, 513, 2}, {0x9000, 0, 2}}).kind,
            NotifyResult::Kind::kServed);
  EXPECT_EQ(rig_->memory.Get(kData, 514),
            std::string(512, 'z') + std::string(1, '\0') + "x");
  EXPECT_EQ(UsedLength(), 513u);
}

TEST_F(BlockTest, G02_5_NoHeaderOrNoRoomForTheStatusStopsTheGuest) {
  Start();
  Header(kRead, 0);
  NotifyResult result = Send({{kHeader, 15, 0}, {kStatus, 1, kDeviceWrites}});
  ASSERT_EQ(result.kind, NotifyResult::Kind::kViolation);
  EXPECT_EQ(result.violation->ToString(),
            "Bad iovec size 15 for the header of a disk request (block 0 (root.img), "
            "queue 0, head 0)");
  Start();
  Header(kRead, 0);
  result = Send({{kHeader, 16, 0}});
  ASSERT_EQ(result.kind, NotifyResult::Kind::kViolation);
  Start();
  Header(kRead, 0);
  result = Send({{kHeader, 16, 0}, {kStatus, 0, kDeviceWrites}});
  ASSERT_EQ(result.kind, NotifyResult::Kind::kViolation);
  EXPECT_EQ(rig_->memory.Load<u8>(kStatus), kNothing);
}

TEST_F(BlockTest, G02_5_UglyChainsStopTheGuest) {
  const auto text = [&](const std::vector<Piece>& pieces) {
    Start();
    Header(kRead, 0);
    const NotifyResult result = Send(pieces);
    return result.violation ? result.violation->text : "";
  };
  EXPECT_EQ(text({{kHeader, 16, 0}, {kStatus, 1, kDeviceWrites}, {kData, 512, 0}}),
            "Descriptor has out after in");
  EXPECT_EQ(text({{kHeader, 16, 0}, {0xfffffff0, 512, kDeviceWrites}}),
            "Invalid address 0xfffffff0, length 0x200");
  // A chain of 257.
  Start();
  Header(kRead, 0);
  for (u16 i = 0; i < 256; ++i) {
    driver_->Descriptor(i, kHeader, 16, kNext, static_cast<u16>((i + 1) % 256));
  }
  driver_->Announce(0);
  EXPECT_EQ(rig_->bus.HandleNotify(kRing).violation->text, "Looped descriptor");
}

TEST_F(BlockTest, RequestThatCoversItsOwnRingComesToAnEnd) {
  Start();
  Header(kRead, 0);
  const NotifyResult result =
      Send({{kHeader, 16, 0}, {kRing, 3 * kPageSize, kDeviceWrites}, {kStatus, 1, 2}});
  EXPECT_NE(result.kind, NotifyResult::Kind::kText);
}

TEST_F(BlockTest, RequestOfManyPiecesIsOneCall) {
  Start();
  std::vector<Piece> pieces;
  for (u32 i = 0; i < 60; ++i) pieces.push_back({kData + 0x1000 * i, 512, kDeviceWrites});
  EXPECT_EQ(Request(kRead, 1, pieces), kOk);
  EXPECT_EQ(platter_.log, "R");
  for (u32 i = 0; i < 60; ++i) {
    EXPECT_EQ(rig_->memory.Get(kData + 0x1000 * i, 512), OnDisk(512 * (i + 1), 512));
  }
}

TEST_F(BlockTest, G02_13_ResetAndSecondStartServeAgain) {
  Start();
  EXPECT_EQ(Request(kRead, 0, {{kData, 512, kDeviceWrites}}), kOk);
  rig_->memory.Store<u8>(kMem + 4, 0);
  EXPECT_EQ(rig_->bus.HandleNotify(kMem).kind, NotifyResult::Kind::kServed);
  EXPECT_FALSE(block_->running());
  EXPECT_EQ(Request(kRead, 1, {{kData, 512, kDeviceWrites}}), kOk);
  EXPECT_EQ(rig_->memory.Get(kData, 512), OnDisk(512, 512));
}

TEST_F(BlockTest, StateIsWhatTheGuestMayLearnAndNotTheContent) {
  const auto state = [&] {
    ByteWriter out;
    block_->AppendState(&out);
    return out.Take();
  };
  Start();
  const std::vector<u8> first = state();
  platter_.bytes[7] ^= 1;
  Start();
  EXPECT_EQ(state(), first);
  Start({0, "other", DiskSync::kFlush});
  EXPECT_NE(state(), first);
  Start({0, "serial", DiskSync::kFlush}, true);
  EXPECT_NE(state(), first);
  platter_.bytes.resize(512);
  Start();
  EXPECT_NE(state(), first);
}

}  // namespace
}  // namespace lgx
