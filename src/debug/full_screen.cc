#include "debug/full_screen.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "debug/memory_view.h"
#include "debug/page_view.h"
#include "debug/register_view.h"

namespace lgx {
namespace {

constexpr u32 kCodeRows = 9;  // beside the registers
constexpr u32 kFewCodeRows = 4;
constexpr u32 kRegisterColumns = 63;
constexpr u32 kCodeColumns = 46;
constexpr size_t kSaid = 200;

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string Fitted(std::string line, u32 columns) {
  for (char& c : line) {
    if (c < ' ' || c > '~') c = '.';
  }
  if (line.size() > columns) line.resize(columns);
  return line;
}

std::string Bar(std::string_view title, u32 columns) {
  std::string bar = absl::StrFormat("-- %s ", std::string(title));
  bar.resize(std::max<size_t>(columns, bar.size()), '-');
  return bar.substr(0, columns);
}

// Two columns of lines side by side.
std::vector<std::string> Beside(const std::vector<std::string>& left,
                                const std::vector<std::string>& right, u32 width,
                                u32 rows) {
  std::vector<std::string> lines;
  for (u32 i = 0; i < rows; ++i) {
    std::string line = i < left.size() ? left[i] : "";
    line.resize(width, ' ');
    if (i < right.size()) line += "| " + right[i];
    lines.push_back(std::move(line));
  }
  return lines;
}

const char* NameOf(PageFocus focus) {
  switch (focus) {
    case PageFocus::kEip:
      return "page tables of EIP";
    case PageFocus::kEsp:
      return "page tables of ESP";
    case PageFocus::kFault:
      return "page tables of the last page fault";
  }
  return "?";
}

}  // namespace

void FullScreen::Say(std::string_view text) {
  for (std::string& line : Lines(text)) {
    if (said_.size() == kSaid) said_.pop_front();
    said_.push_back(std::move(line));
  }
}

void FullScreen::TurnFocus() {
  focus_ = static_cast<PageFocus>((static_cast<u8>(focus_) + 1) % 3);
}

std::string_view FullScreen::CommandOf(char key) {
  switch (key) {
    case 's':
      return "step";
    case 'n':
      return "next";
    case 'c':
      return "continue";
    case 'g':
      return "stage";
    case 'x':
      return "crossing next";
    case 'e':
      return "explain";
    case 'b':
      return "back";
    default:
      return "";
  }
}

std::vector<std::string> FullScreen::CodeLines(u32 rows) const {
  const RunControl& control = console_.control();
  const Lin at(ReadRegisters(control).eip);
  return Lines(
      ViewCode(control, console_.symbols(), {Space::kLinear, at.value}, rows, at));
}

std::vector<std::string> FullScreen::PageLines() const {
  const RunControl& control = console_.control();
  const Guest& guest = control.machine().guest();
  const CurrentRegisters now = ReadRegisters(control);
  u32 at = now.eip;
  if (focus_ == PageFocus::kEsp) at = now.regs[kEsp];
  if (focus_ == PageFocus::kFault) at = guest.cpu.last_pagefault;
  std::vector<std::string> lines = Lines(ViewPage(PageSpaceOf(guest), Lin(at)));
  // The four kinds of access are for those who ask with `inspect`.
  const auto verdict = std::find_if(lines.begin(), lines.end(), [](const auto& line) {
    return line.find("=>") != std::string::npos;
  });
  if (verdict != lines.end()) lines.erase(verdict + 1, lines.end());
  return lines;
}

std::vector<std::string> FullScreen::EventLines(u32 rows) const {
  if (console_.events() == nullptr) return {};
  const auto& entries = console_.events()->entries();
  std::vector<std::string> lines;
  for (size_t i = entries.size() - std::min<size_t>(entries.size(), rows);
       i < entries.size(); ++i) {
    lines.push_back(
        absl::StrFormat("%12d  %s", entries[i].instructions, entries[i].line));
  }
  return lines;
}

// Side by side where there is room, one below the other elsewhere.
std::vector<std::string> FullScreen::CodeAndRegisters(u32 columns) const {
  std::vector<std::string> regs =
      Lines(ViewRegisters(console_.control(), console_.symbols()));
  if (columns < kRegisterColumns + kCodeColumns) {
    std::vector<std::string> lines = CodeLines(kFewCodeRows);
    lines.resize(kFewCodeRows);
    std::move(regs.begin(), regs.end(), std::back_inserter(lines));
    return lines;
  }
  const u32 left = columns - kRegisterColumns;
  std::vector<std::string> code = CodeLines(kCodeRows);
  for (std::string& line : code) line = Fitted(std::move(line), left - 1);
  return Beside(code, regs, left, kCodeRows);
}

std::vector<std::string> FullScreen::Draw(const ScreenSize& size) const {
  const u32 columns = std::max(size.columns, 20u);
  std::vector<std::string> screen;
  std::vector<std::string> stop = Lines(console_.DescribeStop());
  std::string title;
  for (const std::string& line : stop) {
    if (line.starts_with("=>") || line.ends_with(":")) break;
    title += (title.empty() ? "" : "  ") + line;
  }
  screen.push_back(Bar(title, columns));
  for (std::string& line : CodeAndRegisters(columns)) screen.push_back(std::move(line));
  screen.push_back(Bar(NameOf(focus_), columns));
  for (std::string& line : PageLines()) screen.push_back(std::move(line));
  // What is left is shared by events and words, with a line for the keys at the end.
  const u32 used = static_cast<u32>(screen.size()) + 3;
  const u32 rest = size.rows > used ? size.rows - used : 0;
  screen.push_back(Bar("events", columns));
  std::vector<std::string> events = EventLines(rest / 2);
  events.resize(rest / 2);
  for (std::string& line : events) screen.push_back(std::move(line));
  screen.push_back(Bar("said", columns));
  const size_t words = rest - rest / 2;
  for (size_t i = said_.size() - std::min(said_.size(), words); i < said_.size(); ++i) {
    screen.push_back(said_[i]);
  }
  if (size.rows != 0) screen.resize(size.rows - 1);
  screen.emplace_back(
      "s step n next c continue b back g stage x crossing e explain p pages : q quit");
  for (std::string& line : screen) line = Fitted(std::move(line), columns);
  return screen;
}

}  // namespace lgx
