// The command line: one table gives parsing, help, and "did you mean".
#ifndef LGX_TOOLS_OPTIONS_H_
#define LGX_TOOLS_OPTIONS_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "base/trace.h"
#include "machine/config.h"
#include "machine/config_file.h"
#include "machine/point.h"
#include "tools/bench_options.h"
#include "tools/screen.h"

namespace lgx {

enum class Command : u8 {
  kHelp,
  kRun,
  kGdb,
  kLguest,
  kCheck,
  kDisk,
  kVersion,
  kBare,
  kExecVectors,
  kSchema,
  kStats,
  kTrace,
  kDebug,
  kInspect,
  kTour,
  kReport,
  kCompletion,
  kMan,
  kReplay,
  kSnapshot,
  kDivergence,
  kBisect,
  kBench
};

// `bare`: a program on the emulated machine without lguest (user-interface section 11).
struct BareOptions {
  struct DumpRange {
    std::string name;
    u32 address = 0;
    u32 length = 0;
  };
  std::string image;
  std::string rom;  // instead of the image
  u64 memory = 64 * kMiB;
  const CpuModel* model = &FullCpuModel();
  std::optional<u32> load;
  std::optional<u32> entry;
  std::string debugcon = "-";  // file, or - for standard output
  std::string serial = "-";
  u16 debug_exit = 0xf4;
  std::optional<u16> post;
  std::optional<u64> max_instructions;
  std::string dump_on_halt;
  std::vector<DumpRange> dump_ranges;
  std::string stats;
};

// `exec-vectors`.
struct VectorOptions {
  std::string world;
  std::string file;
  std::vector<std::string> only;
  std::optional<u64> fail_limit;
  std::string dump;
};

// `debug`.
struct DebugOptions {
  bool tui = false;                   // the full screen
  bool echo = false;                  // each command is shown before its answer
  std::vector<std::string> commands;  // of -e, before the input's
};

// `inspect`. What it reads stands in the kernel's place.
struct InspectOptions {
  std::string what;
  std::string address;  // of a page; empty: all of them
  bool diff = false;    // --diff: where the two kinds of tables disagree
};

// `tour`.
struct TourOptions {
  std::string stop;       // empty: the list
  bool list = false;      // --list
  std::string from;       // a place of the reference
  std::string export_to;  // --export: an HTML file
};

// `disk create`, `disk info`, `disk commit`.
struct DiskOptions {
  std::string action;
  std::string file;
  std::string base;         // image of an overlay
  std::optional<u64> size;  // of a new image
  bool force = false;
};

// `stats`.
struct StatsOptions {
  std::vector<std::string> files;
  bool diff = false;
};

// --trace CATS=FILE.
struct TraceRequest {
  u32 mask = 0;
  std::string path;
};

// `trace`.
struct TraceOptions {
  std::string file;
  std::string output;
  u32 categories = Trace::kAll;
};

// `report`.
struct ReportOptions {
  std::vector<std::string> files;
  std::string output;
};

// `snapshot save LOG FILE`, `info FILE`, `verify FILE`, `diff A B`.
struct SnapshotOptions {
  std::string action;
  std::vector<std::string> files;
  bool force = false;
};

// `divergence LOG_A [LOG_B]`, `bisect LOG CONDITION`.
struct CompareOptions {
  std::vector<std::string> files;
  std::vector<std::string> with;  // path=VALUE for the second machine
};

// --sandbox. Auto: where the host system can.
enum class SandboxChoice : u8 { kAuto, kOn, kOff };

struct CommandLine {
  Command command = Command::kHelp;
  bool help = false;  // --help, of `command`
  bool verbose = false;
  bool quiet = false;
  LogLevel log_level = LogLevel::kInfo;
  std::string log_file;
  ColorChoice color = ColorChoice::kAuto;

  MachineConfig config;     // run, lguest, check
  ConfigOrigins origins;    // where its values came from
  std::string config_file;  // empty: none was named
  bool random_seed = false;
  std::vector<std::string> warnings;  // about options, for the person
  Point until;
  std::string gdb;        // where gdb may come to; empty: nowhere
  bool gdb_wait = false;  // for gdb, before the first instruction
  SandboxChoice sandbox = SandboxChoice::kAuto;
  std::string write_kernel;       // a file for the kernel that runs; empty: none
  std::vector<CommandLine> more;  // run: the further Guests, one for each --and
  bool list_abi = false;          // check
  bool print = false;             // check
  bool json = false;              // version
  DebugOptions debug;
  InspectOptions inspect;
  TourOptions tour;
  BareOptions bare;
  VectorOptions vectors;
  DiskOptions disk;
  StatsOptions stats;
  BenchOptions bench;
  std::string bench_words;  // the command line of `bench`, as a person would type it
  TraceOptions trace;
  std::vector<TraceRequest> traces;  // run, lguest
  ReportOptions report;
  std::vector<std::string> words;  // as they were given
  std::string shell;               // completion
  std::string man_section;         // man; empty: 1
  std::string record = "last";     // run, lguest: "last", "off" or a file
  std::string replay_log;          // replay: "last" or a file
  // run, lguest: where snapshots are written, and what the run begins with.
  std::vector<std::pair<Point, std::string>> snapshot_at;
  u64 snapshot_every = 0;
  std::string from;
  SnapshotOptions snapshot;
  CompareOptions compare;
};

// What comes from outside of the command line: where config files are, and how much is
// said.
struct ConfigSources {
  std::string defaults;             // read first, if it is there; empty: none
  std::vector<std::string> search;  // folders for names that are not found as they are
  std::string log;                  // what --log is without an option; empty: info
};
// $LGX_LOG, $XDG_CONFIG_HOME/lgx/config.json (or ~/.config/...), $LGX_CONFIG_PATH.
ConfigSources SourcesFromEnvironment();

// `words` without the program's name. A program called `lguest` passes that word first.
// Reads the config files that are named: the command line beats the file, the file beats
// the defaults. Errors are about the command line or a file, and end with the next step.
StatusOr<CommandLine> ParseCommandLine(std::span<const std::string> words,
                                       const ConfigSources& sources = {});

// The help of one command; of the program for kHelp.
std::string HelpText(Command command);

}  // namespace lgx

#endif  // LGX_TOOLS_OPTIONS_H_
