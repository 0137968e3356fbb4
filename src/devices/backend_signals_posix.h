// Signals that ask the program to stop, turned into something that can be asked for at an
// instruction boundary.
#ifndef LGX_DEVICES_BACKEND_SIGNALS_POSIX_H_
#define LGX_DEVICES_BACKEND_SIGNALS_POSIX_H_

namespace lgx {

// While an object lives (at most one does): SIGTERM, SIGINT and SIGHUP are noted, SIGUSR1
// asks for statistics, and a broken pipe is an error of write() instead of a signal. A
// second signal to stop, before the first was taken, ends the process at once with the
// terminal restored: so a program that no longer looks can still be stopped.
//
// A signal that was ignored when the program started (nohup) stays ignored.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // The number of a signal to stop that came and was not taken yet, or 0.
  int Take();
  // Is there one? Does not take it.
  bool Pending() const;
  // Statistics were asked for since the last call.
  bool TakeStatsRequest();

  // Readable when there may be something to take. Drain() empties it.
  int wake_fd() const;
  void Drain();
};

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_SIGNALS_POSIX_H_
