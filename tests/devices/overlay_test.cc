#include "devices/overlay.h"

#include <gtest/gtest.h>

#include "base/endian.h"
#include "base/log.h"
#include "tests/devices/fake_disk.h"

namespace lgx {
namespace {

constexpr u64 kBlocks = 300;  // more than one page of the table
constexpr u64 kDiskBytes = kBlocks * kOverlayBlock + 1024;

// Repeatable numbers, for everything that is chosen here.
class Dice {
 public:
  explicit Dice(u64 seed) : state_(seed) {}
  u64 operator()(u64 limit) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return (state_ >> 33) % limit;
  }

 private:
  u64 state_;
};

class OverlayTest : public testing::Test {
 protected:
  OverlayTest() {
    SetLogLevel(LogLevel::kError);
    base_.bytes.resize(kDiskBytes);
    Dice dice(9);
    for (u8& byte : base_.bytes) byte = static_cast<u8>(dice(256));
    base_.Settle();
    FakeDisk base(base_, "root.img", true);
    FakeDisk file(file_, "root.ovl");
    EXPECT_TRUE(FormatOverlay(base, file).ok());
    model_ = base_.bytes;
  }
  ~OverlayTest() override { SetLogLevel(LogLevel::kInfo); }

  StatusOr<std::unique_ptr<OverlayDisk>> TryOpen(bool for_commit = false) {
    return OverlayDisk::Open(std::make_unique<FakeDisk>(base_, "root.img", !for_commit),
                             std::make_unique<FakeDisk>(file_, "root.ovl"), for_commit);
  }
  // Opens, and again after what may have happened to the file.
  void Open() {
    disk_.reset();
    auto disk = TryOpen();
    ASSERT_TRUE(disk.ok()) << MessageOf(disk.status());
    disk_ = *std::move(disk);
  }
  void Write(u64 offset, std::vector<u8> bytes) {
    ASSERT_TRUE(WriteDisk(*disk_, offset, bytes).ok());
    std::copy(bytes.begin(), bytes.end(),
              model_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  std::vector<u8> All() {
    std::vector<u8> all(kDiskBytes);
    EXPECT_TRUE(ReadDisk(*disk_, 0, all).ok());
    return all;
  }
  std::string OpenError() {
    disk_.reset();
    auto disk = TryOpen();
    return disk.ok() ? "" : MessageOf(disk.status());
  }
  // Offset in the file of a block's entry.
  static u64 EntryOffset(u64 block) { return kOverlayBlock + block * kOverlayEntryBytes; }

  FakePlatter base_;
  FakePlatter file_;
  std::unique_ptr<OverlayDisk> disk_;
  std::vector<u8> model_;  // what the disk should hold
};

TEST_F(OverlayTest, EmptyOverlayIsTheBase) {
  Open();
  EXPECT_EQ(disk_->size(), kDiskBytes);
  EXPECT_EQ(All(), base_.bytes);
  EXPECT_EQ(disk_->changed_blocks(), 0u);
}

TEST_F(OverlayTest, WritesOfAnyShapeAreReadBackAndTheBaseStaysAsItIs) {
  const std::vector<u8> before = base_.bytes;
  Open();
  Dice dice(1);
  for (u32 i = 0; i < 300; ++i) {
    const u64 offset = dice(kDiskBytes / kSectorSize) * kSectorSize;
    const u64 len = std::min(kDiskBytes - offset, 1 + dice(40000));
    Write(offset, std::vector<u8>(len, static_cast<u8>(i)));
    if (dice(10) == 0) {
      ASSERT_TRUE(disk_->Sync().ok());
    }
    if (dice(20) == 0) Open();
  }
  EXPECT_EQ(All(), model_);
  EXPECT_EQ(base_.bytes, before);
  Open();
  EXPECT_EQ(All(), model_);
}

TEST_F(OverlayTest, ReadsAndWritesInPiecesGoAcrossBlocksOfBothKinds) {
  Open();
  std::vector<u8> a(3000, 'a');
  std::vector<u8> b(7000, 'b');
  const std::span<const u8> pieces[] = {a, {}, b};
  ASSERT_TRUE(disk_->Write(2 * kOverlayBlock + 512, pieces).ok());
  std::copy(a.begin(), a.end(), model_.begin() + 2 * kOverlayBlock + 512);
  std::copy(b.begin(), b.end(), model_.begin() + 2 * kOverlayBlock + 3512);
  std::vector<u8> got(6 * kOverlayBlock);
  const std::span<u8> parts[] = {std::span(got).first(100), std::span(got).subspan(100)};
  ASSERT_TRUE(disk_->Read(0, parts).ok());
  EXPECT_EQ(got, std::vector<u8>(model_.begin(), model_.begin() + 6 * kOverlayBlock));
}

TEST_F(OverlayTest, DeathBetweenAnyTwoCallsKeepsEveryCompletedWrite) {
  // The file as a reader sees it after each call is what a killed program leaves.
  class Stopping : public FakeDisk {
   public:
    using FakeDisk::FakeDisk;
    Status Write(u64 offset, WritePieces from) override {
      if (*left == 0) return Errorf(kUnavailable, "dead");
      --*left;
      return FakeDisk::Write(offset, from);
    }
    u32* left = nullptr;
  };
  for (u32 limit = 0; limit < 60; ++limit) {
    FakePlatter file;
    FakeDisk base(base_, "base", true);
    FakeDisk fresh(file, "file");
    ASSERT_TRUE(FormatOverlay(base, fresh).ok());
    u32 left = limit;
    std::vector<u8> model = base_.bytes;
    Dice dice(3);
    u64 offset = 0;
    std::vector<u8> last;
    {
      auto stopping = std::make_unique<Stopping>(file, "file");
      stopping->left = &left;
      auto disk = OverlayDisk::Open(std::make_unique<FakeDisk>(base_, "base", true),
                                    std::move(stopping));
      ASSERT_TRUE(disk.ok());
      for (u8 i = 1;; ++i) {
        offset = dice(20) * kSectorSize;
        last.assign(512 * (1 + dice(12)), i);
        if (!WriteDisk(**disk, offset, last).ok()) break;
        std::copy(last.begin(), last.end(),
                  model.begin() + static_cast<std::ptrdiff_t>(offset));
        if (dice(3) == 0 && !(*disk)->Sync().ok()) {
          last.clear();
          break;
        }
      }
    }
    auto disk = OverlayDisk::Open(std::make_unique<FakeDisk>(base_, "base", true),
                                  std::make_unique<FakeDisk>(file, "file"));
    ASSERT_TRUE(disk.ok()) << MessageOf(disk.status());
    std::vector<u8> all(kDiskBytes);
    ASSERT_TRUE(ReadDisk(**disk, 0, all).ok());
    for (u64 i = 0; i < kDiskBytes; ++i) {
      // The write that was not completed may be there in part.
      if (i >= offset && i < offset + last.size() && all[i] == last[0]) continue;
      ASSERT_EQ(all[i], model[i]) << "byte " << i << " after " << limit << " calls";
    }
  }
}

TEST_F(OverlayTest, LossOfPowerKeepsEverythingFlushedAndLeavesAValidFile) {
  Dice dice(77);
  for (u32 run = 0; run < 200; ++run) {
    Open();
    std::vector<u8> flushed = model_;
    std::map<u64, std::vector<std::vector<u8>>> since;  // by sector
    const u32 writes = 1 + static_cast<u32>(dice(30));
    for (u32 i = 0; i < writes; ++i) {
      const u64 sector = dice(400);
      const u64 count = 1 + dice(20);
      Write(sector * kSectorSize,
            std::vector<u8>(count * kSectorSize, static_cast<u8>(dice(256))));
      for (u64 s = sector; s < sector + count; ++s) {
        const auto at = model_.begin() + static_cast<std::ptrdiff_t>(s * kSectorSize);
        since[s].emplace_back(at, at + kSectorSize);
      }
      if (dice(6) != 0) continue;
      ASSERT_TRUE(disk_->Sync().ok());
      flushed = model_;
      since.clear();
    }
    disk_.reset();
    file_.LosePower(dice);
    Open();
    const std::vector<u8> all = All();
    for (u64 s = 0; s < kDiskBytes / kSectorSize; ++s) {
      const auto at = static_cast<std::ptrdiff_t>(s * kSectorSize);
      const std::vector<u8> got(all.begin() + at, all.begin() + at + kSectorSize);
      const std::vector<u8> safe(flushed.begin() + at,
                                 flushed.begin() + at + kSectorSize);
      if (got == safe) continue;
      const auto& later = since[s];
      ASSERT_TRUE(std::find(later.begin(), later.end(), got) != later.end())
          << "sector " << s << " in run " << run;
    }
    model_ = all;
  }
}

TEST_F(OverlayTest, FlushEndsWithASyncBehindTheLastWrite) {
  Open();
  Write(0, std::vector<u8>(512, 1));
  file_.log.clear();
  ASSERT_TRUE(disk_->Sync().ok());
  EXPECT_EQ(file_.log, "SWS");  // content and seals, plain entries, those
  file_.log.clear();
  Write(0, std::vector<u8>(512, 2));
  ASSERT_TRUE(disk_->Sync().ok());
  EXPECT_EQ(file_.log, "WS");  // in place
}

TEST_F(OverlayTest, FailedSyncIsToldAndLosesNothing) {
  Open();
  Write(0, std::vector<u8>(512, 1));
  file_.fail_syncs = 1;
  EXPECT_FALSE(disk_->Sync().ok());
  EXPECT_TRUE(disk_->Sync().ok());
  EXPECT_EQ(All(), model_);
}

TEST_F(OverlayTest, RewrittenBlocksUseTheirSlotsAgain) {
  Open();
  for (u32 i = 0; i < 100; ++i) Write(0, std::vector<u8>(kOverlayBlock, u8(i)));
  EXPECT_LE(file_.bytes.size(), disk_->header().data_offset() + 2 * kOverlayBlock);
  EXPECT_EQ(disk_->changed_blocks(), 1u);
}

TEST_F(OverlayTest, DamageIsRefusedByNameAndOffset) {
  Open();
  Write(5 * kOverlayBlock, std::vector<u8>(3 * kOverlayBlock, 1));
  ASSERT_TRUE(disk_->Sync().ok());
  const FakePlatter good = file_;
  const auto error = [&](u64 offset, u8 value) {
    file_ = good;
    file_.bytes[offset] ^= value;
    return OpenError();
  };
  EXPECT_EQ(error(0, 1).substr(0, 42), "root.ovl: offset 0x0: this is no overlay. ");
  EXPECT_EQ(error(30, 1),
            "root.ovl: offset 0x1f8: the hash of the header does not fit. The overlay is "
            "damaged.");
  EXPECT_EQ(error(EntryOffset(6) + 8, 1),
            "root.ovl: offset 0x1060: the entry of block 6 has a wrong seal. The overlay "
            "is damaged.");
  EXPECT_EQ(error(EntryOffset(6) + 1, 0x10).substr(0, 24), "root.ovl: offset 0x1060:");
  EXPECT_NE(error(EntryOffset(kBlocks + 1), 1), "");
  file_ = good;
  EXPECT_EQ(OpenError(), "");
  // Two blocks with the same content.
  const u64 slot = LoadLe<u64>(good.bytes.data() + EntryOffset(5)) & ~u64{3};
  EncodeOverlayEntry({OverlayEntry::State::kSettled, slot,
                      SealOf(6, slot, OverlayEntry::State::kSettled, {})},
                     file_.bytes.data() + EntryOffset(6));
  EXPECT_EQ(OpenError(),
            "root.ovl: offset 0x1060: block 6 shares the content of another block. The "
            "overlay is damaged.");
}

TEST_F(OverlayTest, FileThatIsCutShortIsRefused) {
  Open();
  Write(5 * kOverlayBlock, std::vector<u8>(3 * kOverlayBlock, 1));
  ASSERT_TRUE(disk_->Sync().ok());
  const u64 end = file_.bytes.size();
  for (const u64 size : {u64{0}, u64{100}, u64{600}, u64{5000}, end - 1}) {
    const FakePlatter good = file_;
    file_.bytes.resize(size);
    EXPECT_NE(OpenError(), "") << size;
    file_ = good;
  }
}

TEST_F(OverlayTest, NewerVersionIsRefusedAsSuch) {
  file_.bytes[8] = 2;
  EXPECT_EQ(OpenError(),
            "root.ovl: offset 0x8: the overlay has format version 2, and this program "
            "reads up to 1. Use a newer lgx.");
}

TEST_F(OverlayTest, AnotherBaseOrOneThatChangedIsRefused) {
  base_.bytes[70000] ^= 1;
  EXPECT_NE(OpenError().find("root.img has changed since"), std::string::npos);
  base_.bytes[70000] ^= 1;
  EXPECT_EQ(OpenError(), "");
  base_.bytes.resize(kDiskBytes + 512);
  EXPECT_NE(OpenError().find("is for a disk of 1229824 bytes (root.img)"),
            std::string::npos);
}

TEST_F(OverlayTest, FormattingThatWasInterruptedIsFinished) {
  file_.bytes.resize(kSectorSize);
  Open();
  EXPECT_EQ(All(), base_.bytes);
}

TEST_F(OverlayTest, CommitBringsTheChangesIntoTheBaseAndEmptiesTheOverlay) {
  Open();
  Write(kOverlayBlock - 512, std::vector<u8>(3 * kOverlayBlock, 1));
  Write(kDiskBytes - 1024, std::vector<u8>(1024, 2));
  disk_.reset();
  auto disk = TryOpen(true);
  ASSERT_TRUE(disk.ok());
  ASSERT_TRUE((*disk)->Commit().ok());
  disk->reset();
  EXPECT_EQ(base_.bytes, model_);
  Open();
  EXPECT_EQ(disk_->changed_blocks(), 0u);
  EXPECT_EQ(file_.bytes.size(), disk_->header().data_offset());
  EXPECT_EQ(All(), model_);
}

TEST_F(OverlayTest, CommitInterruptedAnywhereIsFinishedByAnother) {
  Open();
  Dice dice(5);
  for (u8 i = 0; i < 20; ++i) {
    Write(dice(kBlocks) * kOverlayBlock, std::vector<u8>(kOverlayBlock, i));
  }
  ASSERT_TRUE(disk_->Sync().ok());
  disk_.reset();
  const FakePlatter file = file_;
  const FakePlatter base = base_;
  for (int fail = 0; fail < 40; ++fail) {
    file_ = file;
    base_ = base;
    {
      auto disk = TryOpen(true);
      ASSERT_TRUE(disk.ok());
      // Either platter fails from some call on.
      (fail % 2 == 0 ? base_ : file_).fail_after = fail;
      static_cast<void>((*disk)->Commit());
    }
    base_.fail_after = file_.fail_after = -1;
    base_.LosePower(dice);
    file_.LosePower(dice);
    auto disk = TryOpen(true);
    ASSERT_TRUE(disk.ok()) << MessageOf(disk.status());
    ASSERT_TRUE((*disk)->Commit().ok());
    disk->reset();
    EXPECT_EQ(base_.bytes, model_) << "failed after " << fail;
    Open();
    EXPECT_EQ(All(), model_);
    disk_.reset();
  }
}

TEST_F(OverlayTest, OverlayWithAnInterruptedCommitDoesNotRun) {
  Open();
  Write(0, std::vector<u8>(512, 1));
  disk_.reset();
  {
    auto disk = TryOpen(true);
    ASSERT_TRUE(disk.ok());
    base_.fail_after = 0;
    EXPECT_FALSE((*disk)->Commit().ok());
    base_.fail_after = -1;
  }
  EXPECT_NE(OpenError().find("Finish it: lgx disk commit root.ovl"), std::string::npos);
}

TEST_F(OverlayTest, SummaryNeedsNoBase) {
  Open();
  Write(0, std::vector<u8>(kOverlayBlock, 1));
  ASSERT_TRUE(disk_->Sync().ok());
  Write(kOverlayBlock, std::vector<u8>(2 * kOverlayBlock, 1));
  disk_.reset();
  FakeDisk file(file_, "root.ovl", true);
  const auto summary = SummariseOverlay(file);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->settled, 1u);
  EXPECT_EQ(summary->tentative, 2u);
  EXPECT_EQ(summary->header.base_name, "root.img");
}

}  // namespace
}  // namespace lgx
