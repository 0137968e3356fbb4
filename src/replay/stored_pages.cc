#include "replay/stored_pages.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace lgx {

StatusOr<StoredPages> StoredPages::Make(SectionReader reader, const Section& map,
                                        u32 frames) {
  std::vector<u32> numbers;
  u32 most = 0;
  LGX_RETURN_IF_ERROR(reader.Take(map, [&](ByteReader* in) {
    if (in->remaining() != u64{frames} * sizeof(u32)) {
      return in->Fail("another number of pages than the head says");
    }
    numbers.resize(frames);
    for (u32& number : numbers) {
      number = in->U32("the number of a page");
      most = std::max(most, number);
    }
    if (most > frames) in->Fail("more pages than frames");
  }));
  StoredPages pages(std::move(reader), frames);
  pages.SortByPage(numbers, most);
  return pages;
}

void StoredPages::SortByPage(std::span<const u32> map, u32 pages) {
  begin_.assign(pages + 1, 0);
  for (const u32 number : map) {
    if (number != 0) ++begin_[number];
  }
  for (u32 i = 1; i <= pages; ++i) begin_[i] += begin_[i - 1];
  by_page_.resize(begin_[pages]);
  std::vector<u32> next(begin_.begin(), begin_.end() - 1);
  for (u32 frame = 0; frame < map.size(); ++frame) {
    if (map[frame] != 0) by_page_[next[map[frame] - 1]++] = frame;
  }
}

std::vector<bool> StoredPages::InUse() const {
  std::vector<bool> in_use(frames_);
  for (const u32 frame : by_page_) in_use[frame] = true;
  return in_use;
}

Status StoredPages::Read(const Put& put) const {
  using Piece = std::array<PageBytes, kSnapshotPiece>;
  const auto piece = std::make_unique_for_overwrite<Piece>();
  const std::size_t pages = begin_.size() - 1;
  std::size_t next = 0;
  SectionReader reader = reader_;
  while (true) {
    const StatusOr<Section> section = reader.Next();
    if (!section.ok()) return section.status();
    if (section->tag == SectionTag::kEnd) {
      LGX_RETURN_IF_ERROR(reader.Take(*section, [&](ByteReader* in) {
        if (in->U32("the number of sections") != reader.sections() - 1) {
          in->Fail("another number of sections");
        }
      }));
      if (next == pages) return reader.ExpectEnd();
      return Errorf(kDataLoss, "%s: %d of %d pages are missing; the snapshot is damaged.",
                    reader.Where(*section), pages - next, pages);
    }
    const std::size_t count = section->raw_size / kPageSize;
    if (section->raw_size % kPageSize != 0 || count == 0 || count > kSnapshotPiece ||
        count > pages - next) {
      return Errorf(kDataLoss, "%s holds %d bytes, which are no pages that are missing.",
                    reader.Where(*section), section->raw_size);
    }
    LGX_RETURN_IF_ERROR(reader.Content(
        *section, std::span(reinterpret_cast<u8*>(piece->data()), section->raw_size)));
    for (std::size_t i = 0; i < count; ++i, ++next) {
      put(std::span(by_page_).subspan(begin_[next], begin_[next + 1] - begin_[next]),
          (*piece)[i]);
    }
  }
}

}  // namespace lgx
