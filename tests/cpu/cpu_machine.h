// A processor with memory, descriptor tables and a TSS, ready to run a few instructions
// in any ring: what the tests of cpu/ stand on.
#ifndef LGX_TESTS_CPU_CPU_MACHINE_H_
#define LGX_TESTS_CPU_CPU_MACHINE_H_

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "cpu/cpu.h"

namespace lgx {

// Machine code under construction. Only what tests use often has a name.
class Code {
 public:
  explicit Code(u32 at) : at_(at) {}

  Code& Bytes(std::initializer_list<u32> bytes) {
    for (const u32 b : bytes) bytes_.push_back(static_cast<u8>(b));
    return *this;
  }
  Code& Long(u32 value) {
    return Bytes({value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >> 24});
  }
  Code& Nop(u32 count = 1) {
    for (u32 i = 0; i < count; ++i) Bytes({0x90});
    return *this;
  }
  Code& Inc(Reg reg) { return Bytes({0x40u + reg}); }
  Code& Dec(Reg reg) { return Bytes({0x48u + reg}); }
  Code& MovImm(Reg reg, u32 value) { return Bytes({0xb8u + reg}).Long(value); }
  // MOV byte [at], value
  Code& StoreByte(u32 at, u8 value) {
    return Bytes({0xc6, 0x05}).Long(at).Bytes({value});
  }
  // MOV dword [at], value
  Code& StoreLong(u32 at, u32 value) { return Bytes({0xc7, 0x05}).Long(at).Long(value); }
  // MOV [at], EAX and MOV EAX, [at]
  Code& StoreEax(u32 at) { return Bytes({0xa3}).Long(at); }
  Code& LoadEax(u32 at) { return Bytes({0xa1}).Long(at); }
  Code& Jmp(u32 target) { return Bytes({0xe9}).Long(target - Here() - 4); }
  Code& Call(u32 target) { return Bytes({0xe8}).Long(target - Here() - 4); }
  Code& Jnz(u32 target) { return Bytes({0x75, target - Here() - 2}); }
  Code& Int(u8 vector) { return Bytes({0xcd, vector}); }
  Code& Iret() { return Bytes({0xcf}); }
  Code& Ret() { return Bytes({0xc3}); }
  Code& Hlt() { return Bytes({0xf4}); }

  u32 Here() const { return at_ + static_cast<u32>(bytes_.size()); }
  u32 at() const { return at_; }
  const std::vector<u8>& bytes() const { return bytes_; }

 private:
  u32 at_;
  std::vector<u8> bytes_;
};

class CpuMachine {
 public:
  static constexpr u32 kMemory = 4 << 20;
  static constexpr u32 kGdt = 0x1000;
  static constexpr u32 kIdt = 0x2000;
  static constexpr u32 kTss = 0x3000;
  static constexpr u32 kHandlers = 0x4000;  // handler n: HLT at + 16 n
  static constexpr u32 kStack0 = 0x8000;    // tops of the stacks of rings 0, 1 and 3
  static constexpr u32 kStack1 = 0x9000;
  static constexpr u32 kStack3 = 0xa000;
  static constexpr u32 kCode = 0x10000;
  static constexpr u32 kData = 0x20000;
  static constexpr u32 kTables = 0x80000;  // page tables

  static constexpr u16 kCode0 = 0x08, kData0 = 0x10;
  static constexpr u16 kCode1 = 0x19, kData1 = 0x21;
  static constexpr u16 kCode3 = 0x2b, kData3 = 0x33;
  static constexpr u16 kTssSelector = 0x38;
  static constexpr u16 kFree = 0x40;  // the first of some selectors for a test's own use

  explicit CpuMachine(Binding binding);

  // Segments of ring 0, 1 or 3, its stack, CS:EIP at kCode.
  void EnterRing(u32 ring);
  void Put(const Code& code);
  // Puts `code`, which starts at kCode, and makes EIP point there.
  void Start(const Code& code);
  void SetDescriptor(u16 selector, u32 base, u32 limit, u16 attr);
  // An interrupt gate (or a trap gate) to kHandlers + 16 * vector.
  void SetGate(u8 vector, u16 selector, u32 dpl, bool trap = false);
  // Maps the first 4 MiB to themselves, for user and writing.
  void EnablePaging(bool pae);
  Mpa PteOf(u32 lin) const;
  void SetPte(u32 lin, u64 value);

  // Executes `count` instructions more.
  StopReason Run(u64 count) { return cpu.Run(cpu.retired() + count); }

  u32& eax() { return cpu.Gpr(kEax); }
  u32& esp() { return cpu.Gpr(kEsp); }
  u32& eip() { return cpu.state.eip; }
  u32 Long(u32 at) const { return memory->Load<u32>(Mpa(at)); }
  u8 Byte(u32 at) const { return memory->Load<u8>(Mpa(at)); }
  void PutLong(u32 at, u32 value) { memory->Store<u32>(Mpa(at), value); }
  u16 Selector(Seg seg) { return cpu.segment(seg).selector; }

  std::unique_ptr<PhysMemory> memory;
  Cpu cpu;

 private:
  bool pae_ = false;
};

std::string BindingName(const ::testing::TestParamInfo<Binding>& info);
std::vector<Binding> AllBindings();

// A test that runs under every binding of the build.
class CpuTest : public ::testing::TestWithParam<Binding> {
 protected:
  CpuMachine m{GetParam()};
};

// In each file with a fixture of its own that derives from CpuTest.
#define LGX_FOR_ALL_BINDINGS(Fixture)                                             \
  INSTANTIATE_TEST_SUITE_P(Bindings, Fixture, ::testing::ValuesIn(AllBindings()), \
                           BindingName)

// Everything that two runs which should be the same may not differ in, as text. A test
// that fails shows the line.
std::string Describe(const Cpu& cpu);
// One number for all of memory.
u64 HashMemory(const PhysMemory& memory);

}  // namespace lgx

#endif  // LGX_TESTS_CPU_CPU_MACHINE_H_
