// A Guest's memory by guest-physical address, limited to the Guest's own pages.
//
// Guest memory is one contiguous range of machine memory that does not start at machine
// address 0, so a Gpa taken for an Mpa shows at once. Devices and Host logic use this
// view; a value is copied out once, then checked, then used.
#ifndef LGX_MMU_GUEST_VIEW_H_
#define LGX_MMU_GUEST_VIEW_H_

#include <optional>

#include "base/types.h"
#include "mmu/phys_memory.h"

namespace lgx {

//: memory.020 Two names for one page
// What the Guest calls physical memory is a piece of the machine's. It starts at Gpa 0
// for the Guest and somewhere in the middle for the machine, and the two kinds of address
// have different types, so that the compiler notices when one is taken for the other.
// Everything that reads or writes the Guest's memory on its behalf goes through here and
// is checked here, by subtraction, because a sum could wrap.
//:
class GuestView {
 public:
  // Guest pages 0 ... page_limit - 1 are machine frames first ... first + page_limit - 1,
  // which must be RAM.
  GuestView(PhysMemory& memory, Mfn first, u32 page_limit)
      : memory_(&memory), first_(first), page_limit_(page_limit) {}

  u32 page_limit() const { return page_limit_; }
  u64 size() const { return static_cast<u64>(page_limit_) << kPageShift; }

  // True if [at, at + len) lies in Guest memory. A range that ends exactly at the end is
  // inside; so is an empty range at the end.
  bool Contains(Gpa at, u64 len) const {
    return at.value <= size() && len <= size() - at.value;
  }

  // All or nothing: false, and nothing copied, if the range is not inside.
  [[nodiscard]] bool Read(Gpa from, void* to, u32 len) const {
    if (!Contains(from, len)) return false;
    memory_->Read(ToMachine(from), to, len);
    return true;
  }
  [[nodiscard]] bool Write(Gpa to, const void* from, u32 len) {
    if (!Contains(to, len)) return false;
    memory_->Write(ToMachine(to), from, len);
    return true;
  }
  [[nodiscard]] bool Fill(Gpa to, u8 value, u32 len) {
    if (!Contains(to, len)) return false;
    memory_->Fill(ToMachine(to), value, len);
    return true;
  }
  // One little-endian value at any alignment.
  template <typename T>
  [[nodiscard]] bool LoadValue(Gpa from, T* value) const {
    u8 bytes[sizeof(T)];
    if (!Read(from, bytes, sizeof bytes)) return false;
    *value = LoadLe<T>(bytes);
    return true;
  }
  template <typename T>
  [[nodiscard]] bool StoreValue(Gpa to, T value) {
    u8 bytes[sizeof(T)];
    StoreLe<T>(bytes, value);
    return Write(to, bytes, sizeof bytes);
  }

  // For devices that move much, the bytes themselves, from an address inside to the end
  // of its page. Storing there is only allowed where nobody has to hear of it first:
  // UnwatchedBytes is null for a page with code or tables in it, which Write() serves.
  const u8* Bytes(Gpa at) const {
    return memory_->ReadPointer(MfnOf(ToMachine(at))) + PageOffset(ToMachine(at));
  }
  u8* UnwatchedBytes(Gpa at) {
    const Mfn frame = MfnOf(ToMachine(at));
    if ((memory_->marks(frame) & kWatchedMarks) != 0) return nullptr;
    return memory_->WritePointer(frame) + PageOffset(ToMachine(at));
  }

  // The machine frame of a Guest page below page_limit().
  Mfn FrameOf(Gfn page) const { return Mfn(first_.value + page.value); }
  // The machine address of a Gpa that Contains() accepts.
  Mpa ToMachine(Gpa at) const { return Mpa(MpaOf(first_).value + at.value); }
  // The other way round; nothing for what is not the Guest's.
  std::optional<Gpa> FromMachine(Mpa at) const {
    const u64 first = MpaOf(first_).value;
    if (at.value < first || at.value - first >= size()) return std::nullopt;
    return Gpa(static_cast<u32>(at.value - first));
  }

 private:
  PhysMemory* memory_;
  Mfn first_;
  u32 page_limit_;
};

}  // namespace lgx

#endif  // LGX_MMU_GUEST_VIEW_H_
