#include "machine/config.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

TEST(ConfigValues, Sizes) {
  EXPECT_EQ(*ParseSize("64"), 64 * kMiB);
  EXPECT_EQ(*ParseSize("64M"), 64 * kMiB);
  EXPECT_EQ(*ParseSize("1G"), 1024 * kMiB);
  EXPECT_EQ(*ParseSize("65536K"), 64 * kMiB);
  EXPECT_EQ(*ParseSize("1.5G"), 1536 * kMiB);
  EXPECT_EQ(*ParseSize("0"), 0u);
  for (const char* bad : {"", "-5", "foo", "64X", "M", "64MM", "1.", ".5M", "0x40", " 64",
                          "99999999999999999999", "99999999999999G"}) {
    const Status status = ParseSize(bad).status();
    EXPECT_EQ(status.code(), StatusCode::kOutOfRange) << bad;
    EXPECT_NE(MessageOf(status).find(std::string("\"") + bad + "\""), std::string::npos);
  }
}

TEST(ConfigValues, Durations) {
  EXPECT_EQ(*ParseDuration("1.5s"), 1'500'000'000u);
  EXPECT_EQ(*ParseDuration("10m"), 600'000'000'000u);
  EXPECT_EQ(*ParseDuration("250ms"), 250'000'000u);
  EXPECT_EQ(*ParseDuration("2h"), 7'200'000'000'000u);
  EXPECT_EQ(*ParseDuration("3"), 3'000'000'000u);
  EXPECT_EQ(*ParseDuration("7ns"), 7u);
  EXPECT_FALSE(ParseDuration("7x").ok());
  EXPECT_FALSE(ParseDuration("1.5ns").ok());
}

TEST(ConfigValues, NumbersAndCounts) {
  EXPECT_EQ(*ParseCount("100M"), 100'000'000u);
  EXPECT_EQ(*ParseCount("1.5K"), 1500u);
  EXPECT_EQ(*ParseNumber("0x1000"), 4096u);
  EXPECT_EQ(*ParseNumber("4096"), 4096u);
  for (const char* bad : {"", "0x", "12z", "-1", "0x1ffffffffffffffff"}) {
    EXPECT_FALSE(ParseNumber(bad).ok()) << bad;
  }
}

TEST(ConfigValues, Times) {
  EXPECT_EQ(*ParseTime("2009-07-01T00:00:00Z"), 1246406400);
  EXPECT_EQ(*ParseTime("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(*ParseTime("2000-02-29T12:34:56Z"), 951827696);
  EXPECT_EQ(*ParseTime("2038-01-19T03:14:08Z"), 2147483648);
  EXPECT_EQ(*ParseTime("1246406400"), 1246406400);
  for (const char* bad :
       {"", "2009-07-01", "2009-02-29T00:00:00Z", "2009-13-01T00:00:00Z",
        "2009-07-01T24:00:00Z", "1969-12-31T23:59:59Z", "2106-01-01T00:00:00Z",
        "2009-07-01T00:00:00", "5000000000"}) {
    EXPECT_FALSE(ParseTime(bad).ok()) << bad;
  }
  for (const i64 time : {i64{0}, i64{951827696}, i64{1246406400}, i64{4294967295}}) {
    const StatusOr<i64> parsed = ParseTime(FormatTime(time));
    // 2106 and later can be shown but not asked for.
    EXPECT_EQ(parsed.value_or(time), time) << FormatTime(time);
  }
}

TEST(ConfigValues, Addresses) {
  EXPECT_EQ(FormatMac(*ParseMac("52:54:00:12:34:56")), "52:54:00:12:34:56");
  EXPECT_EQ(FormatMac(*ParseMac("fe:FF:00:0a:0B:0c")), "fe:ff:00:0a:0b:0c");
  for (const char* bad : {"", "52:54:00:12:34", "52:54:00:12:34:5", "52:54:00:12:34:567",
                          "5:254:00:12:34:56", "52-54-00-12-34-56", "53:54:00:12:34:56",
                          "52:54:00:12:34:zz"}) {
    EXPECT_FALSE(ParseMac(bad).ok()) << bad;
  }
  EXPECT_EQ(*ParseIpv4("192.168.19.1"), 0xc0a81301u);
  EXPECT_EQ(FormatIpv4(0xc0a81301u), "192.168.19.1");
  for (const char* bad :
       {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1..2.3", "a.b.c.d", "1.2.3.4 ",
        "1.2.3.0004", "-1.2.3.4", "1.2.3.", "999999999999.1.1.1"}) {
    EXPECT_FALSE(ParseIpv4(bad).ok()) << bad;
  }
}

TEST(ConfigValues, TextThatCannotBeTyped) {
  EXPECT_EQ(*Unescape("a\\n\\r\\t\\\\\\,\\x03\\\"\\e"), "a\n\r\t\\,\x03\"\x1b");
  std::string all;
  for (int i = 0; i < 256; i++) all += static_cast<char>(i);
  EXPECT_EQ(*Unescape(Escape(all)), all);
  for (const char* bad : {"\\", "\\q", "\\x", "\\x1", "\\xzz", "a\\"}) {
    EXPECT_FALSE(Unescape(bad).ok()) << bad;
  }
}

TEST(ConfigLists, ExpectRules) {
  MachineConfig c;
  ASSERT_TRUE(AddExpect("login: ?$,send=root, of all\\n,exit=3", &c).ok());
  ASSERT_TRUE(AddExpect("a,b,exit=0,send=x", &c).ok());
  ASSERT_TRUE(AddExpect("just this", &c).ok());
  ASSERT_EQ(c.expect.size(), 3u);
  EXPECT_EQ(c.expect[0].match, "login: ?$");
  EXPECT_EQ(c.expect[0].send, "root, of all\n");
  EXPECT_EQ(c.expect[0].exit, 3);
  EXPECT_EQ(c.expect[1].match, "a,b");
  EXPECT_EQ(c.expect[1].send, "x");
  EXPECT_EQ(c.expect[1].exit, 0);
  EXPECT_FALSE(c.expect[2].exit.has_value());
  EXPECT_FALSE(AddExpect("x,exit=256", &c).ok());
  EXPECT_FALSE(AddExpect("x,send=\\q", &c).ok());
  EXPECT_EQ(c.expect.size(), 3u);
}

TEST(ConfigLists, DevicesOfTheOptionsComeFirstAndTheOthersFollow) {
  using Kind = MachineConfig::DeviceKind;
  MachineConfig c;
  c.block.resize(2);
  c.net.resize(1);
  c.rng.present = true;
  c.order = {{Kind::kBlock, 1}, {Kind::kBlock, 1}, {Kind::kNet, 7}};
  EXPECT_EQ(DeviceOrder(c),
            (std::vector<MachineConfig::DeviceRef>{
                {Kind::kBlock, 1}, {Kind::kBlock, 0}, {Kind::kNet, 0}, {Kind::kRng, 0}}));
}

TEST(ConfigLists, WhatCannotBeTogetherNamesThePath) {
  struct Case {
    Status (*add)(std::string_view, MachineConfig*);
    const char* text;
    const char* says;
  };
  for (const Case& c : {
           Case{AddBlock, "a,overlay=a", "devices.block[0].overlay: "},
           Case{AddBlock, "a,overlay=b,snapshot", "devices.block[0].snapshot: "},
           Case{AddBlock, "a,ro,snapshot", "devices.block[0].ro: "},
           Case{AddNet, "virtual", "devices.net[0].group: "},
           Case{AddNet, "none,fwd=tcp:1:2", "devices.net[0].forward: "},
           Case{AddExpect, ",send=x", "expect[0].match: "},
       }) {
    MachineConfig config;
    ASSERT_TRUE(c.add(c.text, &config).ok()) << c.text;
    EXPECT_EQ(MessageOf(CheckConfig(config)).rfind(c.says, 0), 0u) << CheckConfig(config);
  }
  EXPECT_TRUE(CheckConfig(MachineConfig()).ok());
}

TEST(ConfigLists, ElementsAreAddedOneBehindTheLast) {
  MachineConfig c;
  EXPECT_FALSE(SetConfigValue("devices.block[1].path", "b", &c).ok());
  EXPECT_FALSE(SetConfigValue("devices.block[0].sync", "often", &c).ok());
  EXPECT_TRUE(c.block.empty());
  EXPECT_TRUE(SetConfigValue("devices.block[0].path", "a", &c).ok());
  EXPECT_TRUE(SetConfigValue("devices.block[1].path", "b", &c).ok());
  EXPECT_TRUE(SetConfigValue("devices.block[0].ro", "on", &c).ok());
  EXPECT_EQ(c.block.size(), 2u);
  for (const char* path :
       {"devices.block[].path", "devices.block[x].path", "devices.block[0]",
        "devices.block[99999].path", "devices.block[0].pat"}) {
    EXPECT_FALSE(SetConfigValue(path, "z", &c).ok()) << path;
  }
  EXPECT_NE(MessageOf(SetConfigValue("devices.block[0].pat", "z", &c))
                .find("did you mean \"devices.block[0].path\"?"),
            std::string::npos);
}

TEST(Config, DefaultsAreThoseOfTheManual) {
  const MachineConfig config;
  EXPECT_EQ(config.memory, 64 * kMiB);
  EXPECT_EQ(FormatTime(config.clock.epoch), "2009-07-01T00:00:00Z");
  EXPECT_EQ(config.clock.instructions_per_second, 100'000'000u);
  EXPECT_EQ(config.limits.max_idle_ns, 600'000'000'000u);
  EXPECT_EQ(config.guest.shadow_slots, 4u);
  EXPECT_EQ(config.host.timer_hz, 1000u);
}

// What DescribeConfig prints can be set again and gives the same.
TEST(Config, EveryPathTakesWhatItPrints) {
  MachineConfig config;
  for (const auto& [path, value] : std::vector<std::pair<std::string, std::string>>{
           {"memory", "512M"},
           {"cpu.model", "pentium-iii"},
           {"cpu.pae", "on"},
           {"guest.abi", "F"},
           {"guest.shadow_replacement", "lru"},
           {"guest.set_pmd", "drop-one"},
           {"guest.prefill", "16"},
           {"guest.quirks.Q1", "mended"},
           {"kernel.alignment", "0x0"},
           {"clock.epoch", "2020-01-01T00:00:00Z"},
           {"limits.instructions", "1G"},
           {"limits.timeout", "90s"},
           {"devices.console.backend", "file=out.txt"},
           {"clock.realtime", "off"},
           {"on_panic", "reboot"},
           {"devices.block[0].path", "root.img"},
           {"devices.block[0].sync", "always"},
           {"devices.net[0].backend", "user"},
           {"devices.net[0].forward", "tcp:2222:22 udp:1.2.3.4:53:53"},
           {"devices.net[1].mac", "52:54:00:12:34:56"},
           {"devices.net[1].address", "10.0.0.1"},
           {"expect[0].match", "login: "},
           {"expect[0].send", "root\\n"},
           {"expect[0].exit", "3"},
           {"kernel.cmdline", "a b"}}) {
    ASSERT_TRUE(SetConfigValue(path, value, &config).ok()) << path;
  }
  MachineConfig copy;
  for (const std::string& line : DescribeConfig(config)) {
    const size_t equals = line.find(" = ");
    const Status status =
        SetConfigValue(line.substr(0, equals), line.substr(equals + 3), &copy);
    EXPECT_TRUE(status.ok()) << line << ": " << status;
  }
  EXPECT_EQ(DescribeConfig(copy), DescribeConfig(config));
  EXPECT_EQ(DescribeConfig(config).size(), ConfigPaths(config).size());
}

TEST(Config, BadValuesNameThePathAndTheValue) {
  MachineConfig config;
  for (const auto& [path, value] : std::vector<std::pair<std::string, std::string>>{
           {"memory", "4096"},
           {"memory", "0"},
           {"memory", "1"},
           {"cpu.model", "i486"},
           {"cpu.pae", "maybe"},
           {"guest.abi", "Z"},
           {"guest.shadow_slots", "0"},
           {"guest.shadow_replacement", "fifo"},
           {"guest.set_pmd", "drop"},
           {"guest.prefill", "17"},
           {"guest.quirks.Q1", "on"},
           {"host.timer_hz", "0"},
           {"clock.mode", "fast"},
           {"on_panic", "debug"},
           {"devices.console.backend", "file="},
           {"kernel.alignment", "0x100000000"}}) {
    const Status status = SetConfigValue(path, value, &config);
    EXPECT_EQ(status.code(), StatusCode::kOutOfRange) << path;
    EXPECT_EQ(MessageOf(status).rfind(path + ": ", 0), 0u) << status;
  }
}

TEST(Config, UnknownPathsGetASuggestion) {
  MachineConfig config;
  EXPECT_NE(MessageOf(SetConfigValue("guest.quirk.Q1", "mended", &config))
                .find("did you mean \"guest.quirks.Q1\"?"),
            std::string::npos);
  EXPECT_NE(MessageOf(SetConfigValue("zzz", "1", &config)).find("check --print"),
            std::string::npos);
}

TEST(DidYouMean, TellsNearWordsFromFarOnes) {
  EXPECT_EQ(DidYouMean("--memroy", {"--memory", "--initrd"}), "--memory");
  EXPECT_EQ(DidYouMean("--frobnicate", {"--memory", "--initrd"}), "");
  EXPECT_EQ(DidYouMean("", {"--memory"}), "");
}

}  // namespace
}  // namespace lgx
