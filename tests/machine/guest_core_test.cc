#include "machine/guest_core.h"

#include <gtest/gtest.h>

#include "base/endian.h"
#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

using test::TinyGuest;

std::string CoreOf(const Guest& guest) {
  std::string bytes;
  WriteGuestCore(guest, [&](std::string_view more) { bytes += more; });
  return bytes;
}

u32 Word(const std::string& bytes, u64 at) {
  return LoadLe<u32>(reinterpret_cast<const u8*>(bytes.data()) + at);
}

// Field `n` of program header `index` (ELF32: type, offset, vaddr, paddr, filesz, memsz).
u32 Field(const std::string& bytes, u32 index, u32 n) {
  return Word(bytes, 52 + 32 * index + 4 * n);
}

TEST(GuestCore, HoldsRegistersAndMemory) {
  TinyGuest guest;
  guest.text.Mov(kEbx, Imm{0x1234abcd});
  guest.text.Put(test::ResultAt(3), 0x600df00d);
  guest.text.Hlt();
  guest.Run();
  const Guest& dead = guest.machine().guest();
  const std::string core = CoreOf(dead);
  EXPECT_EQ(core.substr(0, 7),
            "\x7f"
            "ELF\1\1\1");
  EXPECT_EQ(Word(core, 16), 0x00030004u) << "a core, i386";
  EXPECT_EQ(Word(core, 44) & 0xffff, 2u) << "two program headers";

  EXPECT_EQ(Field(core, 0, 0), 4u) << "a note";
  const u32 note = Field(core, 0, 1);
  EXPECT_EQ(Word(core, note + 4), 144u);
  EXPECT_EQ(core.substr(note + 12, 4), "CORE");
  const u32 regs = note + 20 + 72;
  EXPECT_EQ(Word(core, regs), 0x1234abcdu) << "ebx comes first";
  EXPECT_EQ(Word(core, regs + 4 * 12), dead.cpu.regs.eip());
  EXPECT_EQ(Word(core, regs + 4 * 16), dead.cpu.regs.ss());
  EXPECT_EQ(Field(core, 0, 4), 20u + 144u);

  EXPECT_EQ(Field(core, 1, 0), 1u) << "memory";
  const u32 memory = Field(core, 1, 1);
  EXPECT_EQ(memory % kPageSize, 0u);
  EXPECT_EQ(Field(core, 1, 3), 0u);
  EXPECT_EQ(Field(core, 1, 4), dead.memory.size());
  EXPECT_EQ(core.size(), memory + dead.memory.size());
  EXPECT_EQ(Word(core, memory + test::ResultAt(3)), 0x600df00du);
}

// Of a Guest whose kernel says that it sees memory from `address` on.
std::string CoreAt(u32 address, u64* size) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.Put(test::kTinyData + kAbiR.data.kernel_address, address);
  guest.text.Crash();
  guest.Run();
  *size = guest.machine().guest().memory.size();
  return CoreOf(guest.machine().guest());
}

TEST(GuestCore, MemoryStandsWhereTheKernelSeesIt) {
  u64 size = 0;
  const std::string core = CoreAt(0xc0000000, &size);
  EXPECT_EQ(Word(core, 44) & 0xffff, 2u);
  EXPECT_EQ(Field(core, 1, 2), 0xc0000000u);
  EXPECT_EQ(Field(core, 1, 4), size);
}

TEST(GuestCore, MemoryWithoutRoomThereHasAHeaderOfItsOwn) {
  u64 size = 0;
  const std::string core = CoreAt(0xfffff000, &size);
  EXPECT_EQ(Word(core, 44) & 0xffff, 3u);
  EXPECT_EQ(Field(core, 1, 4), kPageSize);
  EXPECT_EQ(Field(core, 2, 1), Field(core, 1, 1) + kPageSize);
  EXPECT_EQ(Field(core, 2, 2), kPageSize);
  EXPECT_EQ(Field(core, 2, 3), kPageSize);
  EXPECT_EQ(Field(core, 2, 4), size - kPageSize);
  EXPECT_EQ(core.size(), Field(core, 2, 1) + size - kPageSize);
}

}  // namespace
}  // namespace lgx
