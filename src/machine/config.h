// One machine, described: what `run` builds from its options and from config files
// (user-interface section 4). Defaults are the program's defaults.
//
// Every value has a dotted path ("clock.epoch", "devices.block[0].path"), the same in
// --set and in a file; config_table.h has the one table of them.
#ifndef LGX_MACHINE_CONFIG_H_
#define LGX_MACHINE_CONFIG_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "cpu/cpu_model.h"
#include "machine/boot_layout.h"
#include "machine/generation.h"
#include "mmu/shadow_tables.h"

namespace lgx {

// Ways of a rewrite that may differ from the reference (host-01 section 11).
enum class QuirkMode : u8 { kReference, kMended };

struct MachineConfig {
  struct Kernel {
    std::string path;  // empty: the built-in guest
    std::string initrd;
    std::string cmdline;
    // Forced value of the zero page's kernel_alignment (guest-01 section 2.2).
    std::optional<u32> alignment;
    // System.map with the names of a kernel that has none, for reports.
    std::string symbols;
  } kernel;

  // Which of several Guests in one process this is, from 0.
  u32 number = 0;

  u64 memory = 64 * kMiB;

  struct Cpu {
    const CpuModel* model = &DefaultCpuModel();
    std::optional<bool> pae;  // nothing: by looking at the kernel
    bool block_cache = true;  // false: decode every instruction anew
  } cpu;

  struct Guest {
    std::optional<Generation> abi;  // nothing: by looking at the kernel
    u32 shadow_slots = 4;
    // Machine memory for shadow tables.
    u64 shadow_pool = 16 * kMiB;
    // Policies; the first of each is lguest's.
    SlotReplacement shadow_replacement = SlotReplacement::kRandom;
    SetPmdPolicy set_pmd = SetPmdPolicy::kDropAll;
    u32 prefill = 0;
    QuirkMode q1 = QuirkMode::kReference;   // irq_pending is never cleared
    QuirkMode q2 = QuirkMode::kReference;   // TF, NT and RF survive a reflected trap
    QuirkMode q6 = QuirkMode::kReference;   // SET_PTE of a clean page maps it writable
    QuirkMode q18 = QuirkMode::kReference;  // fix-up changes system descriptor types
  } guest;

  struct Host {
    u32 timer_hz = 1000;
  } host;

  struct Console {
    enum class Backend : u8 { kAuto, kTty, kStdio, kNone, kFile, kSocket };
    Backend backend = Backend::kAuto;  // tty on a terminal, else stdio
    std::string file;                  // with kFile and kSocket
    bool escape = true;                // Ctrl-A on a terminal
  } console;

  struct Rng {
    bool present = false;
    u64 seed = 1;
  } rng;

  // A disk: vda, vdb, ... in the order of the list.
  struct Block {
    enum class Sync : u8 { kFlush, kAlways, kNever };
    std::string path;
    bool read_only = false;
    std::string overlay;    // file that takes the changes; empty: the image itself
    bool snapshot = false;  // changes are kept in memory and forgotten
    Sync sync = Sync::kFlush;
    std::string id;  // what the Guest reads as the serial number
  };
  std::vector<Block> block;

  // A network device.
  struct Net {
    enum class Backend : u8 { kNone, kUser, kVirtual, kTap, kFd };
    Backend backend = Backend::kUser;
    std::vector<std::string> forward;  // user: "tcp:2222:22", host port and guest port
    std::string hostname;              // user: what the Guest learns by DHCP
    bool restricted = false;           // user: the Guest reaches nobody by itself
    std::string group;                 // virtual: all devices of one name are connected
    std::string interface;             // tap: its name; empty: the host system chooses
    std::string bridge;                // tap: the bridge it is added to
    std::optional<u32> address;        // tap: IPv4 address of the host's end
    i32 fd = -1;                       // fd: opened by somebody else
    std::optional<std::array<u8, 6>> mac;  // nothing: AutomaticMac()
    bool offload = true;                   // unfinished frames, where both ends can
    std::string capture;                   // pcap file
  };
  std::vector<Net> net;

  // Which devices the Guest finds in which order: that of the options. What is not in the
  // list follows; DeviceOrder() says all of it.
  enum class DeviceKind : u8 { kBlock, kNet, kRng };
  struct DeviceRef {
    DeviceKind kind;
    u32 index;  // in `block` or `net`
    bool operator==(const DeviceRef&) const = default;
  };
  std::vector<DeviceRef> order;

  // One step of a script for the console: waits for the text, then types.
  struct Expect {
    std::string match;        // a pattern (machine/pattern.h)
    std::string send;         // empty: nothing
    std::optional<i32> exit;  // then the run ends with this code
  };
  std::vector<Expect> expect;

  struct Clock {
    enum class Mode : u8 { kDeterministic, kHost };
    Mode mode = Mode::kDeterministic;
    u64 instructions_per_second = 100'000'000;
    i64 epoch = 1246406400;  // seconds since 1970: 2009-07-01T00:00:00Z
    // Waiting follows real time; nothing: while console input can still come.
    std::optional<bool> realtime;
  } clock;

  struct Limits {
    std::optional<u64> instructions;
    std::optional<u64> virtual_ns;
    // Where the run is to end well: --until.
    std::optional<u64> until_instructions;
    std::optional<u64> until_ns;
    u64 max_idle_ns = 600'000'000'000;
    std::optional<u64> timeout_ns;     // real time
    std::optional<u64> console_bytes;  // written by the Guest
  } limits;

  enum class OnEnd : u8 { kStop, kReboot };
  OnEnd on_panic = OnEnd::kStop;
  OnEnd on_restart = OnEnd::kReboot;

  u64 seed = 1;

  struct Outputs {
    std::string stats;
    std::string json_result;
    std::string trace;
    std::string trace_categories = "all";
    std::string report;
    std::string profile;
    std::string dump_on_crash;
  } outputs;
};

// --- values as people write them; each refusal names the value and shows a right one
// -------

// "64M", "1G", "65536K"; a bare number is MiB. Any amount of bytes: CheckMemorySize
// refuses what no Guest can have.
StatusOr<u64> ParseSize(std::string_view text);
// "10m", "1.5s", "250ms", "2h"; a bare number is seconds. In nanoseconds.
StatusOr<u64> ParseDuration(std::string_view text);
// "100M": decimal, K = 1000.
StatusOr<u64> ParseCount(std::string_view text);
// "0x1000000" or decimal.
StatusOr<u64> ParseNumber(std::string_view text);
// "52:54:00:12:34:56".
StatusOr<std::array<u8, 6>> ParseMac(std::string_view text);
std::string FormatMac(const std::array<u8, 6>& mac);
// "192.168.19.1", most significant byte first.
StatusOr<u32> ParseIpv4(std::string_view text);
std::string FormatIpv4(u32 address);
// Text with \n \r \t \e \\ \" \, \xHH for what cannot be typed in an option, and back.
StatusOr<std::string> Unescape(std::string_view text);
std::string Escape(std::string_view text);
// "2009-07-01T00:00:00Z", or seconds since 1970.
StatusOr<i64> ParseTime(std::string_view text);
std::string FormatTime(i64 epoch);
// "auto" gives nothing; on, off, true, false, yes, no.
StatusOr<std::optional<bool>> ParseAutoOnOff(std::string_view text);

// --- lists
// -------------------------------------------------------------------------------------

// Each adds one element, given as an option gives it.
// PATH[,ro][,snapshot][,overlay=FILE][,sync=flush|always|never][,id=TEXT]
Status AddBlock(std::string_view text, MachineConfig* config);
// none, user[,fwd=tcp:2222:22][,hostname=NAME], virtual=GROUP, tap[=IF][,bridge=NAME],
// fd=N; each also with [,mac=MAC][,offload=off][,capture=FILE]
Status AddNet(std::string_view text, MachineConfig* config);
// IP[:MAC] or bridge:NAME[:MAC], as the original Launcher had it (guest-03 A6).
Status AddTunnet(std::string_view text, MachineConfig* config);
// REGEX[,send=TEXT][,exit=N]
Status AddExpect(std::string_view text, MachineConfig* config);

// The address of network card `index` of Guest `number`: another one for each.
std::array<u8, 6> AutomaticMac(u32 number, u32 index);

// Every device but the console, which comes last, in the order the Guest finds them.
std::vector<MachineConfig::DeviceRef> DeviceOrder(const MachineConfig& config);

// What the values alone do not tell: an overlay that is the image itself, a rule without
// a pattern. The message begins with the path of the value.
Status CheckConfig(const MachineConfig& config);

// --- paths
// -------------------------------------------------------------------------------------

// Sets the value at a dotted path from its text, as --set does.
Status SetConfigValue(std::string_view path, std::string_view value,
                      MachineConfig* config);

// "path = value" for every value, in the order of the table: `check --print`.
std::vector<std::string> DescribeConfig(const MachineConfig& config);

// Every path SetConfigValue knows; of lists, those of the elements that are there.
std::vector<std::string> ConfigPaths(const MachineConfig& config = {});

// The candidate that a mistyped word most likely meant; empty when none is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace lgx

#endif  // LGX_MACHINE_CONFIG_H_
