// The functions of lgx.h: arguments in, errors out, and never an exception.
#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "api/error.h"
#include "api/event_sink.h"
#include "api/registers.h"
#include "api/run.h"
#include "base/log.h"
#include "base/version.h"
#include "lgx/lgx.h"
#include "machine/config_file.h"
#include "machine/exit_codes.h"

using lgx::Status;
using lgx::StatusOr;

struct lgx_machine {
  std::unique_ptr<lgx::Run> run;
  std::unique_ptr<lgx::EventSink> events;
  lgx::ErrorPtr error;
  bool running = false;  // a call runs it: this is a callback
  Status broken;         // no memory in the middle of something
  // What lgx_stop points to.
  std::string ending, reason, detail;
};

struct lgx_state {
  std::unique_ptr<lgx::RunState> state;
};

namespace {

constexpr bool Same(int code, lgx::ExitCode exit_code) { return code == exit_code; }
static_assert(Same(LGX_OK, lgx::kExitOk));
static_assert(Same(LGX_HOST_REFUSED, lgx::kExitHostRefused));
static_assert(Same(LGX_USAGE, lgx::kExitUsage));
static_assert(Same(LGX_GUEST_KILLED, lgx::kExitGuestKilled));
static_assert(Same(LGX_GUEST_PANIC, lgx::kExitGuestPanic));
static_assert(Same(LGX_LIMIT, lgx::kExitLimit));
static_assert(Same(LGX_EXPECTATION, lgx::kExitExpectation));
static_assert(Same(LGX_BAD_FILE, lgx::kExitBadFile));
static_assert(Same(LGX_BUG, lgx::kExitOurBug));

static_assert(LGX_GPA == 0 && LGX_LIN == 1 && LGX_MPA == 2);
constexpr lgx::Space kSpaces[] = {lgx::Space::kGuestPhysical, lgx::Space::kLinear,
                                  lgx::Space::kMachine};

// What `fn` returns, or what it threw.
template <typename Fn>
Status Caught(Fn fn, bool* thrown) {
  try {
    return fn();
  } catch (const std::bad_alloc&) {
    *thrown = true;
    return lgx::Errorf(lgx::kResourceExhausted, "there is not enough memory");
  } catch (const std::exception& e) {
    *thrown = true;
    return lgx::Errorf(lgx::kInternal, "a bug in lgx: %s", e.what());
  }
}

int Failed(lgx_machine* m, const Status& status) {
  if (status.ok()) return LGX_OK;
  bool thrown = false;
  Caught(
      [&] {
        m->error = lgx::MakeError(status);
        return Status();
      },
      &thrown)
      .IgnoreError();
  return lgx::ExitCodeFor(status.code());
}

// For what may be called from callbacks.
template <typename Fn>
int Look(lgx_machine* m, Fn fn) {
  bool thrown = false;
  return Failed(m, m->broken.ok() ? Caught(fn, &thrown) : m->broken);
}

// For what changes a machine.
template <typename Fn>
int Change(lgx_machine* m, Fn fn) {
  if (m->running) {
    return Failed(m, lgx::Errorf(lgx::StatusCode::kFailedPrecondition,
                                 "the machine runs: this cannot be called by a function "
                                 "that the machine calls"));
  }
  if (!m->broken.ok()) return Failed(m, m->broken);
  bool thrown = false;
  m->running = true;
  const Status status = Caught(
      [&] {
        const lgx::LogCapture capture([m](lgx::LogLevel, std::string_view line) {
          m->run->AddMessage(std::string(line));
        });
        return fn();
      },
      &thrown);
  m->running = false;
  if (thrown) m->broken = status;
  return Failed(m, status);
}

// A machine, or an error for whoever wants it. `name` is that of the configuration.
template <typename Fn>
lgx_machine* Make(lgx_error** error, const char* name, Fn make) {
  auto m = std::unique_ptr<lgx_machine>(new (std::nothrow) lgx_machine());
  bool thrown = false;
  const Status status = Caught(
      [&] {
        if (m == nullptr) throw std::bad_alloc();
        std::vector<std::string> lines;
        const lgx::LogCapture capture(
            [&lines](lgx::LogLevel, std::string_view line) { lines.emplace_back(line); });
        StatusOr<std::unique_ptr<lgx::Run>> run = make();
        if (!run.ok()) return run.status();
        m->run = *std::move(run);
        for (const std::string& line : lines) m->run->AddMessage(line);
        return Status();
      },
      &thrown);
  if (status.ok()) return m.release();
  if (error != nullptr) {
    Caught(
        [&] {
          *error = lgx::MakeError(status, name).release();
          return Status();
        },
        &thrown)
        .IgnoreError();
  }
  return nullptr;
}

// Copies what the caller's structure has room for.
template <typename T>
void Fill(const T& from, T* to) {
  const size_t size = std::min(to->size, sizeof(T));
  if (size <= sizeof(size_t)) return;
  std::memcpy(reinterpret_cast<char*>(to) + sizeof(size_t),
              reinterpret_cast<const char*>(&from) + sizeof(size_t),
              size - sizeof(size_t));
}

void FillStop(lgx_machine* m, lgx_stop* why) {
  if (why == nullptr) return;
  lgx::Run& run = *m->run;
  m->ending.clear();
  m->detail.clear();
  lgx_stop out = LGX_STOP_INIT;
  out.why = static_cast<int32_t>(run.why());
  switch (run.why()) {
    case lgx::Run::Why::kReady:
      m->reason = "ready to run";
      break;
    case lgx::Run::Why::kReached:
      m->reason = "the point is reached";
      break;
    case lgx::Run::Why::kWaiting:
      m->reason = "the guest waits for input";
      break;
    case lgx::Run::Why::kInterrupted:
      m->reason = "interrupted";
      break;
    case lgx::Run::Why::kEnded: {
      const lgx::RunResult& result = run.result();
      out.code = lgx::ExitCodeOf(result);
      m->ending = lgx::NameOf(result.launch.ending.kind);
      m->reason = lgx::ReasonOf(result);
      m->detail = result.launch.ending.detail;
      if (!m->detail.empty() && !result.launch.post_mortem.empty()) m->detail += "\n";
      m->detail += result.launch.post_mortem;
    }
  }
  out.ending = m->ending.c_str();
  out.reason = m->reason.c_str();
  out.detail = m->detail.c_str();
  out.instructions = run.machine().instructions();
  out.virtual_ns = run.machine().virtual_ns();
  out.boots = run.boots();
  Fill(out, why);
}

StatusOr<lgx::Space> SpaceOf(int space) {
  if (space >= LGX_GPA && space <= LGX_MPA) return kSpaces[space];
  return lgx::Errorf(lgx::StatusCode::kOutOfRange,
                     "there is no space %d of addresses; there are LGX_GPA, LGX_LIN and "
                     "LGX_MPA",
                     space);
}

uint64_t SizeOf(lgx_machine* m, lgx::Space space) {
  switch (space) {
    case lgx::Space::kGuestPhysical:
      return m->run->machine().view().size();
    case lgx::Space::kMachine:
      return m->run->machine().memory().size();
    case lgx::Space::kLinear:
      break;
  }
  return uint64_t{1} << 32;
}

Status NotThere(lgx_machine* m, lgx::Space space, uint64_t address) {
  const uint64_t size = SizeOf(m, space);
  if (address >= size) {
    return lgx::Errorf(lgx::StatusCode::kOutOfRange,
                       "%s:0x%x is outside of that space, which has 0x%x bytes",
                       std::string(lgx::NameOf(space)), address, size);
  }
  return lgx::Errorf(lgx::StatusCode::kOutOfRange, "nothing is at %s:0x%x",
                     std::string(lgx::NameOf(space)), address);
}

Status ReadMemory(lgx_machine* m, int space, uint64_t address, void* to, size_t length) {
  const StatusOr<lgx::Space> where = SpaceOf(space);
  if (!where.ok()) return where.status();
  constexpr size_t kPart = size_t{1} << 20;
  auto* const bytes = static_cast<lgx::u8*>(to);
  for (size_t done = 0; done < length;) {
    const size_t part = std::min(kPart, length - done);
    const size_t read = address + done < address
                            ? 0
                            : m->run->control().ReadMemory(*where, address + done,
                                                           std::span(bytes + done, part));
    done += read;
    if (read != part) return NotThere(m, *where, address + done);
  }
  return Status();
}

Status WriteMemory(lgx_machine* m, int space, uint64_t address, const void* from,
                   size_t length) {
  const StatusOr<lgx::Space> where = SpaceOf(space);
  if (!where.ok()) return where.status();
  const uint64_t size = SizeOf(m, *where);
  if (address > size || length > size - address) {
    return NotThere(m, *where, std::max(address, size));
  }
  const std::span bytes(static_cast<const lgx::u8*>(from), length);
  if (m->run->control().WriteMemory(*where, address, bytes)) return Status();
  return lgx::Errorf(lgx::StatusCode::kOutOfRange,
                     "%s:0x%x: not all of %d bytes there are memory of the guest",
                     std::string(lgx::NameOf(*where)), address, length);
}

}  // namespace

const char* lgx_version(void) {
  return lgx::ProgramVersion().data();  // a literal
}

uint32_t lgx_api_version(void) { return LGX_API_VERSION; }

// ---- a machine

lgx_machine* lgx_machine_new(const char* config_json, lgx_error** error) {
  constexpr const char* kName = "config";
  return Make(error, kName, [&]() -> StatusOr<std::unique_ptr<lgx::Run>> {
    lgx::MachineConfig config;
    LGX_RETURN_IF_ERROR(lgx::ReadConfigText(config_json, kName, &config, nullptr));
    return lgx::Run::Make(std::move(config), nullptr, "");
  });
}

lgx_machine* lgx_machine_open(const char* config_path, lgx_error** error) {
  return Make(error, config_path, [&]() -> StatusOr<std::unique_ptr<lgx::Run>> {
    lgx::MachineConfig config;
    LGX_RETURN_IF_ERROR(lgx::ReadConfigFile(config_path, &config, nullptr));
    return lgx::Run::Make(std::move(config), nullptr, "");
  });
}

lgx_machine* lgx_machine_load(const char* snapshot_path, lgx_error** error) {
  return Make(error, "", [&]() -> StatusOr<std::unique_ptr<lgx::Run>> {
    StatusOr<lgx::SnapshotFile> file = lgx::ReadSnapshot(snapshot_path);
    if (!file.ok()) return file.status();
    lgx::MachineConfig config = file->config;
    config.outputs = {};
    config.expect.clear();
    config.limits.until_instructions.reset();
    config.limits.until_ns.reset();
    return lgx::Run::Make(std::move(config),
                          std::make_unique<lgx::SnapshotFile>(*std::move(file)),
                          snapshot_path);
  });
}

void lgx_machine_free(lgx_machine* m) {
  if (m == nullptr) return;
  const lgx::LogCapture capture([](lgx::LogLevel, std::string_view) {});
  m->run.reset();
  delete m;
}

lgx_error* lgx_machine_error(const lgx_machine* m) {
  lgx::ErrorPtr copy;
  bool thrown = false;
  Caught(
      [&] {
        copy = lgx::CopyError(m->error.get());
        return Status();
      },
      &thrown)
      .IgnoreError();
  return copy.release();
}

int lgx_run_until(lgx_machine* m, const char* point, lgx_stop* why) {
  return Change(m, [&] {
    const StatusOr<lgx::Point> where = lgx::ParsePoint(point);
    if (!where.ok()) return where.status();
    LGX_RETURN_IF_ERROR(m->run->RunTo(*where));
    FillStop(m, why);
    return Status();
  });
}

int lgx_step(lgx_machine* m, uint64_t n) {
  return Change(m, [&] { return m->run->Step(n); });
}

void lgx_status(lgx_machine* m, lgx_stop* why) {
  Look(m, [&] {
    FillStop(m, why);
    return Status();
  });
}

void lgx_interrupt(lgx_machine* m) { m->run->Interrupt(); }

// ---- console

void lgx_on_output(lgx_machine* m, lgx_output_fn output, void* user) {
  Look(m, [&] {
    lgx::CallbackConsole::Output call;
    if (output != nullptr) {
      call = [output, user](std::span<const lgx::u8> bytes) {
        output(user, bytes.data(), bytes.size());
      };
    }
    m->run->console().set_output(std::move(call));
    return Status();
  });
}

void lgx_on_input(lgx_machine* m, lgx_input_fn input, void* user) {
  Look(m, [&] {
    lgx::CallbackConsole::Input call;
    if (input != nullptr) {
      call = [input, user](std::span<lgx::u8> to) -> std::optional<size_t> {
        const ptrdiff_t count = input(user, to.data(), to.size());
        if (count < 0) return std::nullopt;
        return static_cast<size_t>(count);
      };
    }
    m->run->console().set_input(std::move(call));
    return Status();
  });
}

void lgx_on_wait(lgx_machine* m, lgx_wait_fn wait, void* user) {
  Look(m, [&] {
    lgx::CallbackConsole::Waiting call;
    if (wait != nullptr) call = [wait, user](lgx::u64 ns) { return wait(user, ns); };
    m->run->console().set_waiting(std::move(call));
    return Status();
  });
}

void lgx_on_message(lgx_machine* m, lgx_message_fn message, void* user) {
  Look(m, [&] {
    lgx::Run::Message call;
    if (message != nullptr) {
      call = [message, user](const std::string& text) { message(user, text.c_str()); };
    }
    m->run->set_message(std::move(call));
    return Status();
  });
}

// ---- looking

int lgx_read(lgx_machine* m, int space, uint64_t address, void* to, size_t length) {
  return Look(m, [&] { return ReadMemory(m, space, address, to, length); });
}

int lgx_write(lgx_machine* m, int space, uint64_t address, const void* from,
              size_t length) {
  return Change(m, [&] { return WriteMemory(m, space, address, from, length); });
}

uint64_t lgx_memory_size(lgx_machine* m, int space) {
  return space >= LGX_GPA && space <= LGX_MPA ? SizeOf(m, kSpaces[space]) : 0;
}

void lgx_regs(lgx_machine* m, lgx_registers* registers) {
  lgx_registers out = LGX_REGISTERS_INIT;
  lgx::FillRegisters(m->run->control(), &out);
  Fill(out, registers);
}

uint64_t lgx_hash(lgx_machine* m) {
  uint64_t hash = 0;
  Look(m, [&] {
    hash = m->run->machine().Hash();
    return Status();
  });
  return hash;
}

int lgx_counter(lgx_machine* m, const char* name, uint64_t* value) {
  return Look(m, [&] {
    lgx::Stats stats;
    m->run->machine().VisitStats(stats);
    const auto at = stats.counters().find(name);
    if (at == stats.counters().end()) {
      return lgx::Errorf(lgx::StatusCode::kOutOfRange,
                         "there is no counter \"%s\"; lgx_counters() names them", name);
    }
    *value = at->second;
    return Status();
  });
}

void lgx_counters(lgx_machine* m, lgx_counter_fn counter, void* user) {
  Look(m, [&] {
    lgx::Stats stats;
    m->run->machine().VisitStats(stats);
    for (const auto& [name, value] : stats.counters()) {
      counter(user, name.c_str(), value);
    }
    return Status();
  });
}

// ---- events

int lgx_on_event(lgx_machine* m, uint32_t mask, lgx_event_fn event, void* user) {
  return Change(m, [&] {
    if ((mask & ~lgx::Trace::kAll) != 0) {
      return lgx::Errorf(lgx::StatusCode::kOutOfRange,
                         "there is no category of events 0x%x", mask & ~lgx::Trace::kAll);
    }
    std::unique_ptr<lgx::EventSink> sink;
    if (event != nullptr && mask != 0) {
      sink = std::make_unique<lgx::EventSink>(*m->run, event, user);
    }
    m->run->set_events(sink.get(), mask);
    m->events = std::move(sink);
    return Status();
  });
}

// ---- snapshots

int lgx_snapshot(lgx_machine* m, lgx_state** state) {
  return Change(m, [&] {
    StatusOr<std::unique_ptr<lgx::RunState>> taken = m->run->TakeState();
    if (!taken.ok()) return taken.status();
    *state = new lgx_state{*std::move(taken)};
    return Status();
  });
}

int lgx_restore(lgx_machine* m, const lgx_state* state) {
  return Change(m, [&] { return m->run->Restore(*state->state); });
}

void lgx_state_free(lgx_state* state) { delete state; }

int lgx_snapshot_save(lgx_machine* m, const char* path) {
  return Change(m, [&] { return m->run->SaveSnapshot(path); });
}
