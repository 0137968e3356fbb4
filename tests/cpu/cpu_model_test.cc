#include "cpu/cpu_model.h"

#include <gtest/gtest.h>

#include "cpu/cpuid.h"
#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

// The default is what guests have always seen here: their kernels expect no more.
TEST(CpuModel, TheDefaultReportsWhatItAlwaysDid) {
  const CpuModel& model = DefaultCpuModel();
  EXPECT_EQ(model.name, "p6");
  EXPECT_EQ(Cpuid(model, 0, 0).eax, 2u);
  EXPECT_EQ(Cpuid(model, 1, 0).eax, 0x543u);
  EXPECT_EQ(Cpuid(model, 1, 0).edx, 0x0100a179u);
  EXPECT_EQ(Cpuid(model, 2, 0).eax, 1u);
  EXPECT_EQ(Cpuid(model, 0x80000000, 0).eax, 0x80000004u);
  EXPECT_EQ(Cpuid(model, 0x80000001, 0).edx, 1u << 20);
  EXPECT_EQ(model.Cr4Writable() & kCr4Osxmmexcpt, 0u);
}

TEST(CpuModel, VendorIsIntelInEveryModel) {
  for (const CpuModel& model : CpuModels()) {
    const CpuidResult r = Cpuid(model, 0, 0);
    EXPECT_EQ(r.ebx, 0x756e6547u) << model.name;
    EXPECT_EQ(r.edx, 0x49656e69u) << model.name;
    EXPECT_EQ(r.ecx, 0x6c65746eu) << model.name;
    EXPECT_EQ(Cpuid(model, 0x40000000, 0).eax, 0u) << model.name;
  }
}

// Signatures of Intel AP-485, and the features that came with each generation.
TEST(CpuModel, SignaturesAndFeaturesAreThoseOfTheirGeneration) {
  constexpr u32 kPaeBit = 1u << 6, kCmovBit = 1u << 15, kMmxBit = 1u << 23;
  constexpr u32 kClflushBit = 1u << 19, kFxsrBit = 1u << 24, kSseBit = 1u << 25;
  constexpr u32 kSse2Bit = 1u << 26;
  constexpr u32 kTwo = kPaeBit | kCmovBit | kMmxBit | kFxsrBit;
  constexpr u32 kLooked = kTwo | kSseBit | kSse2Bit | kClflushBit;
  const auto expect = [](const char* name, u32 signature, u32 features) {
    const CpuModel* const model = FindCpuModel(name);
    ASSERT_NE(model, nullptr) << name;
    EXPECT_EQ(Cpuid(*model, 1, 0).eax, signature) << name;
    EXPECT_EQ(Cpuid(*model, 1, 0).edx & kLooked, features) << name;
  };
  expect("pentium-mmx", 0x543, kMmxBit);
  expect("pentium-ii", 0x652, kTwo);
  expect("pentium-iii", 0x686, kTwo | kSseBit);
  expect("pentium-4", 0xf27, kLooked);
  expect("max", 0x543, kLooked);
  EXPECT_EQ(FindCpuModel("i486"), nullptr);
}

class ModelTest : public CpuTest {
 protected:
  // The vector that one instruction ends with; -1: it completes.
  int VectorOf(const char* model, std::initializer_list<u32> bytes) {
    CpuMachine machine(GetParam());
    machine.cpu.set_model(*FindCpuModel(model));
    machine.EnterRing(0);
    machine.cpu.state.cr4 = machine.cpu.model().Cr4Writable() & kCr4Osfxsr;
    machine.cpu.StateChanged();
    machine.cpu.set_stop_at_events(true);
    machine.Start(Code(CpuMachine::kCode).Bytes(bytes).Hlt());
    if (machine.Run(1) != StopReason::kEvent) return -1;
    return machine.cpu.last_event().fault.vector;
  }
};
LGX_FOR_ALL_BINDINGS(ModelTest);

TEST_P(ModelTest, WhatAModelLacksIsUndefined) {
  const struct {
    std::initializer_list<u32> bytes;
    const char* first;  // the first model of the row that has it
  } kCases[] = {
      {{0x0f, 0xfc, 0xc1}, "pentium-mmx"},            // PADDB mm
      {{0x0f, 0x44, 0xc1}, "pentium-ii"},             // CMOVE
      {{0xdb, 0xf1}, "pentium-ii"},                   // FCOMI
      {{0x0f, 0x1f, 0xc0}, "pentium-ii"},             // NOP r/m32
      {{0x0f, 0xe0, 0xc1}, "pentium-iii"},            // PAVGB mm
      {{0x0f, 0xae, 0xf8}, "pentium-iii"},            // SFENCE
      {{0x0f, 0x58, 0xc1}, "pentium-iii"},            // ADDPS
      {{0xf3, 0x0f, 0x10, 0xc1}, "pentium-iii"},      // MOVSS
      {{0x66, 0x0f, 0x58, 0xc1}, "pentium-4"},        // ADDPD
      {{0x0f, 0x5b, 0xc1}, "pentium-4"},              // CVTDQ2PS
      {{0x0f, 0xae, 0x3d, 0, 0, 2, 0}, "pentium-4"},  // CLFLUSH
      {{0x66, 0x0f, 0xfc, 0xc1}, "pentium-4"},        // PADDB xmm
      {{0x0f, 0xd4, 0xc1}, "pentium-4"},              // PADDQ mm
      {{0x0f, 0xae, 0xf0}, "pentium-4"},              // MFENCE
      {{0xdb, 0x0d, 0, 0, 2, 0}, "max"},              // FISTTP m32
  };
  const char* const kRow[] = {"pentium-mmx", "pentium-ii", "pentium-iii", "pentium-4",
                              "max"};
  for (const auto& c : kCases) {
    bool has = false;
    for (const char* model : kRow) {
      has |= std::string_view(model) == c.first;
      EXPECT_EQ(VectorOf(model, c.bytes), has ? -1 : kVectorUd)
          << model << ", first in " << c.first;
    }
  }
  EXPECT_EQ(VectorOf("p6", {0x0f, 0xfc, 0xc1}), kVectorUd);
  EXPECT_EQ(VectorOf("p6", {0x0f, 0x44, 0xc1}), -1);
}

TEST_P(ModelTest, BitsOfCr4ThatTheModelLacksAreReserved) {
  // MOV CR4, EAX with EAX = 0x20 (PAE): behind MOV EAX, imm.
  const auto run = [&](const char* model, u32 value) {
    CpuMachine machine(GetParam());
    machine.cpu.set_model(*FindCpuModel(model));
    machine.EnterRing(0);
    machine.cpu.set_stop_at_events(true);
    machine.Start(
        Code(CpuMachine::kCode).MovImm(kEax, value).Bytes({0x0f, 0x22, 0xe0}).Hlt());
    return machine.Run(2) == StopReason::kEvent;
  };
  EXPECT_TRUE(run("pentium-mmx", kCr4Pae));
  EXPECT_FALSE(run("pentium-ii", kCr4Pae));
  EXPECT_TRUE(run("pentium-ii", kCr4Osxmmexcpt));
  EXPECT_FALSE(run("pentium-iii", kCr4Osxmmexcpt));
}

}  // namespace
}  // namespace lgx
