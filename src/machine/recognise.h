// What kind of lguest kernel is this? Answered before its first instruction, from the
// image alone (guest-04 section 6): which generation of the interface, and whether its
// page tables are PAE.
//
// Marks that survive `strip` come first; symbols and the embedded configuration add to
// them; the version text is a hint only, because vendor kernels carry later code.
#ifndef LGX_MACHINE_RECOGNISE_H_
#define LGX_MACHINE_RECOGNISE_H_

#include <optional>
#include <string>
#include <vector>

#include "machine/elf_symbols.h"
#include "machine/generation.h"
#include "machine/image_bytes.h"
#include "machine/loader_elf.h"

namespace lgx {

enum class LguestSupport { kUnknown, kNo, kYes };

// The layouts that its initial values tell apart (guest-04 sections 3 and 6.2).
enum class DataLayout { kUnknown, kAFirst, kA, kBcd, kRe, kF, kG };

struct Recognition {
  LguestSupport lguest = LguestSupport::kUnknown;
  std::optional<Generation> generation;
  std::string evidence;  // what decided about lguest and generation
  // Of struct lguest_data. With generation G it is kF in kernels of 4.0, which have the
  // PCI bus already and the words of 3.19 still.
  DataLayout layout = DataLayout::kUnknown;
  std::optional<bool> pae;
  std::string pae_evidence;
  std::optional<bool> highmem;  // known from an embedded configuration or symbols only
  std::string version;          // "2.6.31 (user@host) #1 ..."; may be empty
};

// Looks at a vmlinux, or at what came out of a bzImage. `symbols` may be empty.
Recognition RecogniseElf(const ElfImage& image, Bytes file, const SymbolTable& symbols);

// All that can be said of a bzImage whose packed kernel cannot be read.
Recognition RecogniseVersion(const std::string& version, const std::string& why_not_more);

// --- struct lguest_data ----------------------------------------------------------------

inline constexpr u32 kLguestDataLargest = 1396;

// `data` starts at the structure and is at least kLguestDataLargest bytes long where so
// much exists. Holds as long as the Guest has not run past LGUEST_INIT.
DataLayout LayoutOfLguestData(Bytes data);

// The generation that has this layout and made LGUEST_INIT with this instruction. B and C
// look the same here: `version` decides.
std::optional<Generation> GenerationOfLayout(DataLayout layout, bool by_vmcall,
                                             const std::string& version);

// The words the test looks at, for the message when nothing matches.
std::string DescribeLguestData(Bytes data);

// --- parts, for tests
// ----------------------------------------------------------------------

// The code at lguest_entry (guest-04 section 6.1.1).
struct EntryPattern {
  enum class Next { kOther, kLoadPgdir, kSetStack, kNewPgtable };
  u32 at = 0;              // guest-physical
  bool by_vmcall = false;  // 0F 01 C1, else CD 1F
  bool first_in_ebx = false;
  u32 lguest_data = 0;  // guest-physical, of the unrelocated kernel
  Next next = Next::kOther;
  u32 initial_page_table = 0;  // with kNewPgtable
};
std::vector<EntryPattern> FindEntryPatterns(const ElfImage& image, Bytes file);

// The text of the configuration inside the kernel (CONFIG_IKCONFIG), if there is one.
std::optional<std::string> FindEmbeddedConfig(const ElfImage& image, Bytes file);

}  // namespace lgx

#endif  // LGX_MACHINE_RECOGNISE_H_
