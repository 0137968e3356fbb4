// Snapshots whose checksums are right and whose sections do not belong together.
#include "replay/stored_pages.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/endian.h"
#include "base/file.h"
#include "base/hash.h"
#include "replay/snapshot_sections.h"
#include "tests/replay/replay_rig.h"

namespace lgx {
namespace {

std::vector<u8> Map(const std::vector<u32>& numbers) {
  ByteWriter out;
  for (const u32 number : numbers) out.U32(number);
  return out.Take();
}

std::vector<u8> Pages(const std::vector<u8>& fills) {
  std::vector<u8> bytes;
  for (const u8 fill : fills) bytes.insert(bytes.end(), kPageSize, fill);
  return bytes;
}

using Write = std::function<void(SectionWriter*)>;

// Head and state of no use, the map, and what `write` adds.
std::vector<u8> FileWith(const std::vector<u32>& map, const Write& write) {
  SectionWriter out;
  out.Add(SectionTag::kHead, {});
  out.Add(SectionTag::kState, {});
  out.Add(SectionTag::kMap, Map(map));
  write(&out);
  return out.Finish();
}

StatusOr<StoredPages> Open(std::span<const u8> bytes, u32 frames) {
  SectionReader reader(MakeSectionSource(bytes), "x.lgxsnap");
  LGX_RETURN_IF_ERROR(reader.Begin());
  for (int i = 0; i < 2; ++i) LGX_RETURN_IF_ERROR(reader.Next().status());
  const StatusOr<Section> map = reader.Next();
  if (!map.ok()) return map.status();
  return StoredPages::Make(reader, *map, frames);
}

// What each frame is filled with, or what is wrong.
StatusOr<std::vector<u8>> Fills(std::span<const u8> bytes, u32 frames) {
  const StatusOr<StoredPages> pages = Open(bytes, frames);
  if (!pages.ok()) return pages.status();
  std::vector<u8> fills(frames);
  LGX_RETURN_IF_ERROR(
      pages->Read([&fills](std::span<const u32> in, const PageBytes& page) {
        for (const u32 frame : in) fills[frame] = page[kPageSize - 1];
      }));
  return fills;
}

void IsRefused(std::span<const u8> bytes, u32 frames, const std::string& words) {
  const StatusOr<std::vector<u8>> fills = Fills(bytes, frames);
  ASSERT_FALSE(fills.ok()) << words;
  EXPECT_EQ(fills.status().code(), kDataLoss);
  const std::string text = MessageOf(fills.status());
  EXPECT_TRUE(text.starts_with("x.lgxsnap: ")) << text;
  EXPECT_NE(text.find("offset 0x"), std::string::npos) << text;
  EXPECT_NE(text.find(words), std::string::npos) << text;
}

TEST(StoredPages, GoWhereTheMapSays) {
  const std::vector<u8> bytes = FileWith({2, 0, 1, 2, 3}, [](SectionWriter* out) {
    out->Add(SectionTag::kPages, Pages({10, 20}), Codec::kLz4);
    out->Add(SectionTag::kPages, Pages({30}), Codec::kNone);
  });
  EXPECT_EQ(Fills(bytes, 5).value(), (std::vector<u8>{20, 0, 10, 20, 30}));
  const StatusOr<StoredPages> pages = Open(bytes, 5);
  EXPECT_EQ(pages->used(), 4u);
  EXPECT_EQ(pages->InUse(), (std::vector<bool>{true, false, true, true, true}));
}

TEST(StoredPages, ThatAreNotThereAreMissed) {
  IsRefused(
      FileWith({1, 2},
               [](SectionWriter* out) { out->Add(SectionTag::kPages, Pages({1})); }),
      2, "1 of 2 pages are missing");
}

TEST(StoredPages, MoreThanTheMapHasAreRefused) {
  IsRefused(
      FileWith({1, 1},
               [](SectionWriter* out) { out->Add(SectionTag::kPages, Pages({1, 2})); }),
      2, "no pages that are missing");
  IsRefused(FileWith({0, 0},
                     [](SectionWriter* out) {
                       for (u8 i = 0; i < 100; ++i)
                         out->Add(SectionTag::kPages, Pages({i}));
                     }),
            2, "no pages that are missing");
}

TEST(StoredPages, HalfAPageIsNone) {
  IsRefused(FileWith({1},
                     [](SectionWriter* out) {
                       out->Add(SectionTag::kPages, std::vector<u8>(kPageSize / 2));
                     }),
            1, "no pages that are missing");
  IsRefused(FileWith({1}, [](SectionWriter* out) { out->Add(SectionTag::kPages, {}); }),
            1, "no pages that are missing");
}

TEST(StoredPages, AMapOfAnotherSizeIsRefused) {
  const Write nothing = [](SectionWriter*) {};
  IsRefused(FileWith({0, 0, 0}, nothing), 2, "another number of pages");
  IsRefused(FileWith({0}, nothing), 2, "another number of pages");
  IsRefused(FileWith({3, 0}, nothing), 2, "more pages than frames");
  IsRefused(FileWith({~0u, 0}, nothing), 2, "more pages than frames");
}

TEST(SnapshotSections, InAnotherOrderAreRefused) {
  IsRefused(
      FileWith({0}, [](SectionWriter* out) { out->Add(SectionTag::kMap, Map({0})); }), 1,
      "not where it belongs");
  IsRefused(FileWith({0}, [](SectionWriter* out) { out->Add(SectionTag::kState, {}); }),
            1, "not where it belongs");
}

TEST(SnapshotSections, NothingMayFollowTheLastOne) {
  std::vector<u8> bytes = FileWith({0}, [](SectionWriter*) {});
  bytes.push_back(0);
  IsRefused(bytes, 1, "1 bytes follow the last section");
}

// Sizes that a header claims, with a right checksum: refused before anything is allocated
// for them.
TEST(SnapshotSections, ImpossibleSizesAreRefused) {
  const std::vector<u8> good = FileWith({0}, [](SectionWriter*) {});
  constexpr u64 kHead = 16;  // behind the file's own header
  for (const u64 size : {u64{5} << 20, u64{1} << 40, ~u64{0}}) {
    for (const u64 field : {8, 16}) {  // as it is, as it is packed
      std::vector<u8> bytes = good;
      StoreLe<u64>(bytes.data() + kHead + field, size);
      StoreLe<u64>(bytes.data() + kHead + 24,
                   HashOf(std::span(bytes).subspan(kHead, 24)));
      IsRefused(bytes, 1, "impossible header");
    }
  }
  // Possible, but not there; and packed into nothing.
  std::vector<u8> bytes = good;
  StoreLe<u64>(bytes.data() + kHead + 8, 1 << 20);
  StoreLe<u64>(bytes.data() + kHead + 16, 1 << 20);
  IsRefused(bytes, 1, "cut short");
}

TEST(SnapshotSections, AreReadFromAFileAsFromMemory) {
  const test::TempFile path("snap");
  const std::vector<u8> bytes =
      FileWith({1}, [](SectionWriter* out) { out->Add(SectionTag::kPages, Pages({7})); });
  ASSERT_TRUE(WriteFile(path.path(), bytes, Overwrite::kRefuse).ok());
  SectionReader reader(OpenSectionSource(path.path()).value(), path.path());
  ASSERT_TRUE(reader.Begin().ok());
  std::vector<SectionTag> tags;
  do {
    const StatusOr<Section> section = reader.Next();
    ASSERT_TRUE(section.ok()) << MessageOf(section.status());
    tags.push_back(section->tag);
  } while (tags.back() != SectionTag::kEnd);
  EXPECT_TRUE(reader.ExpectEnd().ok());
  EXPECT_EQ(tags, (std::vector<SectionTag>{SectionTag::kHead, SectionTag::kState,
                                           SectionTag::kMap, SectionTag::kPages,
                                           SectionTag::kEnd}));
  EXPECT_FALSE(OpenSectionSource(path.path() + "-missing").ok());
}

}  // namespace
}  // namespace lgx
