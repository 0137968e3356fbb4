// One machine, described: what `run` builds from its options, and a config file will fill
// (user-interface section 4). Defaults are the program's defaults.
//
// Every value has a dotted path ("clock.epoch"), the same in --set and in the file;
// config.cc holds the one table of them.
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
    QuirkMode q1 = QuirkMode::kReference;   // irq_pending is never cleared
    QuirkMode q2 = QuirkMode::kReference;   // TF, NT and RF survive a reflected trap
    QuirkMode q6 = QuirkMode::kReference;   // SET_PTE of a clean page maps it writable
    QuirkMode q18 = QuirkMode::kReference;  // fix-up changes system descriptor types
  } guest;

  struct Host {
    u32 timer_hz = 1000;
  } host;

  struct Console {
    enum class Backend : u8 { kAuto, kTty, kStdio, kNone, kFile };
    Backend backend = Backend::kAuto;  // tty on a terminal, else stdio
    std::string file;                  // with kFile
    bool escape = true;                // Ctrl-A on a terminal
  } console;

  struct Rng {
    bool present = false;
    u64 seed = 1;
  } rng;

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
    std::optional<u64> timeout_ns;  // real time
  } limits;

  enum class OnEnd : u8 { kStop, kReboot };
  OnEnd on_panic = OnEnd::kStop;
  OnEnd on_restart = OnEnd::kReboot;

  u64 seed = 1;

  struct Outputs {
    std::string stats;
    std::string json_result;
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
// "2009-07-01T00:00:00Z", or seconds since 1970.
StatusOr<i64> ParseTime(std::string_view text);
std::string FormatTime(i64 epoch);
// "auto" gives nothing; on, off, true, false, yes, no.
StatusOr<std::optional<bool>> ParseAutoOnOff(std::string_view text);

// --- paths
// -------------------------------------------------------------------------------------

// Sets the value at a dotted path from its text, as --set does.
Status SetConfigValue(std::string_view path, std::string_view value,
                      MachineConfig* config);

// "path = value" for every value, in the order of the table: `check --print`.
std::vector<std::string> DescribeConfig(const MachineConfig& config);

// Every path SetConfigValue knows.
std::vector<std::string> ConfigPaths();

// The candidate that a mistyped word most likely meant; empty when none is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace lgx

#endif  // LGX_MACHINE_CONFIG_H_
