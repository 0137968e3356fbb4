// What people type at a debugger: lines for its console, and points of a run by
// themselves. Each line gets an answer or an error that says something, none takes long,
// and looking changes nothing: the run ends as if nobody had been there.
//
// An input that begins with a byte below 0x20 is made into lines of known words (1: with
// a way back); any other one is lines as they stand.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "debug/console.h"
#include "debug/guide.h"
#include "debug/journey.h"
#include "debug/journey_moments.h"
#include "tests/debug/repeated_guest.h"
#include "tests/fuzz/choices.h"
#include "tests/fuzz/require.h"
#include "tools/time_travel.h"

namespace lgx::test {
namespace {

constexpr u8 kFirstText = 0x20;
constexpr u32 kMostLines = 64;
// Of commands that go back: each repeats the run.
constexpr u32 kMostBack = 6;

struct Totals {
  u64 lines = 0, answers = 0, errors = 0;

  ~Totals() {
    std::fprintf(stderr, "debugger_fuzz: %llu lines, %llu answers, %llu errors\n",
                 static_cast<unsigned long long>(lines),
                 static_cast<unsigned long long>(answers),
                 static_cast<unsigned long long>(errors));
  }
};
Totals totals;

// ---- points by themselves

void CheckPoint(std::string_view text) {
  const StatusOr<Point> point = ParsePoint(text);
  if (!point.ok()) {
    Require(MessageOf(point.status()).find("is not a point: ") != std::string::npos);
    return;
  }
  // A text with a quotation mark in it cannot be said again.
  if (point->kind == Point::Kind::kConsole) return;
  const StatusOr<Point> again = ParsePoint(PointText(*point));
  Require(again.ok() && *again == *point);
}

// ---- the console

class Session {
 public:
  Session(RepeatedGuest& guest, bool back)
      : guest_(guest),
        control_(guest.machine()),
        symbols_(SymbolTable({{kTinyText, "start"},
                              {kTinyHandlers, "count"},
                              {kTinyProgram, "program"}}),
                 &guest.machine().crossing().text()),
        events_(guest.machine(), symbols_) {
    control_.set_symbols(&symbols_.kernel());
    if (back)
      time_ =
          std::make_unique<TimeTravel>(control_, &events_, std::vector<ReplayDisk*>());
    DebugConsole::Parts parts{control_, symbols_, &events_};
    parts.reverse = time_.get();
    parts.why_not_back = "there is no way back";
    parts.type = [](std::string_view) {};
    console_.emplace(parts, [this](std::string_view text) { said_ += text.size(); });
  }

  void Obey(const std::string& line) {
    ++totals.lines;
    said_ = 0;
    const Status status = console_->Execute(line);
    if (status.ok()) {
      totals.answers += said_ != 0 ? 1 : 0;
    } else {
      ++totals.errors;
      Require(!MessageOf(status).empty());
    }
    Require(said_ < kMostSaid);
    (void)console_->Complete(line, line.substr(line.find_last_of(' ') + 1));
  }

  // Where the run ends when it goes on from here.
  void ExpectTheSameEnd() {
    while (!control_.places().empty()) control_.Remove(control_.places().front().id);
    control_.set_stop_kinds({});
    while (!control_.ended()) control_.Continue();
    Require(guest_.machine().Hash() == guest_.end());
  }

 private:
  static constexpr std::size_t kMostSaid = std::size_t{4} << 20;

  RepeatedGuest& guest_;
  RunControl control_;
  Symbols symbols_;
  EventLog events_;
  std::unique_ptr<TimeTravel> time_;
  std::optional<DebugConsole> console_;
  std::size_t said_ = 0;
};

bool GoesBack(std::string_view line) {
  return line.starts_with("back") || line.starts_with("rc");
}

// ---- lines of words

// In a form %a is an address, %n a number, %p a point, %o what may follow an address of
// `watch`, %f a format of `x`, %w any word.
constexpr const char* kForms[] = {
    "step",
    "step %n",
    "stage",
    "until %p",
    "break %a",
    "watch %a%o",
    "back %n",
    "rcontinue",
    "%w %w",
    "continue",
    "next",
    "until %a",
    "until %w",
    "crossing next",
    "crossing end",
    "crossing %w",
    "stage %n",
    "rc",
    "b %a",
    "b",
    "w %a",
    "delete %n",
    "delete all",
    "delete %w",
    "enable %n on",
    "enable %n off",
    "enable %w %w",
    "regs",
    "r",
    "x%f %a",
    "x %a",
    "x%f %w",
    "disas",
    "disas %a",
    "disas %a %n",
    "bt",
    "sym %w",
    "sym %a",
    "inspect pages %a",
    "inspect pages --map",
    "inspect pages --diff",
    "inspect %w %w",
    "info gdt",
    "info idt",
    "info tss",
    "info tlb",
    "info irq",
    "info timer",
    "info queues",
    "info breaks",
    "info %w",
    "explain",
    "trace",
    "trace %n",
    "hash",
    "type %w %w",
    "help",
    "help %w",
    "quit",
    "%w",
    "%w %w %w",
    "# %w",
    "",
    "%w%w%w",
};
constexpr const char* kAddresses[] = {
    "0x00140004",
    "start",
    "program",
    "count",
    "start+3",
    "$esp",
    "$eip",
    "$eip+4-2",
    "lin:0x110000",
    "gpa:0x140004",
    "mpa:0x140004",
    "gpa:0x7fffff",
    "gpa:0xffffffff",
    "switcher:load_guest_cr3",
    "0",
    "0xffffffff",
    "0xfffffffe",
    "0xffc01000",
    "0xc0100000",
    "program+10",
    "mpa:0x1000",
    "$nothing",
    "nowhere",
    "1+",
    "-",
};
constexpr const char* kNumbers[] = {
    "1", "2", "3", "7", "40", "300", "2K", "0", "-1", "99999999999999999999", "0x", "1e9",
};
constexpr const char* kPoints[] = {
    "insn:700",
    "insn:2K",
    "insn:0",
    "time:10us",
    "time:-1s",
    "time:1e30s",
    "crossing:3",
    "crossing:0",
    "crossing:99",
    "stop:paging.040",
    "stop:paging.040#3",
    "stop:crossing.040",
    "stop:hypercalls.010",
    "stop:time.020",
    "stop:nowhere.1",
    "stop:",
    "symbol:count",
    "symbol:count#2",
    "symbol:nowhere",
    "symbol:count#0",
    "console:\"hi\"",
    "console:hi",
    "console:\"",
    "console:\"\"",
    "hypercall:ANY#4",
    "hypercall:SET_CLOCKEVENT#2",
    "hypercall:SET_PTE",
    "hypercall:#",
    "hypercall:NOPE",
    "end",
    "insn:",
    ":",
    "now:1",
};
constexpr const char* kOptions[] = {
    "",     ",r",    ",w",    ",x", ",4", ",w,4", ",r,w,16",
    ",w,8", ",4096", ",4097", ",0", ",q", ",r,x", ",,",
};
constexpr const char* kFormats[] = {
    "",     "/8xw", "/3i", "/s",      "/4096xb", "/c", "/40c",
    "/9dh", "/7ub", "/0x", "/99999x", "/z",      "/",
};
constexpr const char* kWords[] = {
    "step",     "until",      "break",      "pages",
    "--map",    "gdt",        "all",        "on",
    "q",        "h",          "start",      "coun",
    "$eip",     "paging.040", "page-fault", "crossing,fault",
    "all,insn", "mem",        "end",        "next",
    "\"",       "\"a b\"",    ",",          ":",
    "#",        "+",          "\t",         "zzz",
    "insn",     "lin:",       "gpa:",
};

std::string MadeLine(Choices& choices) {
  const std::string_view form = choices.From(kForms);
  std::string line;
  for (size_t i = 0; i < form.size(); ++i) {
    if (form[i] != '%') {
      line += form[i];
      continue;
    }
    switch (form[++i]) {
      case 'a':
        line += choices.From(kAddresses);
        break;
      case 'n':
        line += choices.From(kNumbers);
        break;
      case 'p':
        line += choices.From(kPoints);
        break;
      case 'o':
        line += choices.From(kOptions);
        break;
      case 'f':
        line += choices.From(kFormats);
        break;
      default:
        line += choices.From(kWords);
    }
  }
  if (choices.Below(16) == 0 && !line.empty()) {
    line[choices.Below(static_cast<u32>(line.size()))] =
        static_cast<char>(choices.Byte());
  }
  return line;
}

std::string NextLine(std::string_view* rest) {
  const std::size_t end = rest->find('\n');
  std::string line(rest->substr(0, end));
  rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
  return line;
}

void CheckNames(const std::string& line) {
  CheckPoint(line);
  const std::string_view word = std::string_view(line).substr(line.find(' ') + 1);
  CheckPoint(word);
  (void)MomentOf(line);
  (void)FindJourneyMoment(word);
  (void)FindJourneyLife(word);
  (void)ParseTraceCategories(word);
}

void Fuzz(std::span<const u8> bytes) {
  const bool made = bytes[0] < kFirstText;
  RepeatedGuest& guest = RepeatedGuest::Of(
      made && (bytes[0] & 2) != 0 ? PagingMode::kPae : PagingMode::kTwoLevel);
  guest.Restart();
  Session session(guest, made && (bytes[0] & 1) != 0);
  Choices choices(bytes.subspan(1));
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  u32 backs = 0;
  for (u32 i = 0; i < kMostLines && !(made ? choices.empty() : rest.empty()); ++i) {
    const std::string line = made ? MadeLine(choices) : NextLine(&rest);
    CheckNames(line);
    if (!GoesBack(line) || ++backs <= kMostBack) session.Obey(line);
  }
  session.ExpectTheSameEnd();
}

}  // namespace
}  // namespace lgx::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size != 0) lgx::test::Fuzz({data, size});
  return 0;
}
