#include "tests/machine/kernel_builder.h"

#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>

#include "base/check.h"
#include "machine/loader_bzimage.h"

namespace lgx::test {
namespace {

constexpr u32 kPageOffset = 0xc0000000;

void Append(ByteVector* bytes, Bytes more) {
  bytes->insert(bytes->end(), more.begin(), more.end());
}

// Sections: null, symbol table, its names.
void AppendSymbols(const std::vector<ElfName>& names, ByteVector* elf) {
  ByteVector strings = {0};
  ByteVector symbols(16);
  for (const ElfName& name : names) {
    const u64 at = symbols.size();
    Poke<u32>(&symbols, at, static_cast<u32>(strings.size()));
    Poke<u32>(&symbols, at + 4, name.value);
    Poke<u32>(&symbols, at + 8, 0);
    Poke<u8>(&symbols, at + 12, 0x12);  // global function
    Poke<u16>(&symbols, at + 14, 1);
    Append(&strings, AsBytes(name.name));
    strings.push_back(0);
  }
  const u32 symbols_at = static_cast<u32>(elf->size());
  Append(elf, symbols);
  const u32 strings_at = static_cast<u32>(elf->size());
  Append(elf, strings);
  const u32 table = static_cast<u32>(elf->size());
  Poke<u32>(elf, 32, table);
  Poke<u16>(elf, 46, 40);
  Poke<u16>(elf, 48, 3);
  elf->resize(table + 3 * 40);
  Poke<u32>(elf, table + 40 + 4, 2);
  Poke<u32>(elf, table + 40 + 16, symbols_at);
  Poke<u32>(elf, table + 40 + 20, static_cast<u32>(symbols.size()));
  Poke<u32>(elf, table + 40 + 24, 2);
  Poke<u32>(elf, table + 80 + 4, 3);
  Poke<u32>(elf, table + 80 + 16, strings_at);
  Poke<u32>(elf, table + 80 + 20, static_cast<u32>(strings.size()));
}

// Offsets in the test kernel.
constexpr u32 kEntryAt = 0x0800;
constexpr u32 kDataAt = 0x1000;
constexpr u32 kTextsAt = 0x3000;
constexpr u32 kTableAt = 0x4000;
constexpr u32 kConfigAt = 0x6000;
constexpr u32 kBssTableAt = 0x9000;

void PokeEntry(const KernelSpec& spec, ByteVector* image) {
  using enum Generation;
  const Generation g = spec.generation;
  const bool early = g == kA || g == kB || g == kC;
  const bool vmcall = g == kD || g == kR;
  ByteVector code = {0xb8, 1, 0, 0, 0, static_cast<u8>(early ? 0xba : 0xbb)};
  Poke<u32>(&code, code.size(), spec.load_at + kDataAt);
  Append(&code, vmcall ? AsBytes(std::string_view("\x0f\x01\xc1", 3))
                       : AsBytes(std::string_view("\xcd\x1f", 2)));
  if (g == kB) {
    Append(&code, AsBytes(std::string_view("\x8b\x35", 2)));
  } else if (g == kF || g == kG) {
    Append(&code, AsBytes(std::string_view("\xb8\x04\x00\x00\x00\xbb", 6)));
    Poke<u32>(&code, code.size(), spec.load_at + (spec.pae ? kTableAt : kBssTableAt));
    Append(&code, AsBytes(std::string_view("\xcd\x1f", 2)));
  } else {
    Append(&code, AsBytes(std::string_view("\xbc", 1)));
  }
  for (size_t i = 0; i < code.size(); i++) Poke<u8>(image, kEntryAt + i, code[i]);
}

void PokePaeTable(const KernelSpec& spec, ByteVector* image) {
  const u32 middle = (spec.load_at + 0x5000) | 1;
  Poke<u64>(image, kTableAt, middle);
  Poke<u64>(image, kTableAt + 24, middle);
}

void PokePaeMark(const KernelSpec& spec, ByteVector* image) {
  switch (spec.mark) {
    case PaeMark::kNone:
    case PaeMark::kSymbol:
      break;
    case PaeMark::kText:
      PokeText(image, kTextsAt, spec.pae ? "*pdpt = %016Lx " : "*pde = %08lx");
      PokeText(image, kTextsAt + 0x100, spec.pae ? "DirectMap2M:" : "DirectMap4M:");
      break;
    case PaeMark::kDirectMap:
      PokeText(image, kTextsAt, spec.pae ? "DirectMap2M:" : "DirectMap4M:");
      break;
    case PaeMark::kTable:
      if (spec.pae) PokePaeTable(spec, image);
      break;
    case PaeMark::kConfig: {
      const std::string config = std::string("#\nCONFIG_X86_32=y\n") +
                                 (spec.lguest ? "CONFIG_LGUEST_GUEST=y\n"
                                              : "# CONFIG_LGUEST_GUEST is not set\n") +
                                 (spec.pae ? "CONFIG_HIGHMEM=y\nCONFIG_X86_PAE=y\n"
                                           : "# CONFIG_X86_PAE is not set\n");
      PokeText(image, kConfigAt, "IKCFG_ST");
      const ByteVector packed = PackGzip(AsBytes(config));
      for (size_t i = 0; i < packed.size(); i++) {
        Poke<u8>(image, kConfigAt + 8 + i, packed[i]);
      }
      break;
    }
  }
}

std::vector<ElfName> NamesFor(const KernelSpec& spec) {
  if (!spec.symbols) return {};
  const u32 base = kPageOffset + spec.load_at;
  std::vector<ElfName> names = {{"startup_32", base},
                                {"swapper_pg_dir", base + kTableAt}};
  if (spec.lguest) {
    names.push_back({"lguest_entry", base + kEntryAt});
    names.push_back({"lguest_init", base + kEntryAt + 0x40});
  }
  if (spec.pae && spec.mark == PaeMark::kSymbol) {
    const bool later =
        spec.generation == Generation::kF || spec.generation == Generation::kG;
    names.push_back(
        {later ? "initial_pg_pmd" : "swapper_pg_pmd", base + kTableAt + 0x1000});
  }
  return names;
}

}  // namespace

void PokeText(ByteVector* bytes, u64 offset, std::string_view text) {
  for (size_t i = 0; i < text.size(); i++) {
    Poke<u8>(bytes, offset + i, static_cast<u8>(text[i]));
  }
}

ByteVector BuildElf(const std::vector<ElfPart>& parts, u32 entry,
                    const std::vector<ElfName>& names) {
  ByteVector elf(52 + 32 * parts.size());
  PokeText(&elf, 0,
           "\x7f"
           "ELF\x01\x01\x01");
  Poke<u16>(&elf, 16, 2);
  Poke<u16>(&elf, 18, 3);
  Poke<u32>(&elf, 20, 1);
  Poke<u32>(&elf, 24, entry);
  Poke<u32>(&elf, 28, 52);
  Poke<u16>(&elf, 40, 52);
  Poke<u16>(&elf, 42, 32);
  Poke<u16>(&elf, 44, static_cast<u16>(parts.size()));
  for (size_t i = 0; i < parts.size(); i++) {
    const ElfPart& part = parts[i];
    const u64 header = 52 + 32 * i;
    const u32 size = static_cast<u32>(part.content.size());
    Poke<u32>(&elf, header, 1);
    Poke<u32>(&elf, header + 4, static_cast<u32>(elf.size()));
    Poke<u32>(&elf, header + 8, part.vaddr);
    Poke<u32>(&elf, header + 12, part.paddr);
    Poke<u32>(&elf, header + 16, size);
    Poke<u32>(&elf, header + 20, part.mem_size != 0 ? part.mem_size : size);
    Poke<u32>(&elf, header + 24, 7);
    Poke<u32>(&elf, header + 28, 4096);
    Append(&elf, part.content);
  }
  if (!names.empty()) AppendSymbols(names, &elf);
  return elf;
}

ByteVector BuildLguestData(Generation generation, bool first) {
  using enum Generation;
  constexpr u32 kNoirqStart = kPageOffset + 0x101234;
  constexpr u32 kNoirqEnd = kNoirqStart + 9;
  ByteVector data;
  Poke<u32>(&data, 4, 1);
  u32 status = 20;
  if (generation == kA && first) status = 12;
  if (generation == kR || generation == kE || generation == kF || generation == kG) {
    status = 24;
  }
  for (u32 i = 0; i < 64; i++) Poke<u8>(&data, status + i, 0xff);
  switch (generation) {
    case kA:
      Poke<u32>(&data, first ? 1108 : 1120, kNoirqStart);
      Poke<u32>(&data, first ? 1112 : 1124, kNoirqEnd);
      break;
    case kB:
    case kC:
    case kD:
      Poke<u32>(&data, 1120, kNoirqStart);
      Poke<u32>(&data, 1124, kNoirqEnd);
      Poke<u32>(&data, 1128, kPageOffset);
      Poke<u32>(&data, 1132, 0x80);
      break;
    case kR:
    case kE:
      Poke<u32>(&data, 1380, kNoirqStart);
      Poke<u32>(&data, 1384, kNoirqEnd);
      Poke<u32>(&data, 1388, kPageOffset);
      Poke<u32>(&data, 1392, 0x80);
      break;
    case kF:
      Poke<u32>(&data, 1376, kNoirqStart);
      Poke<u32>(&data, 1380, kNoirqEnd);
      Poke<u32>(&data, 1384, kPageOffset);
      Poke<u32>(&data, 1388, 0x80);
      break;
    case kG:
      Poke<u32>(&data, 1376, kNoirqStart);
      Poke<u32>(&data, 1380, kPageOffset);
      Poke<u32>(&data, 1384, 0x80);
      break;
  }
  return data;
}

ByteVector BuildVmlinux(const KernelSpec& spec) {
  ByteVector image(kTestKernelSize);
  PokeText(&image, 0x2800, "Linux version " + spec.version + " (user@host) #1");
  if (spec.lguest) {
    if (spec.generation == Generation::kA) {
      PokeText(&image, kEntryAt, "GenuineLguest");
    } else {
      PokeEntry(spec, &image);
    }
    const ByteVector data = BuildLguestData(spec.data.value_or(spec.generation));
    for (size_t i = 0; i < data.size(); i++) Poke<u8>(&image, kDataAt + i, data[i]);
  }
  PokePaeMark(spec, &image);
  CHECK(image.size() == kTestKernelSize) << "a mark lies outside the test kernel";
  return BuildElf({{kPageOffset + spec.load_at, spec.load_at, image, kTestKernelMemory}},
                  spec.load_at, NamesFor(spec));
}

ByteVector BuildBzImage(ByteVector payload, const BzSpec& spec) {
  const u32 sectors = spec.setup_sects == 0 ? 4 : spec.setup_sects;
  ByteVector file((sectors + 1) * 512);
  Poke<u8>(&file, 0x1ef, 0xff);  // as newer images have it
  Poke<u8>(&file, setup::kSetupSects, spec.setup_sects);
  Poke<u16>(&file, 0x1f2, 1);  // root_flags
  Poke<u16>(&file, setup::kBootFlag, 0xaa55);
  Poke<u16>(&file, 0x200, 0x66eb);  // the header ends at 0x268
  PokeText(&file, setup::kHeader, "HdrS");
  Poke<u16>(&file, setup::kVersion, spec.protocol);
  Poke<u8>(&file, setup::kLoadflags, 1);
  Poke<u32>(&file, setup::kCode32Start, kBzImageLoadAddress);
  Poke<u32>(&file, setup::kInitrdAddrMax, 0x7fffffff);
  Poke<u32>(&file, setup::kKernelAlignment, spec.kernel_alignment);
  Poke<u8>(&file, setup::kRelocatableKernel, spec.relocatable ? 1 : 0);
  Poke<u32>(&file, 0x238, 2047);
  constexpr u32 kPayloadAt = 16;
  Poke<u32>(&file, setup::kPayloadOffset, kPayloadAt);
  Poke<u32>(&file, setup::kPayloadLength, static_cast<u32>(payload.size()));
  Poke<u64>(&file, setup::kPrefAddress, 0x100000);
  Poke<u32>(&file, setup::kInitSize, spec.init_size);
  if (!spec.version.empty()) {
    Poke<u16>(&file, setup::kKernelVersion, 0x300 - 0x200);
    PokeText(&file, 0x300, spec.version + " (user@host) #1");
  }
  for (u8 i = 0; i < kPayloadAt; i++) file.push_back(static_cast<u8>(0xd0 + i));
  Append(&file, payload);
  const u64 code = file.size() - (sectors + 1) * 512;
  Poke<u32>(&file, setup::kSyssize, static_cast<u32>((code + 15) / 16));
  return file;
}

ByteVector PackGzip(Bytes bytes) {
  z_stream z = {};
  CHECK(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  ByteVector out(deflateBound(&z, bytes.size()) + 64);
  z.next_in = const_cast<Bytef*>(bytes.data());
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

ByteVector PackBzip2(Bytes bytes) {
  ByteVector out(bytes.size() + bytes.size() / 100 + 700);
  unsigned size = static_cast<unsigned>(out.size());
  CHECK(BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(out.data()), &size,
                                 reinterpret_cast<char*>(const_cast<u8*>(bytes.data())),
                                 static_cast<unsigned>(bytes.size()), 9, 0, 0) == BZ_OK);
  out.resize(size);
  return out;
}

ByteVector PackXz(Bytes bytes) {
  ByteVector out(lzma_stream_buffer_bound(bytes.size()));
  size_t used = 0;
  CHECK(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, nullptr, bytes.data(), bytes.size(),
                                out.data(), &used, out.size()) == LZMA_OK);
  out.resize(used);
  return out;
}

ByteVector PackLzma(Bytes bytes) {
  lzma_options_lzma options;
  CHECK(!lzma_lzma_preset(&options, 6));
  lzma_stream l = LZMA_STREAM_INIT;
  CHECK(lzma_alone_encoder(&l, &options) == LZMA_OK);
  ByteVector out(bytes.size() + bytes.size() / 3 + 256);
  l.next_in = bytes.data();
  l.avail_in = bytes.size();
  l.next_out = out.data();
  l.avail_out = out.size();
  CHECK(lzma_code(&l, LZMA_FINISH) == LZMA_STREAM_END);
  out.resize(l.total_out);
  lzma_end(&l);
  return out;
}

ByteVector PackLz4(Bytes bytes) {
  constexpr size_t kBlock = size_t{8} << 20;
  ByteVector out = {0x02, 0x21, 0x4c, 0x18};
  for (size_t at = 0; at < bytes.size(); at += kBlock) {
    const Bytes block = Part(bytes, at, kBlock);
    ByteVector packed(
        static_cast<size_t>(LZ4_compressBound(static_cast<int>(block.size()))));
    const int size = LZ4_compress_default(reinterpret_cast<const char*>(block.data()),
                                          reinterpret_cast<char*>(packed.data()),
                                          static_cast<int>(block.size()),
                                          static_cast<int>(packed.size()));
    CHECK(size > 0);
    packed.resize(static_cast<size_t>(size));
    Poke<u32>(&out, out.size(), static_cast<u32>(size));
    Append(&out, packed);
  }
  Poke<u32>(&out, out.size(), static_cast<u32>(bytes.size()));  // as kernel builds do
  return out;
}

ByteVector PackLzopStored(Bytes bytes) {
  const auto big32 = [](ByteVector* out, u32 value) {
    Poke<u32>(out, out->size(), ByteSwap(value));
  };
  ByteVector out;
  PokeText(&out, 0, std::string_view("\x89LZO\x00\r\n\x1a\n", 9));
  Append(&out, AsBytes(std::string_view("\x10\x30\x20\x80\x09\x40\x01\x05", 8)));
  big32(&out, 0);  // flags: no checksums
  big32(&out, 0);  // mode
  big32(&out, 0);  // time
  big32(&out, 0);
  out.push_back(0);  // no name
  big32(&out, 0);    // header checksum
  constexpr u64 kBlock = 256 * 1024;
  for (u64 at = 0; at < bytes.size(); at += kBlock) {
    const Bytes block = Part(bytes, at, kBlock);
    big32(&out, static_cast<u32>(block.size()));
    big32(&out, static_cast<u32>(block.size()));
    Append(&out, block);
  }
  big32(&out, 0);
  return out;
}

TestMemory::TestMemory(u64 bytes) {
  constexpr u32 kFirstFrame = 16;
  constexpr u32 kDevicePages = 4;
  const u32 pages = static_cast<u32>(bytes >> kPageShift) + kDevicePages;
  auto memory = PhysMemory::Create(u64{kFirstFrame + pages} << kPageShift);
  CHECK(memory.ok()) << memory.status();
  memory_ = *std::move(memory);
  view_ = std::make_unique<GuestView>(*memory_, Mfn(kFirstFrame), pages);
}

ByteVector TestMemory::Read(u32 at, u32 length) const {
  ByteVector bytes(length);
  CHECK(view_->Read(Gpa(at), bytes.data(), length));
  return bytes;
}

bool TestMemory::IsZero(u32 at, u32 length) const {
  for (u8 byte : Read(at, length)) {
    if (byte != 0) return false;
  }
  return true;
}

}  // namespace lgx::test
