#include "mmu/tlb.h"

#include <gtest/gtest.h>

#include <random>

namespace lgx {
namespace {

constexpr u32 kDirectory = 0x1000;
constexpr u32 kTable = 0x2000;
constexpr u32 kOtherDirectory = 0x3000;
constexpr u32 kOtherTable = 0x4000;
constexpr u32 kPage = 0x10000;
constexpr Lin kLin(0x00005678);

constexpr u32 kP = 1, kRw = 2, kUs = 4, kA = 0x20, kD = 0x40;
constexpr u32 kAll = kP | kRw | kUs;

// Two address spaces with one table each; stores reach the TLB as in the machine.
class TlbTest : public ::testing::Test, private StoreWatch {
 protected:
  TlbTest() {
    memory_->set_watch(this);
    Set(kDirectory, kTable | kAll);
    Set(kOtherDirectory, kOtherTable | kAll);
    Map(kPage);
    SetOther(kPage + 0x1000);
    Use(kDirectory);
  }
  ~TlbTest() override { memory_->set_watch(nullptr); }

  void WillStore(Mpa at, const u8* bytes, u32 len) override {
    tlb_.WillStore(at, bytes, len);
  }

  void Set(u32 at, u32 value) { memory_->Store<u32>(Mpa(at), value); }
  u32 Get(u32 at) const { return memory_->Load<u32>(Mpa(at)); }
  static u32 PteAt(u32 table, Lin lin = kLin) {
    return table + 4 * (lin.value >> 12 & 1023);
  }
  void Map(u32 page, u32 rights = kAll) { Set(PteAt(kTable), page | rights); }
  void SetOther(u32 page) { Set(PteAt(kOtherTable), page | kAll); }
  void Use(u32 cr3, bool wp = true) {
    PagingRegisters regs;
    regs.paging = true;
    regs.write_protect = wp;
    regs.cr3 = cr3;
    tlb_.Select(regs);
  }
  // One of 700 spaces that have the first table in common.
  void UseSpace(u32 number) {
    const u32 directory = 0x40000 + number * 0x1000;
    if (Get(directory) == 0) Set(directory, kTable | kAll);
    Use(directory);
  }
  bool Reads(bool user = true, Lin lin = kLin) {
    return tlb_.Entries(user)[Tlb::IndexOf(lin.value)].read_tag ==
           (lin.value & ~kPageMask);
  }
  bool Writes(bool user = true, Lin lin = kLin) {
    return tlb_.Entries(user)[Tlb::IndexOf(lin.value)].write_tag ==
           (lin.value & ~kPageMask);
  }
  const u8* HostOf(bool user = true) {
    return tlb_.Entries(user)[Tlb::IndexOf(kLin.value)].Host(kLin.value);
  }

  std::unique_ptr<PhysMemory> memory_ = std::move(PhysMemory::Create(4 << 20)).value();
  Tlb tlb_{*memory_};
};

TEST_F(TlbTest, AReadMakesNoWriteTagBeforeTheDirtyBitIsSet) {
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  EXPECT_TRUE(Reads());
  EXPECT_FALSE(Writes());
  EXPECT_EQ(Get(PteAt(kTable)) & (kA | kD), kA);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kWrite, true).ok);
  EXPECT_TRUE(Writes());
  EXPECT_EQ(Get(PteAt(kTable)) & (kA | kD), kA | kD);
}

TEST_F(TlbTest, TheTwoRingsHaveTheirOwnEntries) {
  Map(kPage, kP | kRw);
  EXPECT_FALSE(tlb_.Fill(kLin, Access::kRead, true).ok);
  EXPECT_TRUE(tlb_.Fill(kLin, Access::kRead, false).ok);
  EXPECT_TRUE(Reads(false));
  EXPECT_FALSE(Reads(true));
}

TEST_F(TlbTest, EveryChangeOfAnEntryIsSeenAtOnce) {
  for (const u32 change :
       {kPage + 0x2000 + kAll, kPage + kP + kUs, kPage + kP + kRw, 0u}) {
    Map(kPage, kAll);
    ASSERT_TRUE(tlb_.Fill(kLin, Access::kWrite, true).ok);
    Set(PteAt(kTable), change);
    EXPECT_FALSE(Reads() || Writes()) << std::hex << change;
  }
}

TEST_F(TlbTest, ClearingAccessedOrDirtyIsSeenSettingIsNot) {
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  Set(PteAt(kTable), Get(PteAt(kTable)) | kD);
  EXPECT_TRUE(Reads()) << "nothing that was derived changes";
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kWrite, true).ok);
  Set(PteAt(kTable), Get(PteAt(kTable)) & ~kD);
  EXPECT_FALSE(Writes());
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  Set(PteAt(kTable), Get(PteAt(kTable)) & ~kA);
  EXPECT_FALSE(Reads());
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  EXPECT_NE(Get(PteAt(kTable)) & kA, 0u) << "the next walk sets it again";
}

TEST_F(TlbTest, ASingleByteOfAnEntryIsEnough) {
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  memory_->Store<u8>(Mpa(PteAt(kTable) + 2), 0x02);
  EXPECT_FALSE(Reads());
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  EXPECT_EQ(HostOf(), memory_->ReadPointer(Mfn(0x20)) + PageOffset(kLin));
}

TEST_F(TlbTest, AChangedDirectoryDropsWhatIsBelow) {
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  Set(kDirectory, kOtherTable | kAll);
  EXPECT_FALSE(Reads());
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  EXPECT_EQ(HostOf(),
            memory_->ReadPointer(Mfn((kPage + 0x1000) >> 12)) + PageOffset(kLin));
}

TEST_F(TlbTest, NeighboursSurviveAChange) {
  const Lin neighbour(0x00006000);
  Set(PteAt(kTable, neighbour), (kPage + 0x3000) | kAll);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  ASSERT_TRUE(tlb_.Fill(neighbour, Access::kRead, true).ok);
  Map(kPage + 0x4000);
  EXPECT_FALSE(Reads());
  EXPECT_TRUE(Reads(true, neighbour));
}

TEST_F(TlbTest, AStoredPageDropsTheEntriesThatChangedAndNoOthers) {
  const Lin neighbour(0x00006000);
  Set(PteAt(kTable, neighbour), (kPage + 0x3000) | kAll);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  ASSERT_TRUE(tlb_.Fill(neighbour, Access::kRead, true).ok);
  u8 page[kPageSize];
  memory_->Read(Mpa(kTable), page, kPageSize);
  memory_->Write(Mpa(kTable), page, kPageSize);
  EXPECT_TRUE(Reads() && Reads(true, neighbour)) << "nothing has changed";
  StoreLe<u32>(page + PageOffset(Mpa(PteAt(kTable))), 0);
  memory_->Write(Mpa(kTable), page, kPageSize);
  EXPECT_FALSE(Reads());
  EXPECT_TRUE(Reads(true, neighbour));
  memory_->Fill(Mpa(kTable), 0, kPageSize);
  EXPECT_FALSE(Reads(true, neighbour));
}

TEST_F(TlbTest, ABankKeepsItsEntriesWhileAnotherIsCurrent) {
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  const u32 context = tlb_.code_context();
  Use(kOtherDirectory);
  EXPECT_FALSE(Reads());
  EXPECT_NE(tlb_.code_context(), context);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  Use(kDirectory);
  EXPECT_TRUE(Reads());
  EXPECT_EQ(tlb_.code_context(), context);
  EXPECT_EQ(HostOf(), memory_->ReadPointer(Mfn(kPage >> 12)) + PageOffset(kLin));
}

TEST_F(TlbTest, AChangeReachesBanksThatAreNotCurrent) {
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  Use(kOtherDirectory);
  Map(kPage + 0x5000);
  Use(kDirectory);
  EXPECT_FALSE(Reads());
}

TEST_F(TlbTest, ATableSharedByTwoSpacesIsWatchedForBoth) {
  Set(kOtherDirectory, kTable | kAll);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  Use(kOtherDirectory);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  Map(kPage + 0x5000);
  EXPECT_FALSE(Reads());
  Use(kDirectory);
  EXPECT_FALSE(Reads());
}

TEST_F(TlbTest, MoreSpacesThanBanksForgetTheOldest) {
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  for (u32 i = 0; i < Tlb::kBanks; ++i) {
    UseSpace(i);
    ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  }
  Use(kDirectory);
  EXPECT_FALSE(Reads());
  EXPECT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
}

TEST_F(TlbTest, AsManySpacesAsBanksFindEverythingAsTheyLeftIt) {
  constexpr u32 kSpaces = Tlb::kBanks - 1;
  for (u32 i = 0; i < kSpaces; ++i) {
    UseSpace(i);
    ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, i % 2 != 0).ok);
    ASSERT_TRUE(tlb_.Fetch(kLin, true).ok);
  }
  const TlbStats before = tlb_.stats();
  for (u32 i = 0; i < kSpaces; ++i) {
    UseSpace(i * 7 % kSpaces);
    EXPECT_TRUE(Reads(i * 7 % kSpaces % 2 != 0)) << i;
    EXPECT_FALSE(Reads(i * 7 % kSpaces % 2 == 0)) << i;
    EXPECT_TRUE(tlb_.Fetch(kLin, true).ok);
  }
  EXPECT_EQ(tlb_.stats().fetch_miss, before.fetch_miss);
  EXPECT_EQ(tlb_.stats().bank_flush, before.bank_flush);
}

TEST_F(TlbTest, ASpaceThatIsUsedStaysWhileOthersComeAndGo) {
  u32 lost = 0;
  for (u32 i = 0; i < 4 * Tlb::kBanks; ++i) {
    Use(kDirectory);
    lost += Reads() ? 0 : 1;
    ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
    UseSpace(i % 700);
    ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  }
  // At the start, and when a bank is needed and all have been used.
  EXPECT_LE(lost, 5u);
}

TEST_F(TlbTest, ASpaceWhoseTablesAreGoneTakesNoBankFromOthers) {
  Use(kOtherDirectory);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  for (u32 i = 0; i < 3 * Tlb::kBanks; ++i) {
    UseSpace(i % 700);
    ASSERT_FALSE(Reads()) << i;
    ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
    Use(kDirectory);
    Set(0x40000 + i % 700 * 0x1000, 0);
  }
  Use(kOtherDirectory);
  EXPECT_TRUE(Reads());
}

TEST_F(TlbTest, NoEmptyEntryAnswersForAnyAddress) {
  UseSpace(1);  // a bank that was never used
  for (const bool user : {false, true}) {
    for (u32 index = 0; index < Tlb::kEntries; ++index) {
      const TlbEntry& entry = tlb_.Entries(user)[index];
      const u32 wraps = index == Tlb::kEntries - 1 ? 0 : index << kPageShift;
      for (const u32 tag : {index << kPageShift, wraps}) {
        for (const u32 watched : {0u, TlbEntry::kWatched, TlbEntry::kBesideCode}) {
          EXPECT_NE(entry.read_tag, tag | watched) << index;
          EXPECT_NE(entry.write_tag, tag | watched) << index;
        }
      }
    }
  }
  Set(0x40000 + 0x1000, 0);
  EXPECT_FALSE(tlb_.Fetch(Lin(0), true).ok);
  EXPECT_FALSE(tlb_.Fetch(Lin(0xfffff000), true).ok);
}

TEST_F(TlbTest, AReadPageIsRecalledAsLongAsItsTranslationHolds) {
  const Lin other(kLin.value + (Tlb::kEntries << kPageShift));  // of the same index
  Set(kDirectory + 4, kOtherTable | kAll);
  ASSERT_EQ(Tlb::IndexOf(kLin.value), Tlb::IndexOf(other.value));
  const auto lose = [&] {
    ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
    ASSERT_TRUE(tlb_.Fill(other, Access::kRead, true).ok);
    ASSERT_FALSE(Reads());
  };
  lose();
  EXPECT_FALSE(tlb_.Recall(kLin.value, false)) << "of another ring";
  EXPECT_TRUE(tlb_.Recall(kLin.value, true));
  EXPECT_TRUE(Reads());
  EXPECT_FALSE(Writes());
  EXPECT_EQ(HostOf(), memory_->ReadPointer(Mfn(kPage >> 12)) + PageOffset(kLin));
  // A changed entry, a changed directory, another space, other rules.
  lose();
  Map(kPage + 0x5000);
  EXPECT_FALSE(tlb_.Recall(kLin.value, true));
  lose();
  Set(kDirectory, kTable | kP | kRw);
  EXPECT_FALSE(tlb_.Recall(kLin.value, true));
  Set(kDirectory, kTable | kAll);
  lose();
  Use(kOtherDirectory);
  EXPECT_FALSE(tlb_.Recall(kLin.value, true));
  Use(kDirectory);
  EXPECT_TRUE(tlb_.Recall(kLin.value, true));
  lose();
  Use(kDirectory, false);
  EXPECT_FALSE(tlb_.Recall(kLin.value, true));
  Use(kDirectory);
  lose();
  tlb_.HidePages({{Lin(kLin.value & ~kPageMask), true}});
  EXPECT_FALSE(tlb_.Recall(kLin.value, true));
}

TEST_F(TlbTest, AWrittenPageIsRecalledForWriting) {
  const Lin other(kLin.value + (Tlb::kEntries << kPageShift));  // of the same index
  Set(kDirectory + 4, kOtherTable | kAll);
  const auto lose = [&](Access access) {
    ASSERT_TRUE(tlb_.Fill(kLin, access, true).ok);
    ASSERT_TRUE(tlb_.Fill(other, Access::kRead, true).ok);
    ASSERT_FALSE(Reads());
  };
  lose(Access::kRead);
  EXPECT_FALSE(tlb_.RecallForWriting(kLin.value, true)) << "its D bit is not set";
  lose(Access::kWrite);
  EXPECT_TRUE(tlb_.RecallForWriting(kLin.value, true));
  EXPECT_TRUE(Reads());
  EXPECT_TRUE(Writes());
  // It may have been read in between, and has then no write tag.
  lose(Access::kWrite);
  EXPECT_TRUE(tlb_.Recall(kLin.value, true));
  EXPECT_FALSE(Writes());
  EXPECT_TRUE(tlb_.RecallForWriting(kLin.value, true));
  EXPECT_TRUE(Writes());
  // Clearing D, or the right to write.
  lose(Access::kWrite);
  Map(kPage);
  EXPECT_FALSE(tlb_.RecallForWriting(kLin.value, true));
  // A page that is watched since then is recalled as one whose stores are announced, and
  // one that is recalled loses its plain tag when it gets a mark.
  lose(Access::kWrite);
  EXPECT_TRUE(tlb_.RecallForWriting(kLin.value, true));
  memory_->AddMark(Mfn(kPage >> 12), kHoldsCode);
  tlb_.ForgetWrites(Mfn(kPage >> 12));
  EXPECT_FALSE(Writes());
  lose(Access::kWrite);
  EXPECT_TRUE(tlb_.RecallForWriting(kLin.value, true));
  EXPECT_FALSE(Writes());
}

TEST_F(TlbTest, ATableOfAllSpacesIsWatchedForAll) {
  const Lin beside(0x00006000);
  Set(PteAt(kTable, beside), (kPage + 0x3000) | kAll);
  for (u32 i = 0; i < 200; ++i) {
    UseSpace(i);
    ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
    ASSERT_TRUE(tlb_.Fill(beside, Access::kRead, true).ok);
  }
  Map(kPage + 0x5000);
  for (u32 i = 0; i < 200; ++i) {
    UseSpace(i);
    EXPECT_FALSE(Reads()) << i;
    EXPECT_TRUE(Reads(true, beside)) << i;
  }
}

TEST_F(TlbTest, APageThatBecomesATableLosesItsWriteTagsInAllSpacesAndPlaces) {
  constexpr u32 kNewTable = 0x20000;
  const Lin other(0x00006000);
  for (const bool twice : {false, true}) {
    Map(kNewTable);
    if (twice) Set(PteAt(kTable, other), kNewTable | kAll);
    for (u32 i = 0; i < 100; ++i) {
      UseSpace(i);
      ASSERT_TRUE(tlb_.Fill(kLin, Access::kWrite, i % 3 != 0).ok);
      ASSERT_TRUE(Writes(i % 3 != 0));
      if (!twice) continue;
      ASSERT_TRUE(tlb_.Fill(other, Access::kWrite, i % 3 == 0).ok);
      ASSERT_TRUE(Writes(i % 3 == 0, other));
    }
    UseSpace(50);
    Set(0x40000 + 50 * 0x1000 + 4, kNewTable | kAll);  // it translates from 4 MiB on
    Set(kNewTable, kPage | kAll);
    ASSERT_TRUE(tlb_.Fill(Lin(0x00400000), Access::kRead, true).ok);
    for (u32 i = 0; i < 100; ++i) {
      UseSpace(i);
      EXPECT_FALSE(Writes(false) || Writes(true)) << i;
      EXPECT_FALSE(Writes(false, other) || Writes(true, other)) << i;
    }
    for (u32 i = 0; i < 100; ++i) Set(kNewTable + 0x800, i);  // no table any more
    ASSERT_FALSE(tlb_.IsTable(Mfn(kNewTable >> 12)));
  }
}

TEST_F(TlbTest, AStoreDropsBothRingsOfOnePage) {
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, false).ok);
  Map(0);
  EXPECT_FALSE(Reads(true) || Reads(false));
}

TEST_F(TlbTest, AKnownTableGoesWhenTheEntryAboveChanges) {
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  // Another page of the same table: the walk starts there, and says no like a whole one.
  const Lin next = kLin + kPageSize;
  EXPECT_FALSE(tlb_.Fill(next, Access::kRead, true).ok);
  Set(PteAt(kTable, next), kPage | kAll);
  ASSERT_TRUE(tlb_.Fill(next, Access::kRead, true).ok);
  EXPECT_NE(Get(PteAt(kTable, next)) & kA, 0u);
  // Its directory entry leads elsewhere, and loses a right.
  Set(PteAt(kOtherTable, next), (kPage + 0x2000) | kAll);
  Set(kDirectory, kOtherTable | kP | kRw);
  EXPECT_EQ(tlb_.Fill(next, Access::kRead, true).error, 5u);
  const WalkResult walk = tlb_.Fill(next, Access::kWrite, false);
  ASSERT_TRUE(walk.ok);
  EXPECT_EQ(walk.frame, Mfn((kPage + 0x2000) >> 12));
  // The guest clears the directory's A bit: the next walk sets it.
  ASSERT_NE(Get(kDirectory) & kA, 0u);
  Set(kDirectory, kOtherTable | kP | kRw);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, false).ok);
  EXPECT_NE(Get(kDirectory) & kA, 0u);
}

TEST_F(TlbTest, TwoSpacesDoNotShareAKnownTable) {
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  Use(kOtherDirectory);
  EXPECT_EQ(tlb_.Fill(kLin, Access::kRead, true).frame, Mfn((kPage + 0x1000) >> 12));
  Use(kDirectory);
  EXPECT_EQ(tlb_.Fill(kLin, Access::kRead, true).frame, Mfn(kPage >> 12));
}

TEST_F(TlbTest, ChangedRulesDropEverything) {
  Map(kPage, kP | kUs);
  EXPECT_FALSE(tlb_.Fill(kLin, Access::kWrite, false).ok);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, false).ok);
  Use(kDirectory, false);
  EXPECT_FALSE(Reads(false));
  EXPECT_TRUE(tlb_.Fill(kLin, Access::kWrite, false).ok) << "CR0.WP is off";
  EXPECT_TRUE(Writes(false));
  Use(kDirectory, true);
  EXPECT_FALSE(Writes(false));
}

TEST_F(TlbTest, APageThatServesAsATableTakesNoWriteTag) {
  Map(kTable);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kWrite, true).ok);
  EXPECT_TRUE(Reads());
  EXPECT_FALSE(Writes());
}

TEST_F(TlbTest, APageThatBecomesATableLosesItsWriteTag) {
  Map(0x20000);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kWrite, true).ok);
  ASSERT_TRUE(Writes());
  Set(kDirectory + 4, 0x20000 | kAll);  // now it translates from 4 MiB on
  Set(0x20000, kPage | kAll);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kWrite, true).ok);
  ASSERT_TRUE(tlb_.Fill(Lin(0x00400000), Access::kRead, true).ok);
  EXPECT_FALSE(Writes());
}

TEST_F(TlbTest, ATableThatOnlyTakesStoresIsForgotten) {
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  EXPECT_NE(memory_->marks(Mfn(kTable >> 12)) & kHoldsTables, 0);
  for (u32 i = 0; i < 100; ++i) Set(kTable + 0x800, i);
  EXPECT_EQ(memory_->marks(Mfn(kTable >> 12)) & kHoldsTables, 0);
  EXPECT_FALSE(Reads()) << "nothing may be left that nobody watches";
}

TEST_F(TlbTest, AStoreInPlaceOfAnAbsentEntryIsQuiet) {
  const Mfn table(kTable >> 12);
  const auto quiet = [&](u32 at, u32 value) {
    return tlb_.WillStoreQuietly(table, memory_->ReadPointer(table) + PageOffset(Mpa(at)),
                                 value);
  };
  const u32 at = PteAt(kTable);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  EXPECT_FALSE(quiet(at, 0));
  EXPECT_TRUE(quiet(at, Get(at)));
  EXPECT_TRUE(quiet(at + 4, kPage | kAll)) << "was absent";
  EXPECT_TRUE(Reads());
  for (u32 i = 2; i < 64; ++i) EXPECT_TRUE(quiet(kTable, i));
  EXPECT_FALSE(quiet(kTable, 1)) << "is it still a table?";
  Set(kTable, 1);
  EXPECT_FALSE(tlb_.IsTable(table));
}

TEST_F(TlbTest, OfAPaeEntryTheLowHalfDecides) {
  PagingRegisters regs;
  regs.paging = regs.pae = regs.write_protect = true;
  regs.pdpte[0] = kDirectory | 1;
  memory_->Store<u64>(Mpa(kDirectory), kTable | kAll);
  const u32 at = kTable + 8 * (kLin.value >> 12);
  memory_->Store<u64>(Mpa(at), kPage | kAll);
  tlb_.Select(regs);
  ASSERT_TRUE(tlb_.Fill(kLin, Access::kRead, true).ok);
  const Mfn table(kTable >> 12);
  const u8* const low = memory_->ReadPointer(table) + PageOffset(Mpa(at));
  EXPECT_FALSE(tlb_.WillStoreQuietly(table, low, 0));
  EXPECT_FALSE(tlb_.WillStoreQuietly(table, low + 4, 1)) << "another frame";
  EXPECT_TRUE(tlb_.WillStoreQuietly(table, low + 4, 0)) << "the same frame";
  Set(at, 0);
  EXPECT_FALSE(Reads());
  EXPECT_TRUE(tlb_.WillStoreQuietly(table, low + 4, 1));
  EXPECT_TRUE(tlb_.WillStoreQuietly(table, low, kPage | kAll));
}

TEST_F(TlbTest, ACodeContextEndsWhenFetchedPagesChange) {
  ASSERT_TRUE(tlb_.Fetch(kLin, true).ok);
  const u32 context = tlb_.code_context();
  Set(PteAt(kTable, Lin(0x7000)), kPage | kAll);
  EXPECT_EQ(tlb_.code_context(), context) << "nobody fetched there";
  Map(kPage + 0x2000);
  EXPECT_NE(tlb_.code_context(), context);
  const WalkResult r = tlb_.Fetch(kLin, true);
  ASSERT_TRUE(r.ok);
  EXPECT_EQ(r.frame, Mfn((kPage + 0x2000) >> 12));
}

TEST_F(TlbTest, WhatHappensMatchesAWalkEachTime) {
  // Random stores, switches and accesses; every cached answer against a fresh walk.
  std::mt19937 random(4711);
  for (int i = 0; i < 200'000; ++i) {
    const Lin lin((random() % 24) << 12 | (random() % 4) << 22);
    switch (random() % 8) {
      case 0:
        Set(kTable + 4 * (random() % 24), (random() % 64) << 12 | random() % 128);
        break;
      case 1:
        Set(kOtherTable + 4 * (random() % 24), (random() % 64) << 12 | random() % 128);
        break;
      case 2:
        if (random() % 8 == 0) {
          const u32 table = random() % 2 != 0 ? kTable : kOtherTable;
          Set((random() % 2 != 0 ? kDirectory : kOtherDirectory) + 4 * (random() % 4),
              table | random() % 8);
        }
        break;
      case 3:
        if (random() % 4 == 0) {
          UseSpace(random() % 700);
          break;
        }
        Use(random() % 2 != 0 ? kDirectory : kOtherDirectory, random() % 64 != 0);
        break;
      default: {
        const bool user = random() % 2 != 0;
        const Access access = random() % 2 != 0 ? Access::kWrite : Access::kRead;
        const TlbEntry entry = tlb_.Entries(user)[Tlb::IndexOf(lin.value)];
        const u32 tag = access == Access::kWrite ? entry.write_tag : entry.read_tag;
        if (tag != lin.value) {
          const bool recalled = access == Access::kWrite
                                    ? tlb_.RecallForWriting(lin.value, user)
                                    : tlb_.Recall(lin.value, user);
          if (!recalled) (void)tlb_.Fill(lin, access, user);
          break;
        }
        const WalkResult now = ObservePageTables(*memory_, tlb_.registers(), lin);
        ASSERT_TRUE(now.ok) << "round " << i;
        ASSERT_EQ(entry.Host(lin.value), memory_->ReadPointer(now.frame))
            << "round " << i;
        ASSERT_TRUE(!user || now.user) << "round " << i;
        if (access == Access::kWrite) {
          ASSERT_TRUE(now.dirty) << "round " << i;
          ASSERT_TRUE(now.writable || (!user && !tlb_.registers().write_protect)) << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace lgx
