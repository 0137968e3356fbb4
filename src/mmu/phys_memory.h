// The machine's memory: RAM from machine address 0, and read-only regions (ROMs) above
// it.
//
// Frames can carry marks. A store by anyone (the CPU's slow path, Host logic, a device)
// to a marked frame is announced to the StoreWatch before it happens, so that decoded
// code and cached translations never outlive what they were made from. The CPU's fast
// path never writes to a marked frame (its TLB holds no write tag for one).
//
// RAM is zero at start and costs host memory only where it is touched.
#ifndef LGX_MMU_PHYS_MEMORY_H_
#define LGX_MMU_PHYS_MEMORY_H_

#include <cstring>
#include <memory>
#include <vector>

#include "base/endian.h"
#include "base/status.h"
#include "base/types.h"

namespace lgx {

enum FrameMark : u8 {
  kHoldsCode = 1,    // decoded blocks were made from this frame
  kHoldsTables = 2,  // a page walk read entries of this frame
  kWriteCached =
      4,  // some TLB bank may hold a write tag for it (a hint, never announced)
};
inline constexpr u8 kWatchedMarks = kHoldsCode | kHoldsTables;

// Declared here, implemented by the CPU: whoever keeps something derived from memory.
class StoreWatch {
 public:
  virtual ~StoreWatch() = default;
  // `len` bytes at `at` (within one frame) are about to become `bytes`.
  virtual void WillStore(Mpa at, const u8* bytes, u32 len) = 0;
};

//: memory.010 One memory, and who is told of stores
// All the RAM of the emulated machine is one array of bytes, and a machine address is an
// index into it. What makes it more than an array is that others remember things about
// it: the CPU keeps decoded instructions, the TLB keeps translations. A frame they have
// learned from carries a mark, and a store to a marked frame is announced before it
// happens, whoever stores: the Guest's instruction, the C++ of the Host, a device.
// Unmarked frames, nearly all of them, cost nothing.
//:
class PhysMemory {
 public:
  // `size` is rounded up to whole pages; at most 4 GiB - 16 MiB.
  static StatusOr<std::unique_ptr<PhysMemory>> Create(u64 size);
  ~PhysMemory();
  PhysMemory(const PhysMemory&) = delete;
  PhysMemory& operator=(const PhysMemory&) = delete;

  u64 size() const { return size_; }
  u32 frames() const { return frames_; }
  void set_watch(StoreWatch* watch) { watch_ = watch; }

  // Maps `bytes` read-only at `at` (page aligned, above RAM). Stores there are ignored.
  Status AddRom(Mpa at, std::vector<u8> bytes);

  // The host address of a frame for reading, or null where nothing answers. Never crosses
  // a frame: frames of RAM happen to be adjacent, users must not rely on it.
  const u8* ReadPointer(Mfn frame) const {
    if (frame.value < frames_)
      return ram_ + (static_cast<u64>(frame.value) << kPageShift);
    return RomPointer(frame);
  }
  // For writing: RAM only, null elsewhere. The caller has announced the store (Announce).
  u8* WritePointer(Mfn frame) {
    if (frame.value < frames_)
      return ram_ + (static_cast<u64>(frame.value) << kPageShift);
    return nullptr;
  }
  // Where a host address that ReadPointer or WritePointer gave for RAM lies.
  Mpa MpaOfPointer(const u8* at) const { return Mpa(static_cast<u64>(at - ram_)); }
  bool IsRam(Mfn frame) const { return frame.value < frames_; }

  u8 marks(Mfn frame) const { return frame.value < frames_ ? marks_[frame.value] : 0; }
  void AddMark(Mfn frame, u8 mark) {
    if (frame.value >= frames_) return;
    marks_[frame.value] |= mark;
    if ((mark & kHoldsTables) != 0) watched_[frame.value] = kAllChunks;
  }
  void ClearMark(Mfn frame, u8 mark) {
    if (frame.value < frames_) marks_[frame.value] &= static_cast<u8>(~mark);
  }

  // In a frame marked kHoldsCode and nothing else, only these chunks of 64 bytes (a bit
  // each) are watched. Stores to others are announced to nobody.
  static constexpr u32 kChunkShift = 6;
  static constexpr u64 kAllChunks = ~u64{0};
  // The chunks of a page that bytes `begin` ... `end` - 1 of it lie in.
  static u64 ChunksOf(u32 begin, u32 end) {
    const u32 first = begin >> kChunkShift;
    const u32 last = (end - 1) >> kChunkShift;
    return (kAllChunks >> (63 - (last - first))) << first;
  }
  void SetCodeChunks(Mfn frame, u64 chunks) {
    if (frame.value >= frames_) return;
    const bool tables = (marks_[frame.value] & kHoldsTables) != 0;
    watched_[frame.value] = tables ? kAllChunks : chunks;
  }
  // For those who test it inline: RAM, and the watched chunks of each frame of it.
  u8* ram() { return ram_; }
  const u64* watched_chunks() const { return watched_; }

  // Announces a store to the watch if the frame is marked. Within one frame.
  void Announce(Mpa at, const u8* bytes, u32 len) {
    const Mfn frame = MfnOf(at);
    if ((marks(frame) & kWatchedMarks) == 0 || watch_ == nullptr) return;
    const u32 begin = PageOffset(at);
    if ((watched_[frame.value] & ChunksOf(begin, begin + len)) == 0) return;
    watch_->WillStore(at, bytes, len);
  }

  // Copies any range; where nothing answers, reads give 0xff and writes are lost.
  void Read(Mpa from, void* to, u64 len) const;
  void Write(Mpa to, const void* from, u64 len);
  void Fill(Mpa to, u8 value, u64 len);

  // One little-endian value; must not cross a frame.
  template <typename T>
  T Load(Mpa at) const {
    const u8* page = ReadPointer(MfnOf(at));
    if (page == nullptr) return static_cast<T>(~T{0});
    return LoadLe<T>(page + PageOffset(at));
  }
  template <typename T>
  void Store(Mpa at, T value) {
    u8* page = WritePointer(MfnOf(at));
    if (page == nullptr) return;
    u8 bytes[sizeof(T)];
    StoreLe<T>(bytes, value);
    Announce(at, bytes, sizeof(T));
    std::memcpy(page + PageOffset(at), bytes, sizeof(T));
  }

 private:
  struct Rom {
    Mfn first;
    std::vector<u8> bytes;
  };

  PhysMemory(u8* ram, u8* marks, u64* watched, u64 size);
  const u8* RomPointer(Mfn frame) const;

  u8* ram_;
  u8* marks_;
  u64* watched_;
  u64 size_;
  u32 frames_;
  StoreWatch* watch_ = nullptr;
  std::vector<Rom> roms_;
};

}  // namespace lgx

#endif  // LGX_MMU_PHYS_MEMORY_H_
