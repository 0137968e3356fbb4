#include "machine/config_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "machine/config_table.h"

namespace lgx {
namespace {

Status Read(std::string_view text, MachineConfig* config,
            ConfigOrigins* origins = nullptr) {
  return ReadConfigText(text, "dir/m.json", config, origins);
}

std::string Error(std::string_view text) {
  MachineConfig config;
  const Status status = Read(text, &config);
  EXPECT_EQ(status.code(), StatusCode::kOutOfRange) << text << ": " << status;
  return MessageOf(status);
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ConfigFile, TheExampleOfTheSpecification) {
  MachineConfig c;
  const Status status = Read(R"({
  "$schema": "schema/machine.schema.json",
  "version": 1,
  // a comment
  "kernel":  { "path": "vmlinux", "initrd": "initrd.img", "cmdline": "root=/dev/vda ro" },
  "memory":  "64M",
  "cpu":     { "pae": "auto", "model": "pentium-mmx" },
  "guest":   { "abi": "auto", "shadow_slots": 4, "quirks": { "Q1": "reference" } },
  "devices": {
    "console": { "backend": "tty" },
    "block":   [ { "path": "root.img", "overlay": "root.ovl", "sync": "flush" } ],
    "net":     [ { "backend": "user", "forward": ["tcp:2222:22"] } ],
    "rng":     { "seed": 1 }
  },
  "clock":   { "mode": "det", "instructions_per_second": 100000000,
               "epoch": "2009-07-01T00:00:00Z" },
  "limits":  { "instructions": null, "virtual_time": "10m", "console_bytes": "64M" },
  "outputs": { "stats": "stats.json" /* and more */ },
  "expect":  [ { "match": "login:", "send": "root\n" },
               { "match": "# ", "send": "poweroff\n", "exit": 3 } ]
})",
                             &c);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(c.kernel.path, "dir/vmlinux");
  EXPECT_EQ(c.kernel.cmdline, "root=/dev/vda ro");
  EXPECT_EQ(c.cpu.model->name, std::string("pentium-mmx"));
  ASSERT_EQ(c.block.size(), 1u);
  EXPECT_EQ(c.block[0].overlay, "dir/root.ovl");
  ASSERT_EQ(c.net.size(), 1u);
  EXPECT_EQ(c.net[0].forward, std::vector<std::string>{"tcp:2222:22"});
  EXPECT_TRUE(c.rng.present);
  EXPECT_EQ(c.limits.virtual_ns, 600'000'000'000u);
  EXPECT_EQ(c.limits.console_bytes, 64 * kMiB);
  EXPECT_EQ(c.outputs.stats, "dir/stats.json");
  ASSERT_EQ(c.expect.size(), 2u);
  EXPECT_EQ(c.expect[1].send, "poweroff\n");
  EXPECT_EQ(c.expect[1].exit, 3);
}

TEST(ConfigFile, EveryValueCanBeWrittenAndIsReadBack) {
  // What DescribeConfig says of a machine with some of everything, as a file.
  MachineConfig c;
  for (const auto& [path, value] : std::vector<std::pair<std::string, std::string>>{
           {"memory", "48M"},
           {"limits.timeout", "5s"},
           {"guest.quirks.Q6", "mended"},
           {"devices.console.backend", "file=/out"},
           {"kernel.path", "/k"},
           {"clock.realtime", "on"},
           {"kernel.alignment", "0x400000"}}) {
    ASSERT_TRUE(SetConfigValue(path, value, &c).ok()) << path;
  }
  nlohmann::json json = nlohmann::json::object();
  for (const ValueSpec& value : ConfigValues()) {
    nlohmann::json* at = &json;
    for (const std::string& part : SplitAt('.', value.path)) at = &(*at)[part];
    *at = value.get(c);
    if (value.form == Form::kNumber) *at = std::stoull(value.get(c));
    if (value.form == Form::kSwitch) *at = value.get(c) == "on";
    if (value.may_be_none && value.get(c) == "none") *at = nullptr;
  }
  MachineConfig copy;
  const Status status = Read(json.dump(2), &copy);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(DescribeConfig(copy), DescribeConfig(c));
}

TEST(ConfigFile, ErrorsNameThePlaceTwice) {
  struct Case {
    const char* text;
    const char* says;
  };
  for (const Case& c : {
           Case{"{\n  \"memroy\": 1 }",
                "dir/m.json:2:3: memroy: unknown key; did you mean \"memory\"?"},
           Case{R"({"devices":{"blok":[]}})",
                "dir/m.json:1:13: devices.blok: unknown key; did you mean \"block\"?"},
           Case{R"({"kernel":{"xyzzyxyzzy":1}})", "known here are alignment cmdline"},
           Case{"{\"memory\": 64,\n \"memory\": 65}",
                "m.json:2:2: memory: this key stands"},
           Case{R"({"cpu":{},"cpu":{}})", "1:11: cpu: this key stands here twice"},
           Case{R"({"memory": "4"})", "m.json:1:12: memory: guest memory of"},
           Case{R"({"memory": 1.5})",
                "1:12: memory: expected an integer, or a text such "
                "as \"64M\", found a number with a point"},
           Case{R"({"memory": null})", "1:12: memory: expected an integer"},
           Case{R"({"memory": [64]})", "1:12: memory: did not expect a list"},
           Case{R"({"memory": {}})", "1:12: memory: did not expect an object"},
           Case{R"({"cpu": "p6"})", "1:9: cpu: expected an object { ... }, found a text"},
           Case{R"({"cpu": []})", "1:9: cpu: did not expect a list"},
           Case{R"({"cpu": {"pae": 1}})", "1:17: cpu.pae: expected one of auto|on|off"},
           Case{R"({"cpu": {"model": "i486"}})",
                "1:19: cpu.model: \"i486\" is not one of"},
           Case{R"({"guest": {"shadow_slots": -1}})", "1:28: guest.shadow_slots: \"-1\""},
           Case{R"({"guest": {"quirks": {"Q1": true}}})",
                "guest.quirks.Q1: expected one of"},
           Case{R"({"devices": {"block": {}}})",
                "1:23: devices.block: did not expect an"},
           Case{R"({"devices": {"block": "a"}})",
                "devices.block: expected a list [ ... ]"},
           Case{R"({"devices": {"block": [1]}})",
                "1:24: devices.block[0]: expected an obj"},
           Case{R"({"devices": {"block": [[]]}})",
                "1:24: devices.block[0]: did not expect"},
           Case{R"({"devices": {"block": [{"ro": true}]}})",
                "1:24: devices.block[0]: the key \"path\" is missing"},
           Case{R"({"devices": {"block": [{"path": "a"}, {"path": "b", "r0": 1}]}})",
                "devices.block[1].r0: unknown key; did you mean \"ro\"?"},
           Case{R"({"devices": {"block": [{"path": "a", "overlay": "a"}]}})",
                "1:49: devices.block[0].overlay: \"dir/a\" is the disk image itself"},
           Case{R"({"devices": {"net": [{"forward": ["tcp:1"]}]}})",
                "1:34: devices.net[0].forward: \"tcp:1\" is not"},
           Case{R"({"devices": {"net": [{"forward": [1]}]}})",
                "expected a text in quotes"},
           Case{R"({"devices": {"net": [{"forward": "tcp:1:2"}]}})",
                "1:34: devices.net[0].forward: expected a list of texts"},
           Case{R"({"expect": [{"match": "a("}]})", "1:23: expect[0].match: the pattern"},
           Case{R"({"expect": [{"match": "a", "exit": 256}]})", "1:36: expect[0].exit: "},
           Case{R"({"version": 2})", "1:13: version: this program reads version 1"},
           Case{R"({"version": "1"})", "1:13: version: "},
           Case{"", "dir/m.json:1:1: syntax error"},
           Case{"[]", "dir/m.json:1:1: did not expect a list"},
           Case{"7", "dir/m.json:1:1: a machine is an object"},
           Case{"{\n\n  \"memory\" 64 }", "dir/m.json:3:13: memory: syntax error"},
           Case{"{} x", "dir/m.json:1:4: "},
           Case{R"({"memory": 64,})", "dir/m.json:1:15: "},
           Case{"{\"kernel\": {\"path\": \"a\\u0000b\"}}",
                "1:21: kernel.path: a text cannot"},
           Case{"{\"\xff\": 1}", "dir/m.json:1:3: "},
           Case{R"({"a\"b\\": 1})", "dir/m.json:1:2: a\\\"b\\\\: unknown key"},
       }) {
    const std::string error = Error(c.text);
    EXPECT_TRUE(Contains(error, c.says)) << c.text << "\n  " << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

TEST(ConfigFile, ListsReplaceThoseThatWereThere) {
  MachineConfig c;
  ASSERT_TRUE(AddBlock("old", &c).ok());
  ASSERT_TRUE(AddNet("none", &c).ok());
  ASSERT_TRUE(
      Read(R"({"devices": {"block": [{"path": "/a"}, {"path": "/b"}]}})", &c).ok());
  ASSERT_EQ(c.block.size(), 2u);
  EXPECT_EQ(c.block[0].path, "/a");
  EXPECT_EQ(c.net.size(), 1u);
  EXPECT_EQ(c.order.size(), 3u);
}

TEST(ConfigFile, OriginsNameTheLine) {
  MachineConfig c;
  ConfigOrigins origins;
  ASSERT_TRUE(
      Read("{\n \"memory\": 32,\n \"expect\": [{\"match\":\n \"x\"}]}", &c, &origins)
          .ok());
  EXPECT_EQ(origins["memory"], "dir/m.json:2");
  EXPECT_EQ(origins["expect[0].match"], "dir/m.json:4");
  EXPECT_FALSE(origins.contains("seed"));
}

TEST(ConfigFile, AnObjectOfTheEntropyDeviceIsOne) {
  MachineConfig c;
  ASSERT_TRUE(Read(R"({"devices": {"rng": {"seed": 7}}})", &c).ok());
  EXPECT_TRUE(c.rng.present);
  ASSERT_TRUE(Read(R"({"devices": {"rng": {"present": false}}})", &c).ok());
  EXPECT_FALSE(c.rng.present);
}

// ---- several Guests

TEST(ConfigFile, GuestsHaveWhatStandsOutsideAndTheirOwn) {
  MachineConfig c;
  ConfigOrigins origins;
  std::vector<FurtherConfig> more;
  const Status status = ReadConfigText(R"({
    "seed": 3,
    "guests": [
      { "memory": "32M", "devices": { "block": [{ "path": "a.img" }] } },
      { "seed": 4 },
      {}
    ],
    "memory": "16M",
    "devices": { "block": [{ "path": "all.img", "ro": true }] }
  })",
                                       "dir/m.json", &c, &origins, &more);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(more.size(), 2u);
  EXPECT_EQ(c.memory, 32 * kMiB);
  EXPECT_EQ(c.seed, 3u);
  ASSERT_EQ(c.block.size(), 1u);
  EXPECT_EQ(c.block[0].path, "dir/a.img");
  EXPECT_FALSE(c.block[0].read_only);
  EXPECT_EQ(origins["memory"], "dir/m.json:4");
  EXPECT_EQ(origins["seed"], "dir/m.json:2");
  EXPECT_EQ(more[0].config.memory, 16 * kMiB);
  EXPECT_EQ(more[0].config.seed, 4u);
  EXPECT_EQ(more[0].config.block[0].path, "dir/all.img");
  EXPECT_EQ(more[0].origins["seed"], "dir/m.json:5");
  EXPECT_EQ(more[1].config.seed, 3u);
  EXPECT_EQ(DescribeConfig(more[1].config)[0], DescribeConfig(c)[0]);
}

TEST(ConfigFile, MistakesInGuestsNameTheGuest) {
  const auto error = [](std::string_view text) {
    MachineConfig c;
    std::vector<FurtherConfig> more;
    const Status status = ReadConfigText(text, "m.json", &c, nullptr, &more);
    EXPECT_FALSE(status.ok()) << text;
    return MessageOf(status);
  };
  EXPECT_TRUE(
      Contains(error(R"({"guests": []})"), "m.json:1:2: guests: this list has no"));
  EXPECT_TRUE(Contains(error(R"({"guests": {}})"), "guests: did not expect an object"));
  EXPECT_TRUE(Contains(error(R"({"guests": 5})"), "guests: expected"));
  EXPECT_TRUE(
      Contains(error(R"({"guests": [5]})"), "1:13: guests[0]: expected an object"));
  EXPECT_TRUE(Contains(error(R"({"guests": [[]]})"), "guests[0]: did not expect a list"));
  EXPECT_TRUE(Contains(error(R"({"guests": [{}, {"sed": 1}]})"),
                       "1:18: guests[1].sed: unknown key; did you mean \"seed\"?"));
  EXPECT_TRUE(
      Contains(error(R"({"guests": [{"guests": []}]})"), "guests[0].guests: unk"));
  EXPECT_TRUE(Contains(error(R"({"guests": [{"version": 1}]})"), "unknown key"));
  EXPECT_TRUE(Contains(error(R"({"guests": [{}], "guests": [{}]})"), "twice"));
  EXPECT_TRUE(Contains(error(R"({"guests": [{"limits": {"timeout": "1s"}}]})"),
                       "guests[0].limits.timeout: this is for all guests"));
  EXPECT_TRUE(Contains(
      error(R"({"guests": [{"devices": {"block": [{"path": "x", "overlay": "x"}]}}]})"),
      "guests[0].devices.block[0].overlay: \"x\" is the disk image itself"));
  EXPECT_TRUE(Contains(error(R"({"guests": [{}], "seed": {"a": [1, {}]}})"),
                       "seed: did not expect"));
  EXPECT_TRUE(Contains(error(R"({"guests": [{"seed": 1})"), "m.json:1:"));
}

TEST(ConfigFile, WhereOneGuestIsWantedSeveralAreRefused) {
  EXPECT_TRUE(Contains(Error(R"({"guests": [{}]})"), "guests: several guests cannot"));
}

TEST(ConfigFile, DepthAndSizeHaveLimits) {
  EXPECT_TRUE(Contains(Error(std::string(100'000, '[')), "did not expect a list"));
  std::string deep;
  for (int i = 0; i < 100'000; i++) deep += "{\"cpu\":";
  EXPECT_TRUE(Contains(Error(deep), "cpu: this key stands") ||
              Contains(Error(deep), "unknown key"));
  const std::string path =
      (std::filesystem::temp_directory_path() / "lgx-config-file-test").string();
  const std::vector<u8> large(kConfigFileLimit + 1, ' ');
  ASSERT_TRUE(WriteFile(path, large, Overwrite::kReplace).ok());
  MachineConfig c;
  const Status status = ReadConfigFile(path, &c, nullptr);
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(Contains(MessageOf(status), path)) << status;
  std::filesystem::remove(path);
}

TEST(ConfigFile, AFileThatIsMissingIsNamed) {
  MachineConfig c;
  const Status status = ReadConfigFile("/nowhere/m.json", &c, nullptr);
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_TRUE(Contains(MessageOf(status), "/nowhere/m.json"));
}

TEST(ConfigSchema, HasEveryValueOfTheTable) {
  const nlohmann::json schema = nlohmann::json::parse(ConfigSchema());
  for (const ValueSpec& value : ConfigValues()) {
    const nlohmann::json* at = &schema;
    for (const std::string& part : SplitAt('.', value.path)) {
      ASSERT_TRUE(at->at("properties").contains(part)) << value.path;
      at = &at->at("properties").at(part);
    }
    EXPECT_EQ(at->at("description"), value.about);
  }
  for (const ListSpec& list : ConfigLists()) {
    for (const ItemSpec& item : list.items) {
      EXPECT_TRUE(Contains(ConfigSchema(), std::string("\"") + item.key + "\""))
          << item.key;
    }
  }
}

// `lgx schema > configs/schema/machine.schema.json` makes the file. Tests run in the root
// of the source.
TEST(ConfigSchema, TheFileOfTheSourceIsUpToDate) {
  const auto bytes = ReadFile("configs/schema/machine.schema.json");
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_TRUE(std::string(bytes->begin(), bytes->end()) == ConfigSchema())
      << "run: lgx schema > configs/schema/machine.schema.json";
}

}  // namespace
}  // namespace lgx
