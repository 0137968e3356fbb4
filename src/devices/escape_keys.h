// What a person types at a terminal that carries a Guest: most of it is for the Guest, a
// few keys are for us.
//
//   Ctrl-A and a key of the table   an event; the Guest sees neither
//   Ctrl-A a, Ctrl-A Ctrl-A         one Ctrl-A for the Guest
//   Ctrl-A and any other key        both for the Guest
//   three Ctrl-C                    the way out of the original Launcher (guest-03
//   section A4);
//                                   the Guest gets them too
#ifndef LGX_DEVICES_ESCAPE_KEYS_H_
#define LGX_DEVICES_ESCAPE_KEYS_H_

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "base/types.h"
#include "devices/console_backend.h"

namespace lgx {

// One line per key, for Ctrl-A h.
std::string EscapeKeyHelp();

class EscapeKeys {
 public:
  struct Options {
    bool ctrl_a = true;
    bool three_ctrl_c = false;
  };
  explicit EscapeKeys(Options options) : options_(options) {}

  // `typed` is what one read gave: a Ctrl-C counts only if it came alone. `now` is in
  // whole seconds of any clock that runs steadily. Bytes for the Guest go to the end of
  // `guest`.
  void Filter(std::span<const u8> typed, u64 now, std::vector<u8>* guest,
              std::deque<ConsoleEvent>* events);

 private:
  void Key(u8 key, std::vector<u8>* guest, std::deque<ConsoleEvent>* events);
  bool ThirdCtrlC(std::span<const u8> typed, u64 now);

  Options options_;
  bool escaped_ = false;  // Ctrl-A was the last key
  u32 ctrl_c_count_ = 0;
  u64 first_ctrl_c_ = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_ESCAPE_KEYS_H_
