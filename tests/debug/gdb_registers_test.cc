#include "debug/gdb_registers.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/endian.h"

namespace lgx {
namespace {

TEST(GdbRegisters, TheBlockHasTheLayoutOfTheDescription) {
  CpuState state;
  GdbGeneral general;
  for (u32 i = 0; i < 8; ++i) general.regs[i] = 0x1000 + i;
  general.eip = 0xc0100000;
  general.eflags = 0x202;
  for (u32 i = 0; i < 6; ++i) general.selectors[i] = 0x60 + i;
  state.cr3 = 0x5000;
  const std::string block = GdbRegisterBlock(general, state, 1);
  ASSERT_EQ(block.size(), GdbRegisterBytes());
  const auto word = [&block](u32 number) {
    return LoadLe<u32>(reinterpret_cast<const u8*>(block.data()) +
                       GdbRegisterTable()[number].offset);
  };
  EXPECT_EQ(word(3), 0x1003u);
  EXPECT_EQ(word(kGdbEip), 0xc0100000u);
  EXPECT_EQ(word(kGdbEflags), 0x202u);
  EXPECT_EQ(word(kGdbCs), 0x60u);
  EXPECT_EQ(word(kGdbCs + 5), 0x65u);
  EXPECT_EQ(word(kGdbSystem + 4), 0x5000u);  // CR3
  EXPECT_EQ(word(kGdbRegisters - 1), 1u);    // CPL
  EXPECT_EQ(GdbRegisterTable()[kGdbSt0].bytes, 10u);
  EXPECT_EQ(GdbRegisterTable()[kGdbXmm0].bytes, 16u);
}

TEST(GdbRegisters, FpuRegistersGoInAndComeOut) {
  CpuState state;
  u8 value[16];
  for (u32 i = 0; i < 16; ++i) value[i] = static_cast<u8>(i + 1);
  for (const u32 number : {kGdbSt0, kGdbSt0 + 7, kGdbXmm0, kGdbXmm0 + 7}) {
    const GdbRegister& reg = GdbRegisterTable()[number];
    ASSERT_TRUE(GdbSetFpuRegister(number, {value, reg.bytes}, &state.fpu)) << reg.name;
    const std::string block = GdbRegisterBlock({}, state, 0);
    EXPECT_EQ(block.substr(reg.offset, reg.bytes),
              std::string(reinterpret_cast<const char*>(value), reg.bytes))
        << reg.name;
  }
  EXPECT_FALSE(GdbSetFpuRegister(kGdbSt0, {value, 9}, &state.fpu));
  EXPECT_FALSE(GdbSetFpuRegister(kGdbEip, {value, 4}, &state.fpu));
  EXPECT_FALSE(GdbSetFpuRegister(kGdbRegisters, {value, 4}, &state.fpu));
  const u8 reserved[4] = {0, 0, 0, 0x80};
  EXPECT_FALSE(GdbSetFpuRegister(kGdbMxcsr, reserved, &state.fpu));
}

TEST(GdbRegisters, TheDescriptionNamesEveryRegisterOnce) {
  const std::string xml = GdbTargetDescription();
  for (u32 n = 0; n < kGdbRegisters; ++n) {
    const std::string name = "\"" + std::string(GdbRegisterTable()[n].name) + "\"";
    const std::string number = "regnum=\"" + std::to_string(n) + "\"";
    EXPECT_NE(xml.find("<reg name=" + name), std::string::npos) << name;
    EXPECT_NE(xml.find(number), std::string::npos) << number;
  }
  EXPECT_EQ(std::count(xml.begin(), xml.end(), '<'),
            std::count(xml.begin(), xml.end(), '>'));
}

}  // namespace
}  // namespace lgx
