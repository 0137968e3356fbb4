// Lines that a person types, or that come from a pipe.
#ifndef LGX_TOOLS_LINE_READER_H_
#define LGX_TOOLS_LINE_READER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lgx {

// What the last word of `line`, `start`, can become.
using Completer = std::function<std::vector<std::string>(std::string_view line,
                                                         std::string_view start)>;

class LineReader {
 public:
  virtual ~LineReader() = default;
  // The next line without its end; nothing at the end of the input.
  virtual std::optional<std::string> Read(const std::string& prompt) = 0;
};

// Standard input: on a terminal with history, editing and completion where libedit was
// there at build time; plain lines otherwise, and then no prompt is shown.
std::unique_ptr<LineReader> MakeLineReader(bool terminal, Completer completer);

// The longest text that all of `words` begin with.
std::string CommonStart(const std::vector<std::string>& words);

}  // namespace lgx

#endif  // LGX_TOOLS_LINE_READER_H_
