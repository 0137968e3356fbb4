// The commands of the program. Each returns its exit code (exit_codes.h).
#ifndef LGX_TOOLS_COMMANDS_H_
#define LGX_TOOLS_COMMANDS_H_

#include "tools/options.h"

namespace lgx {

int CmdRun(const CommandLine& line);  // run, lguest
int CmdCheck(const CommandLine& line);
int CmdDisk(const DiskOptions& options);
int CmdVersion(const CommandLine& line);
int CmdSchema();
int CmdDebug(const CommandLine& line);
int CmdInspect(const CommandLine& line);
int CmdTour(const CommandLine& line);
int CmdTrace(const TraceOptions& options);
int CmdReport(const ReportOptions& options);
int CmdStats(const StatsOptions& options);
// `command` is the command line, to be shown.
int CmdBench(const BenchOptions& options, const std::string& command);
int CmdCompletion(const std::string& shell);
int CmdMan(const std::string& section);
int CmdReplay(const CommandLine& line);
int CmdSnapshot(const CommandLine& line);
int CmdDivergence(const CompareOptions& options);
int CmdBisect(const CompareOptions& options);
int CmdBare(const BareOptions& options);
int CmdExecVectors(const VectorOptions& options);

// Prints "lgx: <message>" and gives the error's exit code.
int ReportError(const Status& status);

}  // namespace lgx

#endif  // LGX_TOOLS_COMMANDS_H_
