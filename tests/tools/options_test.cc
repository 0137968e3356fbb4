#include "tools/options.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "tools/exit_codes.h"
#include "tools/option_table.h"

namespace lgx {
namespace {

// Splits at spaces; '_' stands for a space inside a word, "''" for an empty word.
std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    std::string word(text.substr(0, space));
    for (char& c : word) {
      if (c == '_') c = ' ';
    }
    words.push_back(word == "''" ? "" : word);
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return words;
}

CommandLine Parse(std::string_view text) {
  const StatusOr<CommandLine> line = ParseCommandLine(Words(text));
  EXPECT_TRUE(line.ok()) << text << ": " << line.status();
  return line.ok() ? *line : CommandLine();
}

std::string Error(std::string_view text) {
  const StatusOr<CommandLine> line = ParseCommandLine(Words(text));
  if (line.ok()) return "accepted";
  EXPECT_EQ(ExitCodeFor(line.status().code()), kExitUsage) << line.status();
  return MessageOf(line.status());
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(RunOptions, KernelInitrdAndArguments) {
  const CommandLine line =
      Parse("run vmlinux -i initrd.img -m 128M -a quiet -- root=/dev/ram ro");
  EXPECT_EQ(line.command, Command::kRun);
  EXPECT_EQ(line.config.kernel.path, "vmlinux");
  EXPECT_EQ(line.config.kernel.initrd, "initrd.img");
  EXPECT_EQ(line.config.kernel.cmdline, "quiet root=/dev/ram ro");
  EXPECT_EQ(line.config.memory, 128 * kMiB);
}

TEST(RunOptions, WithoutAKernelTheBuiltInGuestRuns) {
  EXPECT_EQ(Parse("run").config.kernel.path, "");
  EXPECT_EQ(Parse("run -a demo").config.kernel.cmdline, "demo");
}

TEST(RunOptions, EveryFormOfAValue) {
  for (const char* text :
       {"run k -m 32M", "run k -m32M", "run k -m=32M", "run k --memory 32M",
        "run k --memory=32M", "run --memory=32 k", "run -m 32 k"}) {
    const CommandLine line = Parse(text);
    EXPECT_EQ(line.config.memory, 32 * kMiB) << text;
    EXPECT_EQ(line.config.kernel.path, "k") << text;
  }
}

TEST(RunOptions, LettersWithoutValueMayBeJoined) {
  const CommandLine line = Parse("run -qvm 32M k");
  EXPECT_TRUE(line.quiet);
  EXPECT_TRUE(line.verbose);
  EXPECT_EQ(line.config.memory, 32 * kMiB);
}

TEST(RunOptions, MachineValues) {
  const CommandLine line = Parse(
      "run k --pae on --abi f --clock det,ips=50M,epoch=2020-01-01T00:00:00Z "
      "--realtime=off "
      "--max-idle 1m --seed 7 --max-instructions 2G --max-virtual-time 30s --timeout 5s "
      "--on-panic reboot --no-reboot --stats s.json --json-result r.json --rng "
      "--rng-seed 9 "
      "--set guest.quirks.Q1=mended --console none --no-escape --symbols System.map");
  const MachineConfig& c = line.config;
  EXPECT_EQ(c.cpu.pae, true);
  EXPECT_EQ(c.guest.abi, Generation::kF);
  EXPECT_EQ(c.clock.instructions_per_second, 50'000'000u);
  EXPECT_EQ(FormatTime(c.clock.epoch), "2020-01-01T00:00:00Z");
  EXPECT_EQ(c.clock.realtime, false);
  EXPECT_EQ(c.limits.max_idle_ns, 60'000'000'000u);
  EXPECT_EQ(c.seed, 7u);
  EXPECT_EQ(c.limits.instructions, 2'000'000'000u);
  EXPECT_EQ(c.limits.virtual_ns, 30'000'000'000u);
  EXPECT_EQ(c.limits.timeout_ns, 5'000'000'000u);
  EXPECT_EQ(c.on_panic, MachineConfig::OnEnd::kReboot);
  EXPECT_EQ(c.on_restart, MachineConfig::OnEnd::kStop);
  EXPECT_EQ(c.outputs.stats, "s.json");
  EXPECT_EQ(c.outputs.json_result, "r.json");
  EXPECT_TRUE(c.rng.present);
  EXPECT_EQ(c.rng.seed, 9u);
  EXPECT_EQ(c.guest.q1, QuirkMode::kMended);
  EXPECT_EQ(c.console.backend, MachineConfig::Console::Backend::kNone);
  EXPECT_FALSE(c.console.escape);
  EXPECT_EQ(c.kernel.symbols, "System.map");
}

TEST(RunOptions, RealtimeMayStandAlone) {
  EXPECT_EQ(Parse("run k --realtime").config.clock.realtime, true);
  EXPECT_EQ(Parse("run k").config.clock.realtime, std::nullopt);
}

TEST(RunOptions, ScriptsAndSeeds) {
  const CommandLine line =
      Parse("run k --expect login:,send=root\\n --expect #_,exit=3 --seed random");
  ASSERT_EQ(line.config.expect.size(), 2u);
  EXPECT_EQ(line.config.expect[0].send, "root\n");
  EXPECT_EQ(line.config.expect[1].match, "# ");
  EXPECT_EQ(line.config.expect[1].exit, 3);
  EXPECT_TRUE(line.random_seed);
  EXPECT_FALSE(Parse("run k --seed 3").random_seed);
  EXPECT_TRUE(Contains(Error("run k --expect a,exit=no"), "exit code"));
}

class ConfigFileOptions : public ::testing::Test {
 protected:
  ConfigFileOptions() { std::filesystem::create_directories(folder_ / "lgx"); }
  ~ConfigFileOptions() override { std::filesystem::remove_all(folder_); }
  void Put(const std::string& name, std::string_view text) {
    const std::span bytes(reinterpret_cast<const u8*>(text.data()), text.size());
    ASSERT_TRUE(WriteFile((folder_ / name).string(), bytes, Overwrite::kReplace).ok());
  }
  StatusOr<CommandLine> Read(std::string_view words) {
    return ParseCommandLine(
        Words(words),
        {(folder_ / "lgx/config.json").string(), {"/nowhere", folder_.string()}, ""});
  }
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() /
      (std::string("lgx-options-") +
       ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(ConfigFileOptions, TheCommandLineBeatsTheFileAndTheFileTheDefaults) {
  Put("lgx/config.json", R"({"memory": 16, "seed": 5, "cpu": {"pae": "on"}})");
  Put("m.json", R"({"memory": 32, "seed": 6, "kernel": {"path": "k", "cmdline": "a"},
                    "devices": {"block": [{"path": "x"}]}})");
  const auto line = Read("run m.json --seed 7 -b y -- b");
  ASSERT_TRUE(line.ok()) << line.status();
  const MachineConfig& c = line->config;
  EXPECT_EQ(c.cpu.pae, true);
  EXPECT_EQ(c.memory, 32 * kMiB);
  EXPECT_EQ(c.seed, 7u);
  EXPECT_EQ(c.kernel.path, (folder_ / "k").string());
  EXPECT_EQ(c.kernel.cmdline, "a b");
  ASSERT_EQ(c.block.size(), 2u);
  EXPECT_EQ(c.block[1].path, "y");
  const ConfigOrigins& from = line->origins;
  EXPECT_TRUE(Contains(from.at("cpu.pae"), "config.json:1"));
  EXPECT_TRUE(Contains(from.at("memory"), "m.json:1"));
  EXPECT_EQ(from.at("seed"), "--seed");
  EXPECT_EQ(from.at("devices.block[1].path"), "-b");
  EXPECT_FALSE(from.contains("on_panic"));
}

TEST_F(ConfigFileOptions, DefaultsAreForTheOriginalCommandLineToo) {
  Put("lgx/config.json", R"({"cpu": {"model": "max"}})");
  const auto line = Read("lguest 64 k");
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->config.cpu.model->name, "max");
}

TEST_F(ConfigFileOptions, BadFilesAreUsageErrorsThatNameThePlace) {
  Put("m.json", "{\n \"memroy\": 1}");
  const auto line = Read("run m.json");
  ASSERT_FALSE(line.ok());
  EXPECT_EQ(ExitCodeFor(line.status().code()), kExitUsage);
  EXPECT_TRUE(Contains(MessageOf(line.status()), "m.json:2:2: memroy: unknown key"));
  Put("lgx/config.json", "nonsense");
  EXPECT_TRUE(Contains(MessageOf(Read("run").status()), "config.json:1:"));
  EXPECT_TRUE(Read("version").ok());
}

TEST(RunOptions, StopPoints) {
  EXPECT_EQ(Parse("run k --until insn:123456").until.kind, Point::Kind::kInstruction);
  EXPECT_EQ(Parse("run k --until insn:123456").until.count, 123456u);
  EXPECT_EQ(Parse("run k --until time:1.5s").until.count, 1'500'000'000u);
  EXPECT_EQ(Parse("run k --until symbol:panic").until.text, "panic");
  EXPECT_EQ(Parse("run k --until end").until.kind, Point::Kind::kEnd);
  EXPECT_TRUE(Contains(Error("run k --until tomorrow"), "symbol:NAME"));
}

TEST(RunOptions, BadMemorySizesNameTheValue) {
  for (const char* size : {"0", "1M", "4G", "4096", "foo", "64X", "99999", "''"}) {
    const std::string error = Error(std::string("run k -m ") + size);
    EXPECT_TRUE(Contains(error, "run: option -m")) << error;
    EXPECT_TRUE(std::string(size) == "''" || Contains(error, size)) << error;
    EXPECT_TRUE(Contains(error, "64M")) << error;
  }
}

TEST(RunOptions, MistakesGetASuggestion) {
  EXPECT_TRUE(Contains(Error("run k --memroy 64"), "did you mean --memory?"));
  EXPECT_TRUE(Contains(Error("run k --xyzzyx"), "lgx help run"));
  EXPECT_TRUE(Contains(Error("run k -z"), "unknown option -z"));
  EXPECT_TRUE(Contains(Error("rnu k"), "did you mean run?"));
  EXPECT_TRUE(Contains(Error("vmlinux-2.6.31"), "lgx run vmlinux-2.6.31"));
  EXPECT_TRUE(Contains(Error("run k extra"), "kernel arguments come after --"));
  EXPECT_TRUE(Contains(Error("run k -m"), "needs a value"));
  EXPECT_TRUE(Contains(Error("run k --quiet=yes"), "takes no value"));
  EXPECT_TRUE(Contains(Error("run k --set memory"), "path.to.key=VALUE"));
  EXPECT_TRUE(
      Contains(Error("run k --set clock.ipoch=1"), "did you mean \"clock.epoch\"?"));
  EXPECT_TRUE(Contains(Error("run nowhere.json"), "nowhere.json"));
}

TEST(RunOptions, Devices) {
  const MachineConfig c =
      Parse(
          "run k --rng -b root.img,ro --net user,fwd=tcp:2222:22,fwd=udp:53:53 "
          "--block=b.img,snapshot,sync=never,id=two -n none")
          .config;
  ASSERT_EQ(c.block.size(), 2u);
  EXPECT_EQ(c.block[0].path, "root.img");
  EXPECT_TRUE(c.block[0].read_only);
  EXPECT_TRUE(c.block[1].snapshot);
  EXPECT_EQ(c.block[1].sync, MachineConfig::Block::Sync::kNever);
  EXPECT_EQ(c.block[1].id, "two");
  ASSERT_EQ(c.net.size(), 2u);
  EXPECT_EQ(c.net[0].forward.size(), 2u);
  EXPECT_EQ(c.net[1].backend, MachineConfig::Net::Backend::kNone);
  using Kind = MachineConfig::DeviceKind;
  EXPECT_EQ(DeviceOrder(c), (std::vector<MachineConfig::DeviceRef>{{Kind::kRng, 0},
                                                                   {Kind::kBlock, 0},
                                                                   {Kind::kNet, 0},
                                                                   {Kind::kBlock, 1},
                                                                   {Kind::kNet, 1}}));
  EXPECT_TRUE(Contains(Error("run k -b root.img,rw"), "is not one of path, ro"));
  EXPECT_TRUE(Contains(Error("run k -n user,fwd=22"), "tcp:2222:22"));
  EXPECT_TRUE(Contains(Error("run k -n slirp"), "none, user, virtual, tap, fd"));
}

TEST(RunOptions, AndBeginsAnotherGuest) {
  const CommandLine line = Parse(
      "run a -q -m 16 -n virtual=lab -- one two --and b -m 32 --stats s -- three --and");
  EXPECT_EQ(line.config.kernel.path, "a");
  EXPECT_EQ(line.config.kernel.cmdline, "one two");
  EXPECT_TRUE(line.quiet);
  ASSERT_EQ(line.more.size(), 2u);
  EXPECT_EQ(line.more[0].config.kernel.path, "b");
  EXPECT_EQ(line.more[0].config.kernel.cmdline, "three");
  EXPECT_EQ(line.more[0].config.memory, 32 * kMiB);
  EXPECT_EQ(line.more[0].config.number, 1u);
  EXPECT_EQ(line.more[1].config.number, 2u);
  EXPECT_TRUE(line.more[1].config.kernel.path.empty());
  EXPECT_TRUE(Parse("run a").more.empty());
}

TEST(RunOptions, WhatIsForAllGuestsStandsBeforeTheFirstAnd) {
  for (const char* option : {"--timeout 5", "--json-result r", "-q", "-v", "--log info",
                             "--realtime", "--help"}) {
    EXPECT_TRUE(
        Contains(Error(std::string("run a --and b ") + option), "before the first --and"))
        << option;
  }
  EXPECT_TRUE(Contains(Error("check a --and b"), "--and"));
  EXPECT_TRUE(Contains(Error("run a --and b --nonsense"), "--nonsense"));
  std::string many = "run";
  for (int i = 0; i < 64; ++i) many += " --and";
  EXPECT_TRUE(Contains(Error(many), "64"));
}

TEST(RunOptions, PartsOfANetworkCard) {
  const MachineConfig c =
      Parse("run k -n user,restrict -n virtual=lab,offload=off,mac=02:00:00:00:00:01")
          .config;
  EXPECT_TRUE(c.net[0].restricted);
  EXPECT_TRUE(c.net[0].offload);
  EXPECT_FALSE(c.net[1].offload);
  EXPECT_EQ(FormatMac(*c.net[1].mac), "02:00:00:00:00:01");
}

TEST(LguestOptions, Devices) {
  const MachineConfig c =
      Parse(
          "lguest 64 k --tunnet=192.168.19.1:52:54:00:12:34:56 --block=a "
          "--tunnet=bridge:br0 --block b root=/dev/vda")
          .config;
  EXPECT_EQ(c.kernel.cmdline, "root=/dev/vda");
  ASSERT_EQ(c.block.size(), 2u);
  EXPECT_EQ(c.block[1].path, "b");
  ASSERT_EQ(c.net.size(), 2u);
  EXPECT_EQ(FormatIpv4(*c.net[0].address), "192.168.19.1");
  EXPECT_EQ(FormatMac(*c.net[0].mac), "52:54:00:12:34:56");
  EXPECT_EQ(c.net[1].bridge, "br0");
  EXPECT_FALSE(c.net[1].mac.has_value());
  EXPECT_EQ(c.order.size(), 4u);
  EXPECT_TRUE(Contains(Error("lguest 64 k --tunnet=1.2.3"),
                       "Failed to parse IP address '1.2.3'"));
  EXPECT_TRUE(Contains(Error("lguest 64 k --tunnet=1.2.3.4:zz"),
                       "Failed to parse mac address 'zz'"));
  EXPECT_TRUE(
      Contains(Error("lguest 64 k --tunnet=bridge:"), "must specify bridge name"));
}

// --- the original Launcher's command line (guest-03 A1, B1)
// ------------------------------------

struct LguestCase {
  const char* words;
  u64 mebibytes;
  const char* kernel;
  const char* arguments;
};

TEST(LguestOptions, G03_2_TheOriginalCommandLinesWork) {
  for (const LguestCase& c : {
           LguestCase{"64 vmlinux", 64, "vmlinux", ""},
           LguestCase{"64 vmlinux root=/dev/vda", 64, "vmlinux", "root=/dev/vda"},
           LguestCase{"64m vmlinux a b=c", 64, "vmlinux", "a b=c"},
           LguestCase{"--initrd=x 64 bz a", 64, "bz", "a"},
           LguestCase{"64 bz --initrd=x a b=c", 64, "bz", "a b=c"},
           LguestCase{"64 bz a --initrd=x b=c", 64, "bz", "a b=c"},
           LguestCase{"--initrd x 64 bz a", 64, "bz", "a"},
           LguestCase{"--init=x 64 bz a", 64, "bz", "a"},
           LguestCase{"--i=x 64 bz", 64, "bz", ""},
           LguestCase{"--initrd=y --initrd=x 64 bz", 64, "bz", ""},
           LguestCase{"--ver --initrd=x 128 bz", 128, "bz", ""},
           LguestCase{"-v --initrd=x 1G bz", 1024, "bz", ""},
           LguestCase{"--rng --initrd=x 64 bz", 64, "bz", ""},
           LguestCase{"--r --initrd=x 64 bz", 64, "bz", ""},
           LguestCase{"--initrd=x 64 bz -- -s --long=1", 64, "bz", "-s --long=1"},
           LguestCase{"--initrd=x -- 64 bz single", 64, "bz", "single"},
           LguestCase{"--initrd=x 64 bz init=/bin/sh console=hvc0", 64, "bz",
                      "init=/bin/sh console=hvc0"},
           LguestCase{"--initrd=x 64 bz a_b c", 64, "bz", "a b c"},
           LguestCase{"--initrd=x --timeout 5s 64 bz", 64, "bz", ""},
       }) {
    const CommandLine line = Parse(std::string("lguest ") + c.words);
    EXPECT_EQ(line.command, Command::kLguest) << c.words;
    EXPECT_EQ(line.config.memory, c.mebibytes * kMiB) << c.words;
    EXPECT_EQ(line.config.kernel.path, c.kernel) << c.words;
    EXPECT_EQ(line.config.kernel.cmdline, c.arguments) << c.words;
    if (Contains(c.words, "init") && Contains(c.words, "x")) {
      EXPECT_TRUE(line.config.kernel.initrd == "x" || line.config.kernel.initrd.empty());
    }
  }
  EXPECT_TRUE(Parse("lguest --ver 64 k").verbose);
  EXPECT_TRUE(Parse("lguest --rng 64 k").config.rng.present);
}

TEST(LguestOptions, BadCommandLinesAreUsageErrors) {
  EXPECT_TRUE(Contains(Error("lguest"), "memory size and kernel"));
  EXPECT_TRUE(Contains(Error("lguest 64"), "memory size and kernel"));
  EXPECT_TRUE(Contains(Error("lguest --frob 64 k"), "unknown option --frob"));
  EXPECT_TRUE(Contains(Error("lguest -5 k"), "-5"));
  EXPECT_TRUE(Contains(Error("lguest 64 k --rng=1"), "takes no value"));
  for (const char* size : {"0", "foo", "64X", "99999", "1", "4096"}) {
    const std::string error = Error(std::string("lguest ") + size + " k");
    EXPECT_TRUE(Contains(error, std::string("memory size \"") + size + "\"")) << error;
  }
}

// --- the other commands
// ---------------------------------------------------------------------

TEST(CheckOptions, TakeAMachine) {
  const CommandLine line = Parse("check vmlinux -m 32M --print");
  EXPECT_EQ(line.command, Command::kCheck);
  EXPECT_TRUE(line.print);
  EXPECT_EQ(line.config.memory, 32 * kMiB);
  EXPECT_TRUE(Parse("check --list-abi").list_abi);
}

TEST(BareOptions, AllOfThem) {
  const CommandLine line = Parse(
      "bare image.bin -m 32M --load 0x100000 --entry 0x100010 --debugcon - --serial "
      "s.txt "
      "--debug-exit 0x501 --post 0x80 --max-instructions 1000 --dump-on-halt d.json "
      "--dump-memory stack=0x7000+0x1000 --stats s.json");
  EXPECT_EQ(line.bare.image, "image.bin");
  EXPECT_EQ(line.bare.memory, 32 * kMiB);
  EXPECT_EQ(line.bare.load, 0x100000u);
  EXPECT_EQ(line.bare.entry, 0x100010u);
  EXPECT_EQ(line.bare.serial, "s.txt");
  EXPECT_EQ(line.bare.debug_exit, 0x501);
  EXPECT_EQ(line.bare.post, 0x80);
  EXPECT_EQ(line.bare.max_instructions, 1000u);
  EXPECT_EQ(line.bare.dump_on_halt, "d.json");
  ASSERT_EQ(line.bare.dump_ranges.size(), 1u);
  EXPECT_EQ(line.bare.dump_ranges[0].name, "stack");
  EXPECT_EQ(line.bare.dump_ranges[0].address, 0x7000u);
  EXPECT_EQ(line.bare.dump_ranges[0].length, 0x1000u);
  EXPECT_EQ(line.bare.stats, "s.json");
  EXPECT_EQ(Parse("bare --rom bios.bin").bare.rom, "bios.bin");
}

TEST(BareOptions, Mistakes) {
  EXPECT_TRUE(Contains(Error("bare"), "IMAGE is missing"));
  EXPECT_TRUE(Contains(Error("bare a b"), "unexpected argument \"b\""));
  EXPECT_TRUE(Contains(Error("bare a --debug-exit 0x10000"), "more than 0xffff"));
  EXPECT_TRUE(Contains(Error("bare a --load 0x100000000"), "more than 0xffffffff"));
  EXPECT_TRUE(Contains(Error("bare a --dump-memory x"), "NAME=ADDRESS+LENGTH"));
  EXPECT_TRUE(Contains(Error("bare a -m 4G"), "3072 MiB"));
}

TEST(ExecVectorsOptions, AllOfThem) {
  const CommandLine line = Parse(
      "exec-vectors --world w.json f.jsonl --only alu,bcd --fail-limit 10 --dump d");
  EXPECT_EQ(line.vectors.world, "w.json");
  EXPECT_EQ(line.vectors.file, "f.jsonl");
  EXPECT_EQ(line.vectors.only, (std::vector<std::string>{"alu", "bcd"}));
  EXPECT_EQ(line.vectors.fail_limit, 10u);
  EXPECT_EQ(line.vectors.dump, "d");
  EXPECT_TRUE(Contains(Error("exec-vectors f.jsonl"), "--world"));
  EXPECT_TRUE(Contains(Error("exec-vectors --world w.json"), "FILE.jsonl is missing"));
}

TEST(Help, CanBeAskedForInEveryWay) {
  for (const char* text : {"", "--help", "-h", "help"}) {
    const CommandLine line = Parse(text);
    EXPECT_TRUE(line.help) << text;
    EXPECT_EQ(line.command, Command::kHelp) << text;
  }
  for (const char* text :
       {"run --help", "run -h k", "help run", "run k --help --stats s"}) {
    const CommandLine line = Parse(text);
    EXPECT_TRUE(line.help) << text;
    EXPECT_EQ(line.command, Command::kRun) << text;
  }
  EXPECT_EQ(Parse("--version").command, Command::kVersion);
  EXPECT_TRUE(Parse("version --json").json);
  EXPECT_TRUE(Contains(Error("version x"), "unexpected"));
}

TEST(Help, NamesEveryOptionOfTheTable) {
  for (const CommandSpec& spec : Commands()) {
    const std::string help = HelpText(spec.command);
    EXPECT_TRUE(Contains(HelpText(Command::kHelp), spec.name));
    if (spec.command == Command::kHelp) continue;
    for (const OptionSpec& option : Options()) {
      if ((option.commands & SetOf(spec.command)) == 0) continue;
      EXPECT_TRUE(Contains(help, std::string("--") + option.name)) << option.name;
    }
    size_t start = 0;
    while (start < help.size()) {
      const size_t end = help.find('\n', start);
      EXPECT_LE(end - start, 90u) << help.substr(start, end - start);
      start = end + 1;
    }
  }
}

TEST(OptionTable, EveryRowDoesSomethingAndNamesAreUnique) {
  const MachineConfig defaults;
  for (const OptionSpec& option : Options()) {
    const int actions = (option.path != nullptr) + (option.apply != nullptr) +
                        (option.refusal != nullptr);
    EXPECT_EQ(actions, 1) << option.name;
    if (option.path != nullptr) {
      const std::vector<std::string> paths = ConfigPaths();
      EXPECT_NE(std::find(paths.begin(), paths.end(), option.path), paths.end());
      EXPECT_EQ(option.fixed != nullptr, option.takes != Takes::kValue) << option.name;
    }
    for (const OptionSpec& other : Options()) {
      if (&other == &option || (other.commands & option.commands) == 0) continue;
      EXPECT_STRNE(other.name, option.name);
      EXPECT_TRUE(option.letter == 0 || other.letter != option.letter) << option.name;
    }
  }
}

TEST(ExitCodes, FollowTheManual) {
  EXPECT_EQ(ExitCodeFor(StatusCode::kOk), 0);
  EXPECT_EQ(ExitCodeFor(kUnavailable), 1);
  EXPECT_EQ(ExitCodeFor(kResourceExhausted), 1);
  EXPECT_EQ(ExitCodeFor(StatusCode::kOutOfRange), 2);
  EXPECT_EQ(ExitCodeFor(kNotFound), 2);
  EXPECT_EQ(ExitCodeFor(kInvalidArgument), 8);
  EXPECT_EQ(ExitCodeFor(kDataLoss), 8);
  EXPECT_EQ(ExitCodeFor(kUnimplemented), 8);
  EXPECT_EQ(ExitCodeFor(kInternal), 70);
}

}  // namespace
}  // namespace lgx
