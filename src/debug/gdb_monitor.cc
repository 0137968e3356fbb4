#include "debug/gdb_monitor.h"

#include <utility>
#include <vector>

#include "debug/address_words.h"

namespace lgx {

GdbMonitor::GdbMonitor(RunControl& control, SymbolTable kernel, TraceSink* other,
                       u32 other_mask)
    : symbols_(std::move(kernel), &control.machine().crossing().text()),
      events_(control.machine(), symbols_, other, other_mask),
      console_({.control = control, .symbols = symbols_, .events = &events_},
               [this](std::string_view text) { said_ += text; }) {}

std::string GdbMonitor::Obey(std::string_view line) {
  const std::vector<std::string> words = SplitWords(line);
  const DebugCommand* const command =
      words.empty() ? nullptr : FindDebugCommand(words[0]);
  if (command != nullptr && (Runs(*command) || words[0] == "quit" || words[0] == "q")) {
    return "gdb has commands of its own for that: stepi, continue, reverse-stepi, ...\n";
  }
  said_.clear();
  const Status status = console_.Execute(line);
  return status.ok() ? said_ : said_ + MessageOf(status) + "\n";
}

}  // namespace lgx
