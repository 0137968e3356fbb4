// lgx.h for C++17: the same functions, with objects that free themselves.
//
//   lgx::Result<lgx::Machine> m = lgx::Machine::New(R"({"kernel": {"cmdline":
//   "demo"}})"); if (!m) { std::cerr << m.error().text() << "\n"; return 1; }
//   m->OnOutput([](std::string_view text) { std::cout << text; });
//   lgx::Result<lgx::Stop> stop = m->RunUntil("end");
//   std::cout << stop->reason << ", hash " << std::hex << m->Hash() << "\n";
//
// What the functions do, what may fail, and what callbacks may do is said in lgx.h. This
// header is all there is: it needs the library of lgx.h, of this version or a later one.
#ifndef LGX_LGX_HPP_
#define LGX_LGX_HPP_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "lgx/lgx.h"

namespace lgx {
inline namespace v1 {

// Why something did not work. A value like any other.
class Error {
 public:
  Error() = default;
  // Takes over `error`, which may be null.
  explicit Error(lgx_error* error) {
    if (error == nullptr) return;
    code_ = error->code;
    line_ = error->line;
    column_ = error->column;
    if (error->file != nullptr) file_ = error->file;
    text_ = error->text;
    lgx_error_free(error);
  }

  int code() const { return code_; }  // LGX_USAGE, ...
  const std::string& text() const { return text_; }
  // Of a configuration: whose line it is. Empty and 0: no line is meant.
  const std::string& file() const { return file_; }
  std::uint32_t line() const { return line_; }
  std::uint32_t column() const { return column_; }

 private:
  int code_ = LGX_BUG;
  std::uint32_t line_ = 0;
  std::uint32_t column_ = 0;
  std::string file_;
  std::string text_ = "there was not enough memory to say what is wrong";
};

// What Result::value() throws.
class Failure : public std::runtime_error {
 public:
  explicit Failure(Error error)
      : std::runtime_error(error.text()), error_(std::move(error)) {}
  const Error& error() const { return error_; }

 private:
  Error error_;
};

[[noreturn]] inline void Throw(const Error& error) {
#if defined(__cpp_exceptions)
  throw Failure(error);
#else
  (void)error;
  std::abort();
#endif
}

// A T, or why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : what_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : what_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return what_.index() == 0; }
  explicit operator bool() const { return ok(); }
  // Only if !ok().
  const Error& error() const { return *std::get_if<1>(&what_); }
  // Only if ok().
  T& operator*() { return *std::get_if<0>(&what_); }
  const T& operator*() const { return *std::get_if<0>(&what_); }
  T* operator->() { return std::get_if<0>(&what_); }
  const T* operator->() const { return std::get_if<0>(&what_); }
  // Throws Failure if !ok(); without exceptions it aborts.
  T& value() & {
    if (!ok()) Throw(error());
    return **this;
  }
  T value() && {
    if (!ok()) Throw(error());
    return std::move(**this);
  }

 private:
  std::variant<T, Error> what_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error)
      : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }
  void value() const {
    if (!ok()) Throw(error());
  }

 private:
  std::optional<Error> error_;
};

enum class Why {
  kReady = LGX_WHY_READY,
  kReached = LGX_WHY_REACHED,
  kEnded = LGX_WHY_ENDED,
  kWaiting = LGX_WHY_WAITING,
  kInterrupted = LGX_WHY_INTERRUPTED,
};

// lgx_stop
struct Stop {
  Why why = Why::kReady;
  int code = 0;
  std::string ending;
  std::string reason;
  std::string detail;
  std::uint64_t instructions = 0;
  std::uint64_t virtual_ns = 0;
  std::uint32_t boots = 0;

  bool ended() const { return why == Why::kEnded; }
};

enum class Space { kGpa = LGX_GPA, kLin = LGX_LIN, kMpa = LGX_MPA };

// lgx_event; good during the call.
struct Event {
  std::uint32_t category = 0;
  int phase = LGX_PHASE_INSTANT;
  std::uint64_t instructions = 0;
  std::uint64_t virtual_ns = 0;
  std::string_view name;
  std::string_view text;
  const lgx_event_arg* args = nullptr;
  std::size_t arg_count = 0;

  // Nothing: there is no such argument.
  std::optional<std::uint64_t> Arg(std::string_view key) const {
    for (std::size_t i = 0; i < arg_count; ++i) {
      if (key == args[i].key) return args[i].value;
    }
    return std::nullopt;
  }
};

// A state to go back to.
class State {
 public:
  // Takes it over.
  explicit State(lgx_state* state) : state_(state) {}
  const lgx_state* get() const { return state_.get(); }

 private:
  struct Free {
    void operator()(lgx_state* state) const { lgx_state_free(state); }
  };
  std::unique_ptr<lgx_state, Free> state_;
};

inline const char* Version() { return lgx_version(); }

class Machine {
 public:
  static Result<Machine> New(const std::string& config_json) {
    lgx_error* error = nullptr;
    lgx_machine* const made = lgx_machine_new(config_json.c_str(), &error);
    return Made(made, error);
  }
  static Result<Machine> Open(const std::string& config_path) {
    lgx_error* error = nullptr;
    lgx_machine* const made = lgx_machine_open(config_path.c_str(), &error);
    return Made(made, error);
  }
  static Result<Machine> Load(const std::string& snapshot_path) {
    lgx_error* error = nullptr;
    lgx_machine* const made = lgx_machine_load(snapshot_path.c_str(), &error);
    return Made(made, error);
  }

  // For functions of lgx.h that are not here.
  lgx_machine* get() const { return m_.get(); }

  // ---- running

  Result<Stop> RunUntil(const std::string& point = "end") {
    lgx_stop why = LGX_STOP_INIT;
    if (lgx_run_until(get(), point.c_str(), &why) != LGX_OK) return LastError();
    return Converted(why);
  }
  Result<Stop> Step(std::uint64_t n = 1) {
    if (lgx_step(get(), n) != LGX_OK) return LastError();
    return Status();
  }
  Stop Status() const {
    lgx_stop why = LGX_STOP_INIT;
    lgx_status(get(), &why);
    return Converted(why);
  }
  void Interrupt() { lgx_interrupt(get()); }

  // ---- what is connected; an empty function takes it away

  void OnOutput(std::function<void(std::string_view text)> output) {
    calls_->output = std::move(output);
    lgx_on_output(get(), calls_->output ? &Calls::Output : nullptr, calls_.get());
  }
  // Returns how many bytes it has put to `to`; 0: none now; LGX_INPUT_END: none ever.
  void OnInput(std::function<std::ptrdiff_t(char* to, std::size_t room)> input) {
    calls_->input = std::move(input);
    lgx_on_input(get(), calls_->input ? &Calls::Input : nullptr, calls_.get());
  }
  void OnWait(std::function<std::uint64_t(std::uint64_t ns)> wait) {
    calls_->wait = std::move(wait);
    lgx_on_wait(get(), calls_->wait ? &Calls::Wait : nullptr, calls_.get());
  }
  void OnMessage(std::function<void(std::string_view text)> message) {
    calls_->message = std::move(message);
    lgx_on_message(get(), calls_->message ? &Calls::Message : nullptr, calls_.get());
  }
  Result<void> OnEvent(std::uint32_t mask, std::function<void(const Event&)> event) {
    // The old function stays where it is until the library has let go of it.
    auto next = std::make_unique<EventCall>(std::move(event));
    const bool none = !*next;
    if (lgx_on_event(get(), mask, none ? nullptr : &Calls::OnEvent, next.get()) !=
        LGX_OK) {
      return LastError();
    }
    calls_->event = std::move(next);
    return {};
  }

  // ---- looking

  Result<void> Read(Space space, std::uint64_t address, void* to, std::size_t length) {
    return Checked(lgx_read(get(), static_cast<int>(space), address, to, length));
  }
  // A number or a plain structure, in the bytes of this host.
  template <typename T>
  Result<T> Read(Space space, std::uint64_t address) {
    static_assert(std::is_trivially_copyable_v<T>, "read it in pieces");
    T value{};
    if (const Result<void> read = Read(space, address, &value, sizeof value); !read) {
      return read.error();
    }
    return value;
  }
  Result<void> Write(Space space, std::uint64_t address, const void* from,
                     std::size_t length) {
    return Checked(lgx_write(get(), static_cast<int>(space), address, from, length));
  }
  std::uint64_t MemorySize(Space space) const {
    return lgx_memory_size(get(), static_cast<int>(space));
  }
  lgx_registers Registers() const {
    lgx_registers registers = LGX_REGISTERS_INIT;
    lgx_regs(get(), &registers);
    return registers;
  }
  std::uint64_t Hash() const { return lgx_hash(get()); }
  Result<std::uint64_t> Counter(const std::string& name) const {
    std::uint64_t value = 0;
    if (lgx_counter(get(), name.c_str(), &value) != LGX_OK) return LastError();
    return value;
  }
  std::map<std::string, std::uint64_t> Counters() const {
    std::map<std::string, std::uint64_t> all;
    lgx_counters(
        get(),
        [](void* user, const char* name, std::uint64_t value) {
          (*static_cast<decltype(all)*>(user))[name] = value;
        },
        &all);
    return all;
  }

  // ---- states

  Result<State> Snapshot() {
    lgx_state* state = nullptr;
    if (lgx_snapshot(get(), &state) != LGX_OK) return LastError();
    return State(state);
  }
  Result<void> Restore(const State& state) {
    return Checked(lgx_restore(get(), state.get()));
  }
  Result<void> SaveSnapshot(const std::string& path) {
    return Checked(lgx_snapshot_save(get(), path.c_str()));
  }

 private:
  using EventCall = std::function<void(const Event&)>;

  // Stays where it is when the machine is moved.
  struct Calls {
    std::function<void(std::string_view)> output;
    std::function<std::ptrdiff_t(char*, std::size_t)> input;
    std::function<std::uint64_t(std::uint64_t)> wait;
    std::function<void(std::string_view)> message;
    std::unique_ptr<EventCall> event;

    static void Output(void* user, const void* bytes, std::size_t length) {
      static_cast<Calls*>(user)->output({static_cast<const char*>(bytes), length});
    }
    static std::ptrdiff_t Input(void* user, void* to, std::size_t room) {
      return static_cast<Calls*>(user)->input(static_cast<char*>(to), room);
    }
    static std::uint64_t Wait(void* user, std::uint64_t ns) {
      return static_cast<Calls*>(user)->wait(ns);
    }
    static void Message(void* user, const char* text) {
      static_cast<Calls*>(user)->message(text);
    }
    static void OnEvent(void* user, const lgx_event* event) {
      Event out;
      out.category = event->category;
      out.phase = event->phase;
      out.instructions = event->instructions;
      out.virtual_ns = event->virtual_ns;
      out.name = event->name;
      out.text = {event->text, event->text_length};
      out.args = event->args;
      out.arg_count = event->arg_count;
      (*static_cast<EventCall*>(user))(out);
    }
  };
  struct Free {
    void operator()(lgx_machine* m) const { lgx_machine_free(m); }
  };

  explicit Machine(lgx_machine* m) : m_(m) {}
  static Result<Machine> Made(lgx_machine* m, lgx_error* error) {
    if (m == nullptr) return Error(error);
    return Machine(m);
  }
  Error LastError() const { return Error(lgx_machine_error(get())); }
  Result<void> Checked(int code) const {
    if (code != LGX_OK) return LastError();
    return {};
  }
  static Stop Converted(const lgx_stop& why) {
    return {static_cast<Why>(why.why), why.code,       why.ending, why.reason, why.detail,
            why.instructions,          why.virtual_ns, why.boots};
  }

  std::unique_ptr<Calls> calls_ = std::make_unique<Calls>();  // outlives the machine
  std::unique_ptr<lgx_machine, Free> m_;
};

}  // namespace v1
}  // namespace lgx

#endif  // LGX_LGX_HPP_
