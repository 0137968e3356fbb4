// The bare machine: loading, the start state, the ports, and the ways a run ends.
#include "machine/bare.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "machine/multiboot.h"

namespace lgx {
namespace {

constexpr u32 kLoad = 0x100000;
constexpr u32 kMultibootMagic = 0x1badb002;

class Collected final : public ByteSink {
 public:
  void Put(u8 byte) override { text += static_cast<char>(byte); }
  std::string text;
};

void Append32(std::vector<u8>* bytes, u32 value) {
  for (u32 i = 0; i < 4; ++i) bytes->push_back(static_cast<u8>(value >> (8 * i)));
}

void Append16(std::vector<u8>* bytes, u32 value) {
  for (u32 i = 0; i < 2; ++i) bytes->push_back(static_cast<u8>(value >> (8 * i)));
}

// A multiboot header with load fields for kLoad, then `code`.
std::vector<u8> WithLoadFields(const std::vector<u8>& code, u32 bss = 0) {
  constexpr u32 kFlags = 0x00010003;
  constexpr u32 kSize = 32;
  const u32 end = kLoad + kSize + static_cast<u32>(code.size());
  std::vector<u8> file;
  for (const u32 word : {kMultibootMagic, kFlags, 0u - kMultibootMagic - kFlags, kLoad,
                         kLoad, end, end + bss, kLoad + kSize}) {
    Append32(&file, word);
  }
  file.insert(file.end(), code.begin(), code.end());
  return file;
}

// An ELF executable with one segment.
std::vector<u8> Elf(const std::vector<u8>& code, u32 address, u32 mem_size) {
  std::vector<u8> file = {0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  Append16(&file, 2);
  Append16(&file, 3);
  for (const u32 word : {1u, address, 52u, 0u, 0u}) Append32(&file, word);
  for (const u32 half : {52, 32, 1, 0, 0, 0}) Append16(&file, half);
  const u32 size = static_cast<u32>(code.size());
  for (const u32 word : {1u, 84u, address, address, size, mem_size, 7u, 0x1000u}) {
    Append32(&file, word);
  }
  file.insert(file.end(), code.begin(), code.end());
  return file;
}

class Bare : public testing::Test {
 protected:
  void Make(u64 memory = u64{16} << 20) {
    BareSetup setup;
    setup.memory = memory;
    setup.post = 0x190;
    setup.debugcon = &debugcon_;
    setup.serial = &serial_;
    setup.post_codes = &post_;
    auto machine = BareMachine::Create(setup);
    ASSERT_TRUE(machine.ok()) << machine.status();
    machine_ = *std::move(machine);
  }
  Status Load(const std::vector<u8>& file, std::optional<u32> load = std::nullopt,
              std::optional<u32> entry = std::nullopt) {
    if (machine_ == nullptr) Make();
    const StatusOr<BareImage> image = ParseBareImage(file, "image", load, entry);
    if (!image.ok()) return image.status();
    return machine_->LoadProgram(*image, "image");
  }
  BareEnd RunFlat(const std::vector<u8>& code) {
    EXPECT_TRUE(Load(code, kLoad).ok());
    return machine_->Run(kMany);
  }
  CpuState& state() { return machine_->cpu().state; }
  u32 Word(u32 at) { return machine_->memory().Load<u32>(Mpa(at)); }
  std::string Text(u32 at) {
    std::string text;
    while (const u8 byte = machine_->memory().Load<u8>(Mpa(at++))) {
      text += static_cast<char>(byte);
    }
    return text;
  }

  static constexpr u64 kMany = 1000000;
  Collected debugcon_, serial_, post_;
  std::unique_ptr<BareMachine> machine_;
};

// -- loading
// ----------------------------------------------------------------------------------

TEST_F(Bare, LoadFieldsPlaceTheFile) {
  ASSERT_TRUE(Load(WithLoadFields({0xf4}, 100)).ok());
  EXPECT_EQ(Word(kLoad), kMultibootMagic);
  EXPECT_EQ(state().eip, kLoad + 32);
  EXPECT_EQ(machine_->Run(kMany), BareEnd::kHalted);
  EXPECT_EQ(machine_->cpu().retired(), 1u);
}

TEST_F(Bare, LoadFieldsMayStartBehindTheHeader) {
  std::vector<u8> file(64, 0x90);
  const std::vector<u8> header = WithLoadFields({0xf4});
  file.insert(file.end(), header.begin(), header.end());
  ASSERT_TRUE(Load(file).ok());
  EXPECT_EQ(Word(kLoad), kMultibootMagic);
}

TEST_F(Bare, LoadEndZeroMeansTheWholeFile) {
  std::vector<u8> file = WithLoadFields({0x90, 0x90, 0x90, 0xf4});
  StoreLe<u32>(&file[20], 0);
  StoreLe<u32>(&file[24], 0);
  ASSERT_TRUE(Load(file).ok());
  EXPECT_EQ(Word(kLoad + 32), 0xf4909090u);
}

TEST_F(Bare, ElfIsLoadedAtItsOwnAddresses) {
  ASSERT_TRUE(Load(Elf({0x40, 0xf4}, 0x200000, 0x1000)).ok());
  EXPECT_EQ(state().eip, 0x200000u);
  EXPECT_EQ(machine_->Run(kMany), BareEnd::kHalted);
  EXPECT_EQ(state().regs[kEax], kMultibootLoaderMagic + 1);
}

TEST_F(Bare, FlatBytesGoWhereTheyAreSentAndStartWhereTold) {
  ASSERT_TRUE(Load({0xf4, 0x43, 0xf4}, 0x7c00, 0x7c01).ok());
  EXPECT_EQ(machine_->Run(kMany), BareEnd::kHalted);
  EXPECT_EQ(state().eip, 0x7c03u);
}

TEST_F(Bare, ProgramsAtTheInformationPageMoveIt) {
  ASSERT_TRUE(Load({0xf4}, 0x9f800).ok());
  EXPECT_GE(state().regs[kEbx], (16u << 20) - kPageSize);
  EXPECT_EQ(machine_->Run(kMany), BareEnd::kHalted);
}

struct Ugly {
  const char* why;
  std::vector<u8> file;
  const char* says;
};

TEST_F(Bare, UglyFilesAreRefusedByName) {
  const std::vector<u8> good = WithLoadFields({0xf4});
  const auto with = [&good](u32 offset, u32 value) {
    std::vector<u8> file = good;
    StoreLe<u32>(&file[offset], value);
    return file;
  };
  std::vector<u8> demands = with(4, 0x00010013);
  StoreLe<u32>(&demands[8], 0u - kMultibootMagic - 0x00010013);
  std::vector<u8> no_fields = with(4, 0x00000003);
  StoreLe<u32>(&no_fields[8], 0u - kMultibootMagic - 3);
  const std::vector<u8> cut(good.begin(), good.begin() + 16);
  const std::vector<Ugly> uglies = {
      {"empty", {}, "is empty"},
      {"text", {'#', '!', '/', 'b', 'i', 'n'}, "--load ADDR"},
      {"checksum", with(8, 1), "--load ADDR"},
      {"unknown feature", demands, "demands features 0x0010"},
      {"no load fields, no ELF", no_fields, "no load fields"},
      {"cut", cut, "cut short"},
      {"load after header", with(16, kLoad + 4), "before the start of the file"},
      {"header too far", with(12, kLoad + 0x100), "before the start of the file"},
      {"end past the file", with(20, kLoad + 0x1000), "load_end_addr"},
      {"end before the start", with(20, kLoad - 1), "load_end_addr"},
      {"bss before the end", with(24, kLoad + 1), "bss_end_addr"},
      {"past memory", with(24, 0xf0000000), "past the end of memory"},
      {"ELF cut", {0x7f, 'E', 'L', 'F', 1, 1, 1}, "cut short"},
  };
  for (const Ugly& ugly : uglies) {
    const Status status = Load(ugly.file);
    ASSERT_FALSE(status.ok()) << ugly.why;
    EXPECT_NE(MessageOf(status).find(ugly.says), std::string::npos) << ugly.why << status;
    EXPECT_EQ(MessageOf(status).find("image: "), 0u) << ugly.why;
  }
}

TEST_F(Bare, FlatBytesPastFourGigabytesAreRefused) {
  EXPECT_EQ(Load({1, 2, 3, 4}, 0xfffffffe).code(), StatusCode::kOutOfRange);
}

// -- the start state
// --------------------------------------------------------------------------

TEST_F(Bare, StartsAsMultibootSays) {
  ASSERT_TRUE(Load({0xf4}, kLoad).ok());
  EXPECT_EQ(state().regs[kEax], kMultibootLoaderMagic);
  EXPECT_EQ(state().cr0, kCr0Pe | kCr0Et);
  EXPECT_EQ(state().cpl, 0);
  EXPECT_EQ(machine_->cpu().Eflags(), 2u);
  for (const Segment& segment : state().seg) {
    EXPECT_TRUE(segment.IsFlat());
    EXPECT_NE(segment.attr & kAttrDb, 0);
  }
}

// Every selector of the start state can be loaded again.
TEST_F(Bare, TheDescriptorsBehindTheSelectorsAreThere) {
  const BareEnd end = RunFlat({0x8c, 0xd8,              // mov %ds, %eax
                               0x8e, 0xc0,              // mov %eax, %es
                               0xbc, 0, 0, 0x20, 0,     // mov $0x200000, %esp
                               0x0e,                    // push %cs
                               0x68, 0x11, 0, 0x10, 0,  // push $0x100011
                               0xcb, 0x90,              // lret; never executed
                               0xf4});
  EXPECT_EQ(end, BareEnd::kHalted);
}

TEST_F(Bare, TheInformationDescribesMemory) {
  ASSERT_TRUE(Load({0xf4}, kLoad).ok());
  const u32 info = state().regs[kEbx];
  const u32 flags = Word(info);
  EXPECT_EQ(flags & 0x245, 0x245u);
  EXPECT_EQ(Word(info + 4), 636u);
  EXPECT_EQ(Word(info + 8), 15u * 1024);
  EXPECT_EQ(Text(Word(info + 16)), "image");
  EXPECT_EQ(Text(Word(info + 64)), "lgx");
  u64 available = 0, next = 0;
  const u32 map = Word(info + 48);
  for (u32 at = map; at < map + Word(info + 44); at += Word(at) + 4) {
    const u64 start = machine_->memory().Load<u64>(Mpa(at + 4));
    const u64 length = machine_->memory().Load<u64>(Mpa(at + 12));
    EXPECT_EQ(start, next);
    next = start + length;
    if (Word(at + 20) == 1) {
      available += length;
      EXPECT_TRUE(info < start || info >= next) << "the information is not free memory";
    }
  }
  EXPECT_EQ(next, u64{16} << 20);
  EXPECT_EQ(available, (u64{15} << 20) + 0x9f000);
}

// -- the ways a run ends
// ----------------------------------------------------------------------

TEST_F(Bare, HaltWithInterruptsOnIsAsleep) {
  EXPECT_EQ(RunFlat({0xfb, 0xf4}), BareEnd::kAsleep);
}

TEST_F(Bare, DebugExitWorksWithEightAndThirtyTwoBits) {
  EXPECT_EQ(RunFlat({0xb0, 0x10, 0xe6, 0xf4, 0xeb, 0xfe}), BareEnd::kDebugExit);
  EXPECT_EQ(machine_->debug_exit_status(), 33);
  machine_.reset();
  EXPECT_EQ(RunFlat({0xb8, 3, 0, 0, 0, 0xe7, 0xf4, 0xeb, 0xfe}), BareEnd::kDebugExit);
  EXPECT_EQ(machine_->debug_exit_status(), 7);
}

TEST_F(Bare, AFaultWithoutTablesIsATripleFault) {
  EXPECT_EQ(RunFlat({0x0f, 0x0b}), BareEnd::kTripleFault);
  EXPECT_EQ(machine_->cpu().retired(), 0u);
}

TEST_F(Bare, TheLimitIsExact) {
  ASSERT_TRUE(Load({0xeb, 0xfe}, kLoad).ok());
  EXPECT_EQ(machine_->Run(12345), BareEnd::kLimit);
  EXPECT_EQ(machine_->cpu().retired(), 12345u);
}

// -- ports and counters
// -----------------------------------------------------------------------

TEST_F(Bare, TextGoesToItsPort) {
  EXPECT_EQ(RunFlat({0xb0, 'h', 0xe6, 0xe9,                    // debug console
                     0x66, 0xba, 0xf8, 0x03,                   // mov $0x3f8, %dx
                     0xb0, 's', 0xee,                          // serial
                     0x66, 0xba, 0x90, 0x01, 0xb0, 'p', 0xee,  // POST
                     0xf4}),
            BareEnd::kHalted);
  EXPECT_EQ(debugcon_.text, "h");
  EXPECT_EQ(serial_.text, "s");
  EXPECT_EQ(post_.text, "p");
  EXPECT_EQ(machine_->last_post(), 'p');
}

TEST_F(Bare, TimeStampCountsRetiredInstructionsAndIterations) {
  EXPECT_EQ(RunFlat({0x0f, 0x31,           // rdtsc: 0 before it
                     0x89, 0xc3,           // mov %eax, %ebx
                     0xb9, 5, 0, 0, 0,     // mov $5, %ecx
                     0xbf, 0, 0, 0x20, 0,  // mov $0x200000, %edi
                     0xf3, 0xaa,           // rep stosb: 5
                     0x0f, 0x31, 0xf4}),
            BareEnd::kHalted);
  EXPECT_EQ(state().regs[kEbx], 0u);
  EXPECT_EQ(state().regs[kEax], 9u);
  EXPECT_EQ(machine_->cpu().retired(), 11u);
}

TEST_F(Bare, CountersHaveTheirPublicNames) {
  EXPECT_EQ(RunFlat({0x40, 0xf4}), BareEnd::kHalted);
  Stats stats;
  machine_->VisitStats(stats);
  EXPECT_EQ(stats.Get("cpu.instructions"), 2u);
  for (const char* name : {"cpu.blocks.hit", "mmu.tlb.miss", "mmu.walk.count"}) {
    EXPECT_TRUE(stats.counters().contains(name)) << name;
  }
}

// -- ROM
// --------------------------------------------------------------------------------------

TEST_F(Bare, ARomStartsAtTheResetVector) {
  Make();
  // Its last 16 bytes: a halt at the vector.
  std::vector<u8> rom(0x10000, 0x90);
  rom[0xfff0] = 0xf4;
  ASSERT_TRUE(machine_->LoadRom(rom, "rom").ok());
  const Segment& cs = state().seg[static_cast<u8>(Seg::kCs)];
  EXPECT_EQ(cs.selector, 0xf000);
  EXPECT_EQ(cs.base, 0xffff0000u);
  EXPECT_EQ(state().eip, 0xfff0u);
  EXPECT_EQ(state().cr0 & kCr0Pe, 0u);
  EXPECT_EQ(machine_->memory().Load<u8>(Mpa(0xfffffff0)), 0xf4);
  EXPECT_EQ(machine_->memory().Load<u8>(Mpa(0xffff0)), 0xf4);
  EXPECT_EQ(machine_->Run(kMany), BareEnd::kHalted);
  EXPECT_EQ(state().eip, 0xfff1u);
}

TEST_F(Bare, APartOfAPageIsFilledUpAtTheFront) {
  Make();
  std::vector<u8> rom(16, 0x90);
  rom[0] = 0xf4;
  ASSERT_TRUE(machine_->LoadRom(rom, "rom").ok());
  EXPECT_EQ(machine_->memory().Load<u8>(Mpa(0xfffffff0)), 0xf4);
  EXPECT_EQ(machine_->memory().Load<u8>(Mpa(0xffffffef)), 0xff);
  EXPECT_EQ(machine_->memory().Load<u8>(Mpa(0xfffff000)), 0xff);
}

TEST_F(Bare, RomsOfNoSizeOrTooMuchAreRefused) {
  Make();
  EXPECT_FALSE(machine_->LoadRom({}, "rom").ok());
  EXPECT_FALSE(machine_->LoadRom(std::vector<u8>((16u << 20) + 1), "rom").ok());
}

}  // namespace
}  // namespace lgx
