// Small kernels made by hand: ELF files and bzImages with just the marks that the loader
// and the recogniser look for (guest-04 section 6.1).
#ifndef LGX_TESTS_MACHINE_KERNEL_BUILDER_H_
#define LGX_TESTS_MACHINE_KERNEL_BUILDER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "machine/generation.h"
#include "machine/image_bytes.h"
#include "mmu/guest_view.h"
#include "mmu/phys_memory.h"

namespace lgx::test {

using ByteVector = std::vector<u8>;

template <typename T>
void Poke(ByteVector* bytes, u64 offset, T value) {
  if (bytes->size() < offset + sizeof(T)) bytes->resize(offset + sizeof(T));
  StoreLe<T>(bytes->data() + offset, value);
}
void PokeText(ByteVector* bytes, u64 offset, std::string_view text);

struct ElfPart {
  u32 vaddr = 0;
  u32 paddr = 0;
  ByteVector content;
  u32 mem_size = 0;  // 0: as large as the content
};

struct ElfName {
  std::string name;
  u32 value = 0;
};

// A complete ELF executable. The first program header is at offset 52.
ByteVector BuildElf(const std::vector<ElfPart>& parts, u32 entry,
                    const std::vector<ElfName>& names = {});

// The initial values of struct lguest_data for a generation, as the kernel's image holds
// them. `first` is the layout of the very first release candidate (A only).
ByteVector BuildLguestData(Generation generation, bool first = false);

enum class PaeMark { kNone, kSymbol, kText, kDirectMap, kTable, kConfig };

struct KernelSpec {
  Generation generation = Generation::kR;
  bool pae = false;
  PaeMark mark = PaeMark::kText;
  bool symbols = false;
  bool lguest = true;
  std::string version = "2.6.31";
  u32 load_at = 0x100000;
  std::optional<Generation> data = {};  // whose struct lguest_data; nothing: its own
};

inline constexpr u32 kTestKernelSize = 0x8000;    // in the file
inline constexpr u32 kTestKernelMemory = 0xc000;  // with its zero-filled end

// A vmlinux of one segment at load_at.
ByteVector BuildVmlinux(const KernelSpec& spec);

struct BzSpec {
  u8 setup_sects = 10;
  u16 protocol = 0x020a;
  u32 kernel_alignment = 0x100000;
  bool relocatable = true;
  u32 init_size = 0x100000;
  std::string version = "2.6.31";
};

// A bzImage whose protected-mode part starts with 16 recognisable bytes, then `payload`.
ByteVector BuildBzImage(ByteVector payload, const BzSpec& spec = {});

ByteVector PackGzip(Bytes bytes);
ByteVector PackBzip2(Bytes bytes);
ByteVector PackXz(Bytes bytes);
ByteVector PackLzma(Bytes bytes);
ByteVector PackLz4(Bytes bytes);
// An lzop file whose blocks are stored as they are.
ByteVector PackLzopStored(Bytes bytes);

// Guest memory that does not start at machine address 0, with some pages behind its end.
class TestMemory {
 public:
  explicit TestMemory(u64 bytes);
  GuestView& view() { return *view_; }
  ByteVector Read(u32 at, u32 length) const;
  bool IsZero(u32 at, u32 length) const;
  template <typename T>
  T Load(u32 at) const {
    return LoadLe<T>(Read(at, sizeof(T)).data());
  }

 private:
  std::unique_ptr<PhysMemory> memory_;
  std::unique_ptr<GuestView> view_;
};

}  // namespace lgx::test

#endif  // LGX_TESTS_MACHINE_KERNEL_BUILDER_H_
