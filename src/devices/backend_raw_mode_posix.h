// The terminal in raw mode, and back again on every way out of the process.
//
// A process has one terminal, and signal handlers have no object to call: so these are
// functions on state of the process, unlike everything else here.
#ifndef LGX_DEVICES_BACKEND_RAW_MODE_POSIX_H_
#define LGX_DEVICES_BACKEND_RAW_MODE_POSIX_H_

namespace lgx {

// Saves the settings of terminal `fd` and clears ISIG, ICANON and ECHO, as lguest did
// (guest-03 section A4): Ctrl-C, Ctrl-Z and Ctrl-\ are bytes for the Guest. Output
// processing stays on. False, and nothing changed, if `fd` is no terminal or another one
// is in raw mode. From now on LeaveRawMode() also happens at exit() and at signals that
// kill. Then `leave`, if not null, is written to standard output first, so that a screen
// can be put back as well; it outlives the raw mode.
bool EnterRawMode(int fd, const char* leave = nullptr);

// Puts the saved settings back, if there are any. May be called from anywhere, signal
// handlers and the hook of a failed CHECK included, and more than once.
void LeaveRawMode();

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_RAW_MODE_POSIX_H_
