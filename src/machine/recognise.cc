#include "machine/recognise.h"

#include <algorithm>
#include <functional>

#include "machine/payload.h"

namespace lgx {
namespace {

using std::string_view_literals::operator""sv;

constexpr u64 kNotFoundAt = ~u64{0};

// The bytes of one segment that are in the file.
Bytes ContentOf(const ElfSegment& segment, Bytes file) {
  return Part(file, segment.file_offset, segment.file_size);
}

u64 Find(Bytes bytes, std::string_view wanted, u64 from = 0) {
  const Bytes rest = From(bytes, from);
  const auto it = std::search(
      rest.begin(), rest.end(),
      std::boyer_moore_horspool_searcher(AsBytes(wanted).begin(), AsBytes(wanted).end()));
  return it == rest.end() ? kNotFoundAt : from + static_cast<u64>(it - rest.begin());
}

bool ImageHas(const ElfImage& image, Bytes file, std::string_view wanted) {
  return std::any_of(image.segments.begin(), image.segments.end(),
                     [&](const ElfSegment& s) {
                       return Find(ContentOf(s, file), wanted) != kNotFoundAt;
                     });
}

// "Linux version " and a digit: the banner that the kernel prints first.
std::string BannerVersion(const ElfImage& image, Bytes file) {
  constexpr std::string_view kBanner = "Linux version ";
  constexpr size_t kLongest = 200;
  for (const ElfSegment& segment : image.segments) {
    const Bytes content = ContentOf(segment, file);
    for (u64 at = Find(content, kBanner); at != kNotFoundAt;
         at = Find(content, kBanner, at + 1)) {
      std::string text = TextAt(content, at + kBanner.size(), kLongest);
      if (!text.empty() && text[0] >= '0' && text[0] <= '9') return text;
    }
  }
  return "";
}

// --- configuration
// -----------------------------------------------------------------------------

bool ConfigSets(const std::string& config, const std::string& option) {
  return config.find("\n" + option + "=y\n") != std::string::npos;
}

// --- PAE, in order of trust (guest-04 section 6.1.2)
// -----------------------------------------

void Decide(Recognition* r, bool pae, std::string evidence) {
  r->pae = pae;
  r->pae_evidence = std::move(evidence);
}

// 32 bytes as a PAE top level at start: the first and the kernel's entry equal, present,
// and nothing else in the low bits or above 4 GiB.
bool IsPaeTopLevel(Bytes table, u32 page_offset) {
  if (table.size() < 32) return false;
  const u32 first = LoadOrZero<u32>(table, 0);
  if ((first & kPageMask) != 1) return false;
  for (u32 i = 0; i < 4; i++) {
    const u32 low = LoadOrZero<u32>(table, u64{i} * 8);
    if (LoadOrZero<u32>(table, u64{i} * 8 + 4) != 0) return false;
    if (low != 0 && (low & kPageMask) != 1) return false;
  }
  return LoadOrZero<u32>(table, u64{page_offset >> 30} * 8) == first;
}

// R and E keep such a table, and zeros behind it, at the start of a page of initialised
// data.
int CountPaeTopLevels(const ElfImage& image, Bytes file) {
  int count = 0;
  for (const ElfSegment& segment : image.segments) {
    const Bytes content = ContentOf(segment, file);
    const u64 first = (kPageSize - (segment.paddr & kPageMask)) & kPageMask;
    for (u64 at = first; at + kPageSize <= content.size(); at += kPageSize) {
      const Bytes page = content.subspan(at, kPageSize);
      if (!IsPaeTopLevel(page, image.page_offset)) continue;
      const Bytes rest = page.subspan(32);
      if (std::all_of(rest.begin(), rest.end(), [](u8 b) { return b == 0; })) count++;
    }
  }
  return count;
}

bool PaeBySymbols(const SymbolTable& symbols, Recognition* r) {
  for (const char* name : {"swapper_pg_pmd", "initial_pg_pmd"}) {
    if (!symbols.Has(name)) continue;
    Decide(r, true, absl::StrFormat("symbol %s", name));
    return true;
  }
  if (!symbols.Has("swapper_pg_dir") && !symbols.Has("initial_page_table")) return false;
  Decide(r, false, "no symbol swapper_pg_pmd or initial_pg_pmd");
  return true;
}

bool PaeByTexts(const ElfImage& image, Bytes file, Recognition* r) {
  struct Mark {
    std::string_view text;
    bool pae;
  };
  // The first is printed by the page fault report, the others by /proc/meminfo.
  constexpr Mark kMarks[] = {
      {"*pdpt = %016Lx", true}, {"DirectMap2M:", true}, {"DirectMap4M:", false}};
  for (const Mark& mark : kMarks) {
    if (!ImageHas(image, file, mark.text)) continue;
    Decide(r, mark.pae, absl::StrFormat("text \"%s\"", mark.text));
    return true;
  }
  return false;
}

bool PaeByTables(const ElfImage& image, Bytes file, const EntryPattern* entry,
                 Recognition* r) {
  if (entry != nullptr && entry->next == EntryPattern::Next::kNewPgtable) {
    const u32 table = entry->initial_page_table;
    if (IsPaeTopLevel(ElfBytesAt(image, file, table), image.page_offset)) {
      Decide(r, true, absl::StrFormat("boot page table at 0x%08x", table));
      return true;
    }
    if (InElfBss(image, table)) {
      Decide(r, false, absl::StrFormat("boot page table at 0x%08x is empty", table));
      return true;
    }
    return false;
  }
  if (CountPaeTopLevels(image, file) == 1) {
    Decide(r, true, "a PAE top level in initialised data");
    return true;
  }
  return false;
}

void RecognisePae(const ElfImage& image, Bytes file, const SymbolTable& symbols,
                  const std::optional<std::string>& config, const EntryPattern* entry,
                  Recognition* r) {
  if (config) {
    Decide(r, ConfigSets(*config, "CONFIG_X86_PAE"), "embedded configuration");
    return;
  }
  if (PaeBySymbols(symbols, r) || PaeByTexts(image, file, r)) return;
  PaeByTables(image, file, entry, r);
}

// --- generation
// ---------------------------------------------------------------------------------

std::optional<Generation> GenerationOfPattern(const EntryPattern& entry,
                                              const std::string& version) {
  using Next = EntryPattern::Next;
  const std::optional<Generation> hint = GenerationOfVersion(version);
  if (!entry.first_in_ebx) {
    return entry.next == Next::kLoadPgdir && hint == Generation::kB ? Generation::kB
                                                                    : Generation::kC;
  }
  if (entry.by_vmcall) return hint == Generation::kD ? Generation::kD : Generation::kR;
  if (entry.next == Next::kNewPgtable) {
    return hint == Generation::kG ? Generation::kG : Generation::kF;
  }
  return Generation::kE;
}

const char* InstructionName(const EntryPattern& entry) {
  return entry.by_vmcall ? "0f 01 c1" : "cd 1f";
}

// Takes the pattern whose lguest_data looks like one; without any, the first pattern.
const EntryPattern* ChooseEntry(const std::vector<EntryPattern>& entries,
                                const ElfImage& image, Bytes file, DataLayout* layout) {
  *layout = DataLayout::kUnknown;
  for (const EntryPattern& entry : entries) {
    *layout = LayoutOfLguestData(ElfBytesAt(image, file, entry.lguest_data));
    if (*layout != DataLayout::kUnknown) return &entry;
  }
  return entries.empty() ? nullptr : &entries[0];
}

// Does a kernel with the data of F have devices on a PCI bus? It says so when it finds
// none (4.0 to 4.13), or is one of 4.0.
bool HasPciConsole(const ElfImage& image, Bytes file, const std::string& version) {
  return ImageHas(image, file, "console missing emerg_wr") ||
         GenerationOfVersion(version) == Generation::kG;
}

void RecogniseGeneration(const EntryPattern& entry, DataLayout layout,
                         const ElfImage& image, Bytes file, Recognition* r) {
  r->lguest = LguestSupport::kYes;
  r->layout = layout;
  r->generation = GenerationOfLayout(layout, entry.by_vmcall, r->version);
  const bool by_layout = r->generation.has_value();
  if (!by_layout) r->generation = GenerationOfPattern(entry, r->version);
  r->evidence = absl::StrFormat(
      "entry code with %s at 0x%08x, %s", InstructionName(entry), entry.at,
      by_layout ? absl::StrFormat("lguest_data at 0x%08x", entry.lguest_data)
                : "lguest_data not readable");
  if (layout == DataLayout::kF && HasPciConsole(image, file, r->version)) {
    r->generation = Generation::kG;
    r->evidence += " as in F, devices on a PCI bus";
  }
}

void RecogniseWithoutEntry(const ElfImage& image, Bytes file, const SymbolTable& symbols,
                           const std::optional<std::string>& config, Recognition* r) {
  if (ImageHas(image, file, "GenuineLguest")) {
    r->lguest = LguestSupport::kYes;
    r->generation = Generation::kA;
    r->evidence = "text \"GenuineLguest\" and no entry code";
    return;
  }
  r->lguest = LguestSupport::kNo;
  r->evidence = "no lguest entry code in the image";
  if (config && !ConfigSets(*config, "CONFIG_LGUEST_GUEST")) {
    r->evidence += ", CONFIG_LGUEST_GUEST not set in its configuration";
  } else if (!symbols.empty() && !symbols.Has("lguest_init")) {
    r->evidence += ", no symbol lguest_init";
  }
}

}  // namespace

std::vector<EntryPattern> FindEntryPatterns(const ElfImage& image, Bytes file) {
  constexpr std::string_view kStart = "\xb8\x01\x00\x00\x00"sv;  // mov $LGUEST_INIT, %eax
  constexpr std::string_view kVmcall = "\x0f\x01\xc1"sv;
  constexpr std::string_view kInt = "\xcd\x1f"sv;
  std::vector<EntryPattern> found;
  for (const ElfSegment& segment : image.segments) {
    const Bytes content = ContentOf(segment, file);
    for (u64 at = Find(content, kStart); at != kNotFoundAt;
         at = Find(content, kStart, at + 1)) {
      const u8 load = LoadOrZero<u8>(content, at + 5);  // ba: to edx, bb: to ebx
      const Bytes call = From(content, at + 10);
      if ((load != 0xba && load != 0xbb) ||
          (!StartsWith(call, kVmcall) && !StartsWith(call, kInt))) {
        continue;
      }
      EntryPattern entry;
      entry.at = segment.paddr + static_cast<u32>(at);
      entry.first_in_ebx = load == 0xbb;
      entry.by_vmcall = StartsWith(call, kVmcall);
      entry.lguest_data = LoadOrZero<u32>(content, at + 6);
      const Bytes next = From(call, entry.by_vmcall ? kVmcall.size() : kInt.size());
      if (StartsWith(next, "\xb8\x04\x00\x00\x00\xbb"sv)) {
        entry.next = EntryPattern::Next::kNewPgtable;
        entry.initial_page_table = LoadOrZero<u32>(next, 6);
      } else if (StartsWith(next, "\xbc"sv)) {
        entry.next = EntryPattern::Next::kSetStack;
      } else if (StartsWith(next, "\x8b\x35"sv)) {
        entry.next = EntryPattern::Next::kLoadPgdir;
      }
      found.push_back(entry);
    }
  }
  return found;
}

std::optional<std::string> FindEmbeddedConfig(const ElfImage& image, Bytes file) {
  constexpr std::string_view kMark = "IKCFG_ST";
  constexpr u64 kLargest = u64{4} << 20;
  for (const ElfSegment& segment : image.segments) {
    const Bytes content = ContentOf(segment, file);
    const u64 at = Find(content, kMark);
    if (at == kNotFoundAt) continue;
    const Bytes packed = From(content, at + kMark.size());
    if (PackingOf(packed) != Packing::kGzip) continue;
    const StatusOr<std::vector<u8>> text = Unpack(packed, kLargest);
    if (text.ok()) return "\n" + std::string(AsText(*text));
  }
  return std::nullopt;
}

Recognition RecogniseElf(const ElfImage& image, Bytes file, const SymbolTable& symbols) {
  Recognition r;
  r.version = BannerVersion(image, file);
  const std::optional<std::string> config = FindEmbeddedConfig(image, file);
  const std::vector<EntryPattern> entries = FindEntryPatterns(image, file);
  DataLayout layout;
  const EntryPattern* entry = ChooseEntry(entries, image, file, &layout);
  if (entry != nullptr) {
    RecogniseGeneration(*entry, layout, image, file, &r);
  } else {
    RecogniseWithoutEntry(image, file, symbols, config, &r);
  }
  RecognisePae(image, file, symbols, config, entry, &r);
  if (config) {
    r.highmem = ConfigSets(*config, "CONFIG_HIGHMEM");
  } else if (!symbols.empty()) {
    r.highmem = symbols.Has("kmap_high");
  }
  return r;
}

Recognition RecogniseVersion(const std::string& version,
                             const std::string& why_not_more) {
  Recognition r;
  r.version = version;
  r.generation = GenerationOfVersion(version);
  r.evidence = absl::StrFormat("version text only, because %s", why_not_more);
  return r;
}

}  // namespace lgx
