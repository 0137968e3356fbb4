// The sections of a snapshot's file, one after the other: written into bytes, and read
// from bytes or from a file, of which only one section is in memory at a time.
#ifndef LGX_REPLAY_SNAPSHOT_SECTIONS_H_
#define LGX_REPLAY_SNAPSHOT_SECTIONS_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/status.h"
#include "base/types.h"
#include "replay/packing.h"

namespace lgx {

inline constexpr u32 kSnapshotVersion = 1;
inline constexpr u32 kSnapshotPiece = 64;  // pages or blocks in one section

// In the order in which they come. kPages and kBlocks may be repeated or absent.
enum class SectionTag : u32 {
  kHead = 0x44414548,    // "HEAD": what it is a state of
  kState = 0x54415453,   // "STAT": all but memory
  kBlocks = 0x4b4c4244,  // "DBLK": blocks of disks that are in no file
  kMap = 0x50414d50,     // "PMAP": which page is in which frame
  kPages = 0x45474150,   // "PAGE": pages
  kEnd = 0x21444e45,     // "END!": how many sections there were
};

class SectionWriter {
 public:
  SectionWriter();
  void Add(SectionTag tag, std::span<const u8> raw, Codec packing = DefaultPacking());
  // Ends with kEnd.
  std::vector<u8> Finish();

 private:
  ByteWriter out_;
  u32 sections_ = 0;
};

// Where the bytes of a snapshot are.
class SectionSource {
 public:
  virtual ~SectionSource() = default;
  virtual u64 size() const = 0;
  // `len` bytes inside of size(). They stay until the next call, perhaps in `buffer`.
  [[nodiscard]] virtual StatusOr<std::span<const u8>> At(u64 offset, u64 len,
                                                         std::vector<u8>* buffer) = 0;
};

// `bytes` outlive it.
std::unique_ptr<SectionSource> MakeSectionSource(std::span<const u8> bytes);
// What cannot be read at any place, like a pipe, is read to its end at once.
[[nodiscard]] StatusOr<std::unique_ptr<SectionSource>> OpenSectionSource(
    const std::string& path);

struct Section {
  SectionTag tag = SectionTag::kEnd;
  Codec packing = Codec::kNone;
  u64 offset = 0;  // in the file
  u64 raw_size = 0;
  std::span<const u8> stored;  // until the next section is read
};

// Nothing is allocated for what a header says before it was found to be possible: what a
// section of this kind may be, and what is left of the file. A copy goes on from the same
// place.
class SectionReader {
 public:
  // `path` names the file in messages.
  SectionReader(std::shared_ptr<SectionSource> source, std::string path)
      : source_(std::move(source)), path_(std::move(path)) {}

  // Refuses what is no snapshot, and newer formats.
  [[nodiscard]] Status Begin();
  // The next section, with its checksum checked and in its place.
  [[nodiscard]] StatusOr<Section> Next();
  // Its content: exactly `to`, which has raw_size bytes.
  [[nodiscard]] Status Content(const Section& section, std::span<u8> to) const;
  // Hands its content to `read`, a function of a ByteReader*, which has to take all of
  // it.
  template <typename Read>
  [[nodiscard]] Status Take(const Section& section, Read read) const {
    std::vector<u8> content(section.raw_size);
    LGX_RETURN_IF_ERROR(Content(section, content));
    ByteReader in(content, Where(section));
    read(&in);
    in.ExpectEnd("the section");
    return in.status();
  }
  std::string Where(const Section& section) const;
  const std::string& path() const { return path_; }
  // Behind the last section: nothing may follow.
  [[nodiscard]] Status ExpectEnd() const;
  u32 sections() const { return sections_; }

 private:
  bool Follows(SectionTag tag) const;

  std::shared_ptr<SectionSource> source_;
  std::string path_;
  std::vector<u8> buffer_;
  u64 at_ = 0;
  u32 sections_ = 0;
  SectionTag last_ = SectionTag::kEnd;
};

}  // namespace lgx

#endif  // LGX_REPLAY_SNAPSHOT_SECTIONS_H_
