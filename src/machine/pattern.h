// Patterns for the text of a console: is there a match that ends here?
//
// The text comes byte by byte and is not kept: a pattern is turned into a small
// automaton, and what is remembered is the set of its states that the text so far can be
// in. So each byte costs at most the size of the pattern, whatever the Guest writes, and
// nothing grows.
//
//   abc       these characters          \d \w \s   a digit, a word character, a blank
//   .         any but a newline         \D \W \S   any other
//   [a-z_]    one of these              \n \r \t \e \xHH   as in C
//   [^a-z]    none of these             \. \* ...  the character itself
//   x* x+ x?  repeated                  ^ $        the start and the end of a line
//   x{2} x{2,} x{2,5}                   ( ) |      groups and alternatives
//
// Before $ comes the text of a line, after it "\r" or "\n"; a prompt, which no newline
// follows, is matched without it.
#ifndef LGX_MACHINE_PATTERN_H_
#define LGX_MACHINE_PATTERN_H_

#include <bitset>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"

namespace lgx {

class Pattern {
 public:
  static constexpr size_t kMaxStates = 4096;
  static constexpr int kMaxDepth = 64;  // of groups
  static constexpr u32 kMaxRepeat = 255;

  // Errors name the pattern, the offset in it and what to do.
  static StatusOr<Pattern> Compile(std::string_view text);

  // Takes the next byte. True if a match ends with it (with $: before it). The search
  // goes on behind the match: nothing of it is part of the next one.
  bool Feed(u8 byte);

  // Forgets all text, as at the start of a line.
  void Reset();

  size_t states() const { return states_.size(); }

 private:
  friend class PatternCompiler;

  enum class Kind : u8 {
    kBytes,      // one byte of `set`, then `next`
    kSplit,      // `next` or `other`
    kLineStart,  // nothing, at the start of a line
    kLineEnd,    // nothing, where the next byte ends the line
    kMatch,
  };
  struct State {
    Kind kind = Kind::kMatch;
    u32 next = 0;
    u32 other = 0;
    u32 set = 0;  // index in sets_
  };

  void Add(u32 state, bool line_start, bool line_end);

  std::vector<State> states_;
  std::vector<std::bitset<256>> sets_;
  u32 start_ = 0;

  std::vector<u32> now_;   // states that a byte may continue
  std::vector<u32> ends_;  // states that wait for the end of the line
  std::vector<u32> next_;
  std::vector<u32> work_;
  std::vector<u8> seen_;
  bool matched_ = false;
  bool at_line_start_ = true;
};

}  // namespace lgx

#endif  // LGX_MACHINE_PATTERN_H_
