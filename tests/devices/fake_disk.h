// A disk in memory that can be asked to fail, and that loses power: of what was not
// synced, each sector may then hold anything that was written to it since.
#ifndef LGX_TESTS_DEVICES_FAKE_DISK_H_
#define LGX_TESTS_DEVICES_FAKE_DISK_H_

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "devices/disk_file.h"

namespace lgx {

// What outlives a DiskFile, like a file: several FakeDisks can be opened on it in turn.
struct FakePlatter {
  using Sector = std::array<u8, kSectorSize>;

  std::vector<u8> bytes;  // as a reader sees them now
  std::map<u64, std::vector<Sector>>
      unsynced;     // versions by sector, the durable one first
  std::string log;  // one letter for each call: R, W, S, T
  u64 durable_size = 0;
  int fail_reads = 0;  // so many of the next calls fail
  int fail_writes = 0;
  int fail_syncs = 0;
  int fail_after = -1;  // from then on, so many calls from now, every call fails

  // Everything so far is on the disk.
  void Settle() {
    unsynced.clear();
    durable_size = bytes.size();
  }

  // Loses power. `random` (a function of a limit) chooses what has survived.
  template <typename Random>
  void LosePower(Random random) {
    for (auto& [sector, versions] : unsynced) {
      const Sector& survivor = versions[random(versions.size())];
      const u64 at = sector * kSectorSize;
      if (at < bytes.size()) {
        std::copy_n(survivor.begin(), std::min<u64>(kSectorSize, bytes.size() - at),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    if (random(2) == 0 && bytes.size() > durable_size) bytes.resize(durable_size);
    Settle();
  }
};

class FakeDisk : public DiskFile {
 public:
  FakeDisk(FakePlatter& platter, std::string name, bool read_only = false)
      : platter_(platter), name_(std::move(name)), read_only_(read_only) {}

  const std::string& name() const override { return name_; }
  u64 size() const override { return platter_.bytes.size(); }
  bool read_only() const override { return read_only_; }

  Status Read(u64 offset, ReadPieces to) override {
    if (Dead()) return Broken("read");
    platter_.log += 'R';
    if (platter_.fail_reads > 0 && platter_.fail_reads-- > 0) return Broken("read");
    if (offset + BytesOf(to) > size()) return Broken("read past the end");
    for (const std::span<u8>& piece : to) {
      std::copy_n(platter_.bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                  piece.size(), piece.begin());
      offset += piece.size();
    }
    return absl::OkStatus();
  }

  Status Write(u64 offset, WritePieces from) override {
    if (Dead()) return Broken("write");
    platter_.log += 'W';
    if (read_only_) return Broken("write to a read-only file");
    if (platter_.fail_writes > 0 && platter_.fail_writes-- > 0) return Broken("write");
    const u64 end = offset + BytesOf(from);
    if (end > size()) platter_.bytes.resize(end);
    Remember(offset, end, true);
    u64 at = offset;
    for (const std::span<const u8>& piece : from) {
      std::copy(piece.begin(), piece.end(),
                platter_.bytes.begin() + static_cast<std::ptrdiff_t>(at));
      at += piece.size();
    }
    Remember(offset, end, false);
    return absl::OkStatus();
  }

  Status Sync() override {
    if (Dead()) return Broken("sync");
    platter_.log += 'S';
    if (platter_.fail_syncs > 0 && platter_.fail_syncs-- > 0) return Broken("sync");
    platter_.Settle();
    return absl::OkStatus();
  }

  Status SetSize(u64 size) override {
    if (Dead()) return Broken("resize");
    platter_.log += 'T';
    platter_.bytes.resize(size);
    return absl::OkStatus();
  }

 private:
  bool Dead() {
    if (platter_.fail_after > 0) --platter_.fail_after;
    return platter_.fail_after == 0;
  }
  Status Broken(const char* action) const {
    return Errorf(kUnavailable, "%s: cannot %s", name_, action);
  }

  // Notes the sectors of a range: as they are durable, or as they are from now on.
  void Remember(u64 from, u64 to, bool before) {
    for (u64 sector = from / kSectorSize; sector * kSectorSize < to; ++sector) {
      std::vector<FakePlatter::Sector>& versions = platter_.unsynced[sector];
      if (before && !versions.empty()) continue;
      FakePlatter::Sector content = {};
      const u64 at = sector * kSectorSize;
      std::copy_n(platter_.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                  std::min<u64>(kSectorSize, platter_.bytes.size() - at),
                  content.begin());
      versions.push_back(content);
    }
  }

  FakePlatter& platter_;
  std::string name_;
  bool read_only_;
};

}  // namespace lgx

#endif  // LGX_TESTS_DEVICES_FAKE_DISK_H_
