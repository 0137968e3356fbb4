#include "mmu/boot_tables.h"

#include <algorithm>
#include <optional>

#include "mmu/pte.h"

namespace lgx {
namespace {

constexpr u32 kBootFlags = kPtePresent | kPteRw | kPteUser;
constexpr Gpa kRamdiskSize(0x21c);
constexpr Gpa kE820Entry0Size(0x2d8);

// Writes entries into Guest memory; after the first that does not fit it writes no more.
template <class F>
class EntryWriter {
 public:
  explicit EntryWriter(GuestView& view) : view_(&view) {}
  void Put(Gpa table, u32 index, u32 value) {
    const Gpa at = table + EntryOffset<F>(index);
    if (failed_ || view_->StoreValue<typename F::Raw>(at, value)) return;
    failed_ = at;
  }
  // Entries 0 ... count - 1 of one table, page numbers from `first` on. A page at once:
  // of a large Guest there are many.
  void PutPages(Gpa table, u32 first, u32 count, u32 flags) {
    using Raw = typename F::Raw;
    u8 bytes[kPageSize];
    for (u32 i = 0; i < count; ++i) {
      StoreLe<Raw>(bytes + EntryOffset<F>(i), ((first + i) << kPageShift) | flags);
    }
    if (failed_ || view_->Write(table, bytes, EntryOffset<F>(count))) return;
    // Only as much as there is room for, and the place where it ends.
    for (u32 i = 0; i < count; ++i) Put(table, i, ((first + i) << kPageShift) | flags);
  }
  // Where the first entry that did not fit would be.
  std::optional<Gpa> failed() const { return failed_; }

 private:
  GuestView* view_;
  std::optional<Gpa> failed_;
};

u32 LinearIndex(const BootTablesRequest& request) {
  return request.page_offset_index != 0 ? request.page_offset_index
                                        : UsualPageOffsetIndex(request.mode);
}

// PGD[k] and PGD[LinearIndex + k] lead to PTE page k. The identity half ends where
// the linear half begins, the linear half before the Switcher's entry.
void WriteUpperLevels(EntryWriter<TwoLevel>& writer, const BootTablesRequest& request,
                      const BootTablesLayout& layout) {
  const u32 base = std::min(LinearIndex(request), TwoLevel::kSwitcherPgd);
  for (u32 k = 0; k < layout.pte_pages; ++k) {
    const u32 entry = (layout.first_pte + k * kPageSize).value | kBootFlags;
    if (k < base) writer.Put(layout.top, k, entry);
    if (k < TwoLevel::kSwitcherPgd - base) writer.Put(layout.top, base + k, entry);
  }
}

// One PMD page, used twice.
void WriteUpperLevels(EntryWriter<Pae>& writer, const BootTablesRequest& request,
                      const BootTablesLayout& layout) {
  for (u32 k = 0; k < std::min(layout.pte_pages, Pae::kEntries); ++k) {
    writer.Put(layout.pmd, k, (layout.first_pte + k * kPageSize).value | kBootFlags);
  }
  const u32 entry = layout.pmd.value | kPtePresent;
  writer.Put(layout.top, 0, entry);
  writer.Put(layout.top, std::min(LinearIndex(request), Pae::kPgdEntries - 1), entry);
}

//: paging.030 The tables a Guest starts with
// A PC starts without paging, and a kernel turns it on when its tables are ready. Our
// Guest cannot start so: paging is always on, since it is what keeps the Guest in. So the
// Host writes a first set of tables into the top of the Guest's memory. They map
// everything twice, at its own number, because the kernel starts there, and at
// PAGE_OFFSET, where it was linked to run. They are real tables: the kernel finds them
// through lguest_data and edits them.
//:
template <class F>
StatusOr<Gpa> Setup(GuestView& view, const BootTablesRequest& request,
                    const BootTablesLayout& layout) {
  EntryWriter<F> writer(view);
  for (u32 k = 0; k < layout.pte_pages && !writer.failed(); ++k) {
    const u32 first = k * F::kEntries;
    writer.PutPages(layout.first_pte + k * kPageSize, first,
                    std::min(layout.pages - first, F::kEntries), kBootFlags);
  }
  WriteUpperLevels(writer, request, layout);
  if (writer.failed()) {
    return Errorf(
        kInvalidArgument,
        "the boot page tables reach guest-physical 0x%08x, outside Guest memory "
        "of 0x%x bytes; the boot parameters claim 0x%x bytes",
        writer.failed()->value, view.size(), request.mem);
  }
  return layout.top;
}

}  // namespace

StatusOr<BootTablesLayout> PlanBootTables(const BootTablesRequest& request) {
  const bool pae = request.mode == PagingMode::kPae;
  const u32 entries = pae ? Pae::kEntries : TwoLevel::kEntries;
  constexpr u64 kAddressSpace = u64{1} << 32;
  if (request.mem >= kAddressSpace || request.mem % kPageSize != 0 ||
      request.initrd_size % kPageSize != 0) {
    return Errorf(
        kInvalidArgument,
        "boot parameters: memory of 0x%x bytes with an initrd of 0x%x bytes; both "
        "must be whole pages, and memory below 4 GiB",
        request.mem, request.initrd_size);
  }
  BootTablesLayout layout;
  layout.pages = static_cast<u32>(request.mem >> kPageShift);
  layout.pte_pages = (layout.pages + entries - 1) / entries;
  // In 64 bits and from the top down, so that nothing can wrap before it is checked.
  const u64 tables = (u64{layout.pte_pages} + 1 + (pae ? 1 : 0)) * kPageSize;
  if (request.initrd_size + tables > request.mem) {
    return Errorf(kInvalidArgument,
                  "memory of 0x%x bytes has no room for an initrd of 0x%x bytes and 0x%x "
                  "bytes of boot page tables; give the Guest more memory",
                  request.mem, request.initrd_size, tables);
  }
  layout.top = Gpa(static_cast<u32>(request.mem - request.initrd_size - kPageSize));
  layout.first_pte = layout.top - layout.pte_pages * kPageSize;
  if (pae) layout.pmd = layout.first_pte - kPageSize;
  return layout;
}

StatusOr<Gpa> SetupBootTables(GuestView& view, const BootTablesRequest& request) {
  const StatusOr<BootTablesLayout> layout = PlanBootTables(request);
  if (!layout.ok()) return layout.status();
  return request.mode == PagingMode::kPae ? Setup<Pae>(view, request, *layout)
                                          : Setup<TwoLevel>(view, request, *layout);
}

bool WriteBootSizes(const BootSizes& sizes, GuestView& view) {
  return view.StoreValue(kE820Entry0Size, sizes.mem) &&
         view.StoreValue(kRamdiskSize, sizes.initrd_size);
}

StatusOr<BootSizes> ReadBootSizes(const GuestView& view) {
  BootSizes sizes;
  if (!view.LoadValue(kE820Entry0Size, &sizes.mem) ||
      !view.LoadValue(kRamdiskSize, &sizes.initrd_size)) {
    return Errorf(
        kInvalidArgument,
        "the boot parameters at guest-physical 0 are outside Guest memory of 0x%x "
        "bytes",
        view.size());
  }
  return sizes;
}

}  // namespace lgx
