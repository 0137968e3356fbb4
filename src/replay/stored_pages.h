// The memory of a snapshot that is still in its file.
#ifndef LGX_REPLAY_STORED_PAGES_H_
#define LGX_REPLAY_STORED_PAGES_H_

#include <functional>
#include <span>
#include <vector>

#include "replay/snapshot.h"
#include "replay/snapshot_sections.h"

namespace lgx {

class StoredPages {
 public:
  // Takes kMap, which was read from `reader`; the sections of pages come next. `frames`
  // is what the head of the snapshot says.
  [[nodiscard]] static StatusOr<StoredPages> Make(SectionReader reader,
                                                  const Section& map, u32 frames);

  u32 frames() const { return frames_; }
  // Frames that are not full of zeros.
  u32 used() const { return static_cast<u32>(by_page_.size()); }

  // True for each of them.
  std::vector<bool> InUse() const;

  // Reads all pages in the order of the file, and hands each over once with the frames
  // that it belongs into. Frames that are never named are full of zeros. Refuses what is
  // damaged, perhaps after some pages; may be called again.
  using Put = std::function<void(std::span<const u32> frames, const PageBytes& page)>;
  [[nodiscard]] Status Read(const Put& put) const;

 private:
  StoredPages(SectionReader reader, u32 frames)
      : reader_(std::move(reader)), frames_(frames) {}
  void SortByPage(std::span<const u32> map, u32 pages);

  SectionReader reader_;  // stands before the pages
  u32 frames_;
  // The frames that have page i, in order, are by_page_[begin_[i]] ... [begin_[i + 1]].
  std::vector<u32> by_page_;
  std::vector<u32> begin_;
};

}  // namespace lgx

#endif  // LGX_REPLAY_STORED_PAGES_H_
