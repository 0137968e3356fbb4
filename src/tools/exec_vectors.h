// lgx exec-vectors: one-instruction test vectors, executed and compared.
#ifndef LGX_TOOLS_EXEC_VECTORS_H_
#define LGX_TOOLS_EXEC_VECTORS_H_

#include <optional>
#include <string>
#include <vector>

#include "cpu/cpu.h"

namespace lgx {

struct ExecVectorsOptions {
  std::string world;               // W.json
  std::string vectors;             // FILE.jsonl
  std::vector<std::string> only;   // categories; empty: all
  u64 fail_limit = 0;              // failing vectors printed; 0: all
  std::string dump;                // file for what came out; empty: none
  std::optional<Binding> binding;  // default: the build's
  bool uncached = false;           // every instruction decoded anew and run alone
};

// Format: docs/vectors.md. Prints one JSON line for each failing vector and a summary
// line on stdout. Returns 0 (all pass), 1 (some fail) or 2 (could not run; the reason is
// on stderr).
int ExecVectors(const ExecVectorsOptions& options);

}  // namespace lgx

#endif  // LGX_TOOLS_EXEC_VECTORS_H_
