#include "tools/line_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#ifdef LGX_HAVE_LIBEDIT
#include <histedit.h>
#endif

namespace lgx {
namespace {

class PlainLines final : public LineReader {
 public:
  explicit PlainLines(bool terminal) : terminal_(terminal) {}

  std::optional<std::string> Read(const std::string& prompt) override {
    if (terminal_) std::fputs(prompt.c_str(), stdout);
    std::fflush(stdout);
    std::string line;
    int c = std::getc(stdin);
    if (c == EOF) return std::nullopt;
    // A line without end is no command: what is too much of it is thrown away.
    constexpr size_t kLongest = 1 << 16;
    for (; c != EOF && c != '\n'; c = std::getc(stdin)) {
      if (line.size() < kLongest) line += static_cast<char>(c);
    }
    return line;
  }

 private:
  bool terminal_;
};

#ifdef LGX_HAVE_LIBEDIT

class EditedLines final : public LineReader {
 public:
  explicit EditedLines(Completer completer)
      : completer_(std::move(completer)),
        edit_(el_init("lgx", stdin, stdout, stderr)),
        history_(history_init()) {
    HistEvent event;
    constexpr int kKept = 500;
    history(history_, &event, H_SETSIZE, kKept);
    history(history_, &event, H_SETUNIQUE, 1);
    el_set(edit_, EL_CLIENTDATA, this);
    el_set(edit_, EL_PROMPT, &Prompt);
    el_set(edit_, EL_EDITOR, "emacs");
    el_set(edit_, EL_SIGNAL, 1);
    el_set(edit_, EL_HIST, history, history_);
    el_set(edit_, EL_ADDFN, "lgx-complete", "complete a word", &Complete);
    el_set(edit_, EL_BIND, "^I", "lgx-complete", nullptr);
  }
  ~EditedLines() override {
    history_end(history_);
    el_end(edit_);
  }
  EditedLines(const EditedLines&) = delete;
  EditedLines& operator=(const EditedLines&) = delete;

  std::optional<std::string> Read(const std::string& prompt) override {
    prompt_ = prompt;
    int count = 0;
    const char* const text = el_gets(edit_, &count);
    if (text == nullptr || count <= 0) return std::nullopt;
    std::string line(text, static_cast<size_t>(count));
    while (line.ends_with('\n')) line.pop_back();
    HistEvent event;
    if (!line.empty()) history(history_, &event, H_ENTER, line.c_str());
    return line;
  }

 private:
  static EditedLines* Self(EditLine* edit) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return static_cast<EditedLines*>(self);
  }
  static char* Prompt(EditLine* edit) { return Self(edit)->prompt_.data(); }

  static unsigned char Complete(EditLine* edit, int) {
    const LineInfo* const info = el_line(edit);
    const std::string_view line(info->buffer,
                                static_cast<size_t>(info->cursor - info->buffer));
    const std::string_view start = line.substr(line.find_last_of(" \t") + 1);
    const std::vector<std::string> words = Self(edit)->completer_(line, start);
    if (words.empty()) return CC_ERROR;
    std::string rest = CommonStart(words).substr(start.size());
    if (words.size() == 1) rest += ' ';
    if (!rest.empty()) {
      return el_insertstr(edit, rest.c_str()) == -1 ? CC_ERROR : CC_REFRESH;
    }
    std::fputs("\n", stdout);
    for (const std::string& word : words) std::printf("%s  ", word.c_str());
    std::fputs("\n", stdout);
    return CC_REDISPLAY;
  }

  Completer completer_;
  EditLine* edit_;
  History* history_;
  std::string prompt_;
};

#endif  // LGX_HAVE_LIBEDIT

}  // namespace

std::unique_ptr<LineReader> MakeLineReader(bool terminal, Completer completer) {
#ifdef LGX_HAVE_LIBEDIT
  if (terminal) return std::make_unique<EditedLines>(std::move(completer));
#endif
  return std::make_unique<PlainLines>(terminal);
}

std::string CommonStart(const std::vector<std::string>& words) {
  if (words.empty()) return "";
  std::string common = words[0];
  for (const std::string& word : words) {
    const auto [end, other] =
        std::mismatch(common.begin(), common.end(), word.begin(), word.end());
    common.erase(end, common.end());
  }
  return common;
}

}  // namespace lgx
