#include "machine/pattern.h"

#include <algorithm>
#include <string>
#include <utility>

namespace lgx {

// Thompson's construction: every part of the pattern becomes a piece of automaton with
// one way in and a list of loose ends.
class PatternCompiler {
 public:
  using Kind = Pattern::Kind;
  using Set = std::bitset<256>;

  PatternCompiler(std::string_view text, Pattern* pattern)
      : text_(text), pattern_(pattern) {}

  Status Run() {
    if (text_.empty()) {
      Error("is empty; write the text to wait for");
      return status_;
    }
    const Piece all = Alternatives(0);
    if (at_ < text_.size()) Error("has a ) without a (; write \\) for the character");
    if (!status_.ok()) return status_;
    Connect(all, NewState({Kind::kMatch}));
    pattern_->start_ = all.start;
    if (status_.ok()) CheckNeedsText();
    return status_;
  }

 private:
  // A loose end is the number of a state, and which of its two ways is loose.
  struct End {
    u32 state;
    bool other;
  };
  struct Piece {
    u32 start = 0;
    std::vector<End> ends;
  };

  // The first error is the one that counts.
  void Error(const std::string& text) {
    if (!status_.ok()) return;
    status_ = Errorf(StatusCode::kOutOfRange, "the pattern \"%s\" %s (at offset %d)",
                     std::string(text_), text, at_);
  }

  u32 NewState(Pattern::State state) {
    if (pattern_->states_.size() >= Pattern::kMaxStates) {
      if (status_.ok()) Error("is too large; use fewer or smaller repetitions");
      return 0;
    }
    pattern_->states_.push_back(state);
    return static_cast<u32>(pattern_->states_.size() - 1);
  }

  void Connect(const Piece& piece, u32 to) {
    for (const End& end : piece.ends) {
      Pattern::State& state = pattern_->states_[end.state];
      (end.other ? state.other : state.next) = to;
    }
  }

  Piece Single(Kind kind, u32 set = 0) {
    const u32 state = NewState({kind, 0, 0, set});
    return {state, {{state, false}}};
  }
  Piece Bytes(const Set& set) {
    pattern_->sets_.push_back(set);
    return Single(Kind::kBytes, static_cast<u32>(pattern_->sets_.size() - 1));
  }
  // Nothing at all: a split whose two ways are the same.
  Piece Empty() {
    const u32 state = NewState({Kind::kSplit});
    return {state, {{state, false}, {state, true}}};
  }

  bool More() const { return at_ < text_.size() && status_.ok(); }

  Piece Alternatives(int depth) {
    Piece left = Sequence(depth);
    while (More() && text_[at_] == '|') {
      at_++;
      Piece right = Sequence(depth);
      const u32 split = NewState({Kind::kSplit, left.start, right.start});
      left.start = split;
      left.ends.insert(left.ends.end(), right.ends.begin(), right.ends.end());
    }
    return left;
  }

  Piece Sequence(int depth) {
    if (!More() || text_[at_] == '|' || text_[at_] == ')') return Empty();
    Piece all = Repeated(depth);
    while (More() && text_[at_] != '|' && text_[at_] != ')') {
      Piece next = Repeated(depth);
      Connect(all, next.start);
      all.ends = std::move(next.ends);
    }
    return all;
  }

  // An atom and what follows it. {2,5} repeats the atom's text, so the atom is read again
  // for each copy.
  Piece Repeated(int depth) {
    const size_t atom = at_;
    Piece piece = Atom(depth);
    bool repeated = false;
    while (More()) {
      u32 low = 0;
      u32 high = 0;
      if (!Repetition(&low, &high)) break;
      if (repeated) {
        Error("repeats a repetition; use a group");
        break;
      }
      repeated = true;
      const size_t behind = at_;
      piece = Copies(std::move(piece), atom, low, high, depth);
      at_ = behind;
    }
    return piece;
  }

  static constexpr u32 kUnlimited = ~u32{0};

  bool Repetition(u32* low, u32* high) {
    switch (text_[at_]) {
      case '*':
        *low = 0, *high = kUnlimited;
        break;
      case '+':
        *low = 1, *high = kUnlimited;
        break;
      case '?':
        *low = 0, *high = 1;
        break;
      case '{':
        return Braces(low, high);
      default:
        return false;
    }
    at_++;
    return true;
  }

  // {2} {2,} {2,5}; anything else is a { that stands for itself.
  bool Braces(u32* low, u32* high) {
    size_t at = at_ + 1;
    if (!Number(&at, low)) return false;
    *high = *low;
    if (at < text_.size() && text_[at] == ',') {
      at++;
      if (!Number(&at, high)) *high = kUnlimited;
    }
    if (at >= text_.size() || text_[at] != '}') return false;
    if (*low > Pattern::kMaxRepeat ||
        (*high != kUnlimited && *high > Pattern::kMaxRepeat)) {
      return Error("repeats more than 255 times"), false;
    }
    if (*high < *low) return Error("has a range that ends before it begins"), false;
    at_ = at + 1;
    return true;
  }

  bool Number(size_t* at, u32* value) const {
    const size_t first = *at;
    *value = 0;
    while (*at < text_.size() && text_[*at] >= '0' && text_[*at] <= '9') {
      *value = std::min(*value * 10 + static_cast<u32>(text_[*at] - '0'), 100'000u);
      ++*at;
    }
    return *at > first;
  }

  Piece Optional(Piece piece) {
    const u32 split = NewState({Kind::kSplit, piece.start});
    piece.start = split;
    piece.ends.push_back({split, true});
    return piece;
  }
  Piece Loop(const Piece& piece, bool at_least_once) {
    const u32 split = NewState({Kind::kSplit, piece.start});
    Connect(piece, split);
    return {at_least_once ? piece.start : split, {{split, true}}};
  }

  // `low` to `high` times the atom, of which `first` is a copy already made.
  Piece Copies(Piece first, size_t atom, u32 low, u32 high, int depth) {
    if (high == 0) return Empty();
    if (low == 0 && high == kUnlimited) return Loop(first, false);
    if (low == 0) first = Optional(std::move(first));
    Piece all;
    bool have = false;
    const u32 count = high == kUnlimited ? low : high;
    for (u32 i = 1; i <= count && status_.ok(); i++) {
      Piece copy;
      if (i == 1) {
        copy = first;
      } else {
        at_ = atom;
        copy = Atom(depth);
        if (i > low) copy = Optional(std::move(copy));
      }
      if (high == kUnlimited && i == count) copy = Loop(copy, true);
      if (have) {
        Connect(all, copy.start);
        all.ends = std::move(copy.ends);
      } else {
        all = std::move(copy);
        have = true;
      }
    }
    return all;
  }

  Piece Atom(int depth) {
    const char c = text_[at_++];
    switch (c) {
      case '(': {
        if (depth >= Pattern::kMaxDepth) {
          Error("has groups that are nested too deep");
          return {};
        }
        Piece inside = Alternatives(depth + 1);
        if (!More() || text_[at_] != ')') {
          Error("has a ( without a ); write \\( for the character");
          return inside;
        }
        at_++;
        return inside;
      }
      case '[':
        return Bytes(Class());
      case '.': {
        Set any;
        any.set();
        any.reset('\n');
        return Bytes(any);
      }
      case '^':
        return Single(Kind::kLineStart);
      case '$':
        return Single(Kind::kLineEnd);
      case '*':
      case '+':
      case '?':
        at_--;
        Error("repeats nothing; write \\* for the character");
        return {};
      case '\\':
        return Bytes(Escaped());
      default:
        return Bytes(One(static_cast<u8>(c)));
    }
  }

  static Set One(u8 byte) {
    Set set;
    set.set(byte);
    return set;
  }
  static void AddRange(u8 low, u8 high, Set* set) {
    for (u32 c = low; c <= high; c++) set->set(c);
  }

  // Behind a backslash.
  Set Escaped() {
    if (at_ >= text_.size()) {
      Error("ends with a backslash; write \\\\ for the character");
      return {};
    }
    const char c = text_[at_++];
    Set set;
    switch (c) {
      case 'd':
      case 'D':
        AddRange('0', '9', &set);
        return c == 'D' ? ~set : set;
      case 'w':
      case 'W':
        AddRange('0', '9', &set);
        AddRange('a', 'z', &set);
        AddRange('A', 'Z', &set);
        set.set('_');
        return c == 'W' ? ~set : set;
      case 's':
      case 'S':
        for (const char blank : {' ', '\t', '\n', '\r', '\v', '\f'}) {
          set.set(static_cast<u8>(blank));
        }
        return c == 'S' ? ~set : set;
      case 'n':
        return One('\n');
      case 'r':
        return One('\r');
      case 't':
        return One('\t');
      case 'e':
        return One(27);
      case 'x':
        return HexByte();
      default:
        break;
    }
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter) Error(std::string("has \\") + c + ", which means nothing here");
    return One(static_cast<u8>(c));
  }

  Set HexByte() {
    u32 value = 0;
    for (int i = 0; i < 2; i++) {
      const char c = at_ < text_.size() ? text_[at_] : ' ';
      const std::string_view digits = "0123456789abcdef";
      const size_t digit =
          digits.find(static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c));
      if (digit == std::string_view::npos) {
        Error("has \\x without two hexadecimal digits");
        return {};
      }
      value = value * 16 + static_cast<u32>(digit);
      at_++;
    }
    return One(static_cast<u8>(value));
  }

  // Behind "[".
  Set Class() {
    Set set;
    const bool negated = at_ < text_.size() && text_[at_] == '^';
    if (negated) at_++;
    for (bool first = true; More(); first = false) {
      if (text_[at_] == ']' && !first) {
        at_++;
        return negated ? ~set : set;
      }
      const Set low = ClassItem();
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        at_++;
        const Set high = ClassItem();
        if (!status_.ok()) return set;
        if (low.count() != 1 || high.count() != 1 || First(high) < First(low)) {
          Error("has a range that ends before it begins");
          return set;
        }
        AddRange(First(low), First(high), &set);
      } else {
        set |= low;
      }
    }
    Error("has a [ without a ]; write \\[ for the character");
    return set;
  }
  Set ClassItem() {
    const char c = text_[at_++];
    return c == '\\' ? Escaped() : One(static_cast<u8>(c));
  }
  static u8 First(const Set& set) {
    u32 i = 0;
    while (i < 255 && !set.test(i)) i++;
    return static_cast<u8>(i);
  }

  // A pattern that matches no text at all would match everywhere.
  void CheckNeedsText() {
    std::vector<u8> seen(pattern_->states_.size(), 0);
    std::vector<u32> work = {pattern_->start_};
    while (!work.empty()) {
      const u32 index = work.back();
      work.pop_back();
      if (seen[index] != 0) continue;
      seen[index] = 1;
      const Pattern::State& state = pattern_->states_[index];
      if (state.kind == Kind::kMatch) {
        at_ = 0;
        Error("matches without any text; write what has to be there");
        return;
      }
      if (state.kind == Kind::kBytes) continue;
      work.push_back(state.next);
      if (state.kind == Kind::kSplit) work.push_back(state.other);
    }
  }

  std::string_view text_;
  Pattern* pattern_;
  size_t at_ = 0;
  Status status_;
};

StatusOr<Pattern> Pattern::Compile(std::string_view text) {
  Pattern pattern;
  LGX_RETURN_IF_ERROR(PatternCompiler(text, &pattern).Run());
  pattern.seen_.assign(pattern.states_.size(), 0);
  return pattern;
}

void Pattern::Reset() {
  now_.clear();
  ends_.clear();
  at_line_start_ = true;
}

// Follows everything that needs no byte. States that wait for one go to next_, those that
// wait for the end of a line to ends_.
void Pattern::Add(u32 state, bool line_start, bool line_end) {
  work_.push_back(state);
  while (!work_.empty()) {
    const u32 index = work_.back();
    work_.pop_back();
    if (seen_[index] != 0) continue;
    seen_[index] = 1;
    const State& at = states_[index];
    switch (at.kind) {
      case Kind::kBytes:
        next_.push_back(index);
        break;
      case Kind::kSplit:
        work_.push_back(at.other);
        work_.push_back(at.next);
        break;
      case Kind::kLineStart:
        if (line_start) work_.push_back(at.next);
        break;
      case Kind::kLineEnd:
        if (line_end) {
          work_.push_back(at.next);
        } else {
          ends_.push_back(index);
        }
        break;
      case Kind::kMatch:
        matched_ = true;
        break;
    }
  }
}

bool Pattern::Feed(u8 byte) {
  matched_ = false;
  const bool ends_line = byte == '\r' || byte == '\n';
  // What can be reached before this byte: a match may begin here, and lines may end here.
  next_ = now_;
  std::fill(seen_.begin(), seen_.end(), 0);
  for (const u32 state : now_) seen_[state] = 1;
  if (ends_line) {
    for (const u32 state : ends_) Add(states_[state].next, at_line_start_, true);
  }
  Add(start_, at_line_start_, ends_line);
  if (!matched_) {
    now_.swap(next_);
    next_.clear();
    ends_.clear();
    std::fill(seen_.begin(), seen_.end(), 0);
    at_line_start_ = byte == '\n';
    for (const u32 state : now_) {
      const State& at = states_[state];
      if (sets_[at.set].test(byte)) Add(at.next, at_line_start_, false);
    }
    now_.swap(next_);
    next_.clear();
  }
  if (!matched_) return false;
  Reset();
  at_line_start_ = byte == '\n';
  return true;
}

}  // namespace lgx
