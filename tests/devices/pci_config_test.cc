#include "devices/pci_config.h"

#include <gtest/gtest.h>

#include <array>

namespace lgx {
namespace {

TEST(PciConfig, IsZeroAndReadOnlyAtFirst) {
  PciConfig config;
  config.Write(0x10, 4, 0xffffffff);
  for (u32 i = 0; i < PciConfig::kSize; i += 4) EXPECT_EQ(config.Read(i, 4), 0u) << i;
}

TEST(PciConfig, AWriteChangesTheBitsThatMayBeWritten) {
  PciConfig config;
  config.Set(0x04, 4, 0x00101000);
  config.Allow(0x04, 2, 0x0406);
  config.Write(0x04, 4, 0xffffffff);
  EXPECT_EQ(config.Read(0x04, 4), 0x00101406u);
  config.Write(0x05, 1, 0);
  EXPECT_EQ(config.Read(0x04, 2), 0x1006u);
}

TEST(PciConfig, SizingABaseAddressFollowsFromItsMask) {
  PciConfig config;
  config.Set(pci::kBar0, 4, 0x04101000);
  config.Allow(pci::kBar0, 4, 0xfffff000);
  config.Write(pci::kBar0, 4, 0xffffffff);
  EXPECT_EQ(config.Read(pci::kBar0, 4), 0xfffff000u);
  config.Write(pci::kBar0, 4, 0x12345678);
  EXPECT_EQ(config.Read(pci::kBar0, 4), 0x12345000u);
}

TEST(PciConfig, AccessesOfEveryWidth) {
  PciConfig config;
  config.Set(0x2c, 4, 0x00401af4);
  EXPECT_EQ(config.Read(0x2c, 1), 0xf4u);
  EXPECT_EQ(config.Read(0x2d, 2), 0x401au);
  EXPECT_EQ(config.Read(0x2e, 2), 0x0040u);
  EXPECT_EQ(config.Read(0xff, 1), 0u);
}

TEST(PciConfig, CapabilitiesFormAListFromTheLastToTheFirst) {
  PciConfig config;
  const std::array<u8, 3> first = {3, 4, 5};
  const std::array<u8, 6> second = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(config.AddCapability(0x09, first), 0x40u);
  EXPECT_EQ(config.AddCapability(0x11, second), 0x48u);
  EXPECT_EQ(config.Read(pci::kCapabilities, 1), 0x48u);
  EXPECT_EQ(config.Read(0x48, 4), 0x02014011u);
  EXPECT_EQ(config.Read(0x40, 4), 0x04030009u);
}

}  // namespace
}  // namespace lgx
