#include "mmu/pte.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

TEST(Pte, IndexesOfAnAddress) {
  const Lin v(0xc0123456);
  EXPECT_EQ(PgdIndex<TwoLevel>(v), 768u);
  EXPECT_EQ(PteIndex<TwoLevel>(v), 0x123u);
  EXPECT_EQ(PgdIndex<Pae>(v), 3u);
  EXPECT_EQ(PmdIndex(v), 0u);
  EXPECT_EQ(PteIndex<Pae>(v), 0x123u);
  EXPECT_EQ(PmdIndex(Lin(0xffe00000)), 511u);
  EXPECT_EQ(PteIndex<Pae>(Lin(0xfffff000)), 511u);
  EXPECT_EQ(PteIndex<TwoLevel>(Lin(0xfffff000)), 1023u);
}

TEST(Pte, ATableEntryCountsHighBitsAsPageNumber) {
  const TableEntry<Pae> entry(kPteNx | 0x12345067);
  EXPECT_EQ(entry.flags(), 0x067u);
  EXPECT_EQ(entry.page_number(), (u64{1} << 51) | 0x12345);
  EXPECT_EQ(entry.guest_table(), Gpa(0x12345000));
}

TEST(Pte, APageEntryCountsThemAsFlagsAndLosesThem) {
  const PageEntry<Pae> entry(kPteNx | (u64{0xfff} << 44) | (u64{1} << 43) | 0x12345067);
  EXPECT_EQ(entry.flags(), 0x067u);
  EXPECT_EQ(entry.page_number(), (u64{1} << 31) | 0x12345);
}

TEST(Pte, WithAndWithoutTouchNothingElse) {
  const PageEntry<Pae> entry(kPteNx | 0x12345001);
  EXPECT_EQ(entry.with(kPteAccessed).raw, kPteNx | 0x12345021);
  EXPECT_EQ(entry.without(kPtePresent).raw, kPteNx | 0x12345000);
  const PageEntry<TwoLevel> small(0xfffff003);
  EXPECT_EQ(small.without(kPteRw).raw, 0xfffff001u);
  EXPECT_EQ(small.page_number(), 0xfffffu);
}

TEST(Pte, EntriesInWords) {
  EXPECT_EQ(DescribeEntry(0), "not present");
  EXPECT_EQ(DescribeEntry(0x1a2c025), "U R A P");
  EXPECT_EQ(DescribeEntry(0x6e1067), "U W A D P");
  EXPECT_EQ(DescribeEntry(kPteNx | 0x1f9), "S R A D P PS G PWT PCD NX");
}

}  // namespace
}  // namespace lgx
