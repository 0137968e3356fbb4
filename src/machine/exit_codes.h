// What the program's exit code says (user-interface section 5); the library's errors have
// the same codes.
#ifndef LGX_MACHINE_EXIT_CODES_H_
#define LGX_MACHINE_EXIT_CODES_H_

#include "base/status.h"

namespace lgx {

enum ExitCode : int {
  kExitOk = 0,           // the Guest powered off, or the requested point was reached
  kExitHostRefused = 1,  // disk full, no permission, out of memory
  kExitUsage = 2,        // wrong command line or config
  kExitGuestKilled = 3,  // the Guest broke the rules
  kExitGuestPanic = 4,   // the Guest kernel reported a crash
  kExitLimit = 5,        // a limit was reached
  kExitDiverged = 6,     // a replay diverged
  kExitExpectation = 7,  // an expectation failed
  kExitBadFile = 8,      // a file is damaged, too new, or not what it claims
  kExitOurBug = 70,
  kExitTimeout = 124,
  kExitSignalBase = 128,  // + number of the signal
};

// The exit code of a command that ended with this error. So code that reports an error
// chooses the status code by who has to act:
//   kOutOfRange, kNotFound, kFailedPrecondition    what was asked for: values, amounts of
//                                                  memory, names of files that do not
//                                                  exist
//   kInvalidArgument, kDataLoss, kUnimplemented    what a file holds: not what it claims,
//   cut
//                                                  short, of a kind not supported yet
//   kInternal and the rest of Abseil's             we have a bug
//   kUnavailable, kPermissionDenied,               the host system
//   kResourceExhausted, kAborted, kAlreadyExists
constexpr ExitCode ExitCodeFor(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return kExitOk;
    case StatusCode::kOutOfRange:
    case StatusCode::kNotFound:
    case StatusCode::kFailedPrecondition:
      return kExitUsage;
    case StatusCode::kInvalidArgument:
    case StatusCode::kDataLoss:
    case StatusCode::kUnimplemented:
      return kExitBadFile;
    case StatusCode::kUnavailable:
    case StatusCode::kPermissionDenied:
    case StatusCode::kResourceExhausted:
    case StatusCode::kAborted:
    case StatusCode::kAlreadyExists:
      return kExitHostRefused;
    case StatusCode::kDeadlineExceeded:
      return kExitTimeout;
    default:
      return kExitOurBug;
  }
}

}  // namespace lgx

#endif  // LGX_MACHINE_EXIT_CODES_H_
