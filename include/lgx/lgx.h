/* lgx as a library: machines that boot guests of lguest.
 *
 *   lgx_error *error = NULL;
 *   lgx_machine *m = lgx_machine_new("{\"kernel\": {\"cmdline\": \"demo\"}}", &error);
 *   if (m == NULL) { fputs(error->text, stderr); lgx_error_free(error); return 1; }
 *   lgx_stop why = LGX_STOP_INIT;
 *   lgx_run_until(m, "end", &why);
 *   printf("%s, hash %016" PRIx64 "\n", why.reason, lgx_hash(m));
 *   lgx_machine_free(m);
 *
 * This is C99. lgx.hpp wraps it for C++17. docs/library.md is an introduction.
 *
 * Rules that hold for all functions:
 *
 * - Any number of machines may exist at a time, and none knows of another. A machine may
 *   be used by one thread at a time; lgx_interrupt() alone may be called by any, and by
 *   signal handlers. The library has no state besides its machines.
 * - Functions that can fail return a code: LGX_OK, or what the program lgx would exit
 *   with. What there is to say about it is kept with the machine: lgx_machine_error().
 *   A call that has failed has changed nothing, unless its description says otherwise.
 * - Nothing is written to standard output or standard error, no signal handler is
 *   installed and no environment variable is read. The exception is a bug in the library:
 *   it writes a line to standard error and ends the process with code 70.
 * - The same version, configuration, files and input give the same run, to the
 *   instruction, on every host, unless "clock.mode" is "host". lgx_write() is input.
 * Looking at a machine (events, lgx_read, stops at any point, snapshots) never changes
 * its run.
 * - Callbacks are called by the thread that runs the machine, while it runs. They may
 *   call what is marked [callback], for the same machine, and anything for other ones.
 *   The rest fails with LGX_USAGE. They must not throw C++ exceptions or longjmp.
 * - Pointers that are passed in must not be NULL where nothing is said about NULL.
 *   Strings are UTF-8, or bytes as the host's file names have them.
 *
 * Structures that the library fills in have a member `size`, which the caller sets to
 * the sizeof of what it was compiled with (the *_INIT macros do). Later versions append
 * members and never write beyond `size`, so programs need no new compilation. Functions,
 * constants and members are only ever added within a major version. */
#ifndef LGX_LGX_H_
#define LGX_LGX_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define LGX_API __attribute__((visibility("default")))
#else
#define LGX_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- version ---- */

/* Of this header. A new number for each addition. */
#define LGX_API_VERSION 1

/* The version of the program that the library belongs to, "0.1.0". */
LGX_API const char* lgx_version(void);
/* LGX_API_VERSION as the library was compiled with. What was added since an older number
 * may be used only if this is not below its own number. */
LGX_API uint32_t lgx_api_version(void);

/* ---- errors ---- */

/* Codes are the exit codes of the program. Those marked (guest) say how a guest ended and
 * appear in lgx_stop.code; functions return the others. A rule of "expect" may choose any
 * number for lgx_stop.code. */
enum {
  LGX_OK = 0,
  LGX_HOST_REFUSED = 1, /* the host system refused something: memory, a file */
  LGX_USAGE = 2,        /* a wrong configuration, argument or moment */
  LGX_GUEST_KILLED = 3, /* (guest) it broke the rules of lguest */
  LGX_GUEST_PANIC = 4,  /* (guest) its kernel reported a crash */
  LGX_LIMIT = 5,        /* (guest) a limit of the configuration was reached */
  LGX_EXPECTATION = 7,  /* (guest) it ended, and a rule of "expect" still waited */
  LGX_BAD_FILE = 8,     /* a file is damaged, too new, or not what it claims */
  LGX_BUG = 70          /* a bug in the library */
};

typedef struct lgx_error {
  int code;
  uint32_t line;    /* in `file`, from 1. 0: no line */
  uint32_t column;  /* from 1. 0: no column */
  const char* file; /* whose line it is; "config" is the text of lgx_machine_new().
                       NULL: no line is meant */
  const char* text; /* all of it, as the program would print it, without a newline: what
                       is wrong, where, and what to do */
} lgx_error;

/* NULL is fine. */
LGX_API void lgx_error_free(lgx_error* error);

/* ---- a machine from its first instruction to its end ---- */

typedef struct lgx_machine lgx_machine;

/* A machine that has not run yet, from the text of a configuration file: JSON with
 * comments, lgx(5); "{}" is the built-in guest. Names of files in it are relative to the
 * current folder. The kernel and everything else is read and checked here.
 *
 * What a configuration says of the program around a machine is checked and otherwise left
 * to the caller: "devices.console" (lgx_on_output and lgx_on_input are the console),
 * "outputs", and "limits.timeout". "guests" with several guests is refused.
 *
 * NULL: it failed, and `*error`, if `error` is not NULL, is what lgx_error_free() frees.
 * `*error` is not touched otherwise. */
LGX_API lgx_machine* lgx_machine_new(const char* config_json, lgx_error** error);

/* The same from a file. Names of files in it are relative to its folder. */
LGX_API lgx_machine* lgx_machine_open(const char* config_path, lgx_error** error);

/* A machine that goes on from a snapshot file, of lgx_snapshot_save() or of the program.
 * Kernel and initrd are not needed; disks are opened, and have to be what they were. Its
 * configuration is that of the snapshot without "outputs" and "expect". */
LGX_API lgx_machine* lgx_machine_load(const char* snapshot_path, lgx_error** error);

/* Ends it wherever it is; what it has told its disks is in their files. NULL is fine. */
LGX_API void lgx_machine_free(lgx_machine* m);

/* Why the last call that failed did: a copy for the caller, to be freed with
 * lgx_error_free(). NULL: none has failed. [callback] */
LGX_API lgx_error* lgx_machine_error(const lgx_machine* m);

/* Why a machine does not run at the moment. */
enum {
  LGX_WHY_READY = 0,      /* it has not run yet, or lgx_restore() put it here */
  LGX_WHY_REACHED = 1,    /* the point, or the number of steps */
  LGX_WHY_ENDED = 2,      /* the run is over: `code`, `ending` and the texts say how */
  LGX_WHY_WAITING = 3,    /* the guest sleeps until something is typed: the input
                             function has nothing now, and no alarm is set. Running on
                             asks it again. */
  LGX_WHY_INTERRUPTED = 4 /* lgx_interrupt() */
};

typedef struct lgx_stop {
  size_t size;
  int32_t why;           /* LGX_WHY_... */
  int32_t code;          /* after LGX_WHY_ENDED what `lgx run` would exit with, else 0 */
  const char* ending;    /* after LGX_WHY_ENDED one of "power-off", "crash", "killed",
                            "restart", "limit", "output-closed", "host-refused", "script";
                            else "" */
  const char* reason;    /* one line for people, never NULL */
  const char* detail;    /* more of it, several lines perhaps, or "" */
  uint64_t instructions; /* retired since the boot */
  uint64_t virtual_ns;   /* virtual time since the boot */
  uint32_t boots;        /* how often the guest was booted: 1, and more after restarts */
} lgx_stop; /* texts belong to the machine and are good until it runs again */

#define LGX_STOP_INIT {sizeof(lgx_stop), 0, 0, "", "", "", 0, 0, 0}

/* Runs on to a point, and stops exactly there:
 *
 *   insn:123456           so many instructions have retired since the boot
 *   time:1.5s             virtual time since the boot
 *   crossing:2000         that passage from the host into the guest begins
 *   stop:paging.040       the machine does for the first time what this stop of the
 *                         journey, lgx(7), is about; #12 behind it: the twelfth time
 *   symbol:start_kernel   the guest is about to execute this function
 *   console:"login:"      the guest has written this text
 *   hypercall:SET_PTE#12  the host is about to carry out this call, the twelfth time
 *   end                   the guest's end
 *
 * Counts of stops, symbols, texts and calls begin at the moment of this call, the others
 * with the boot; one that has passed is reached at once. When the guest restarts, the run
 * goes on with its next boot, where all counts begin anew.
 *
 * LGX_OK: it stopped as `*why` says, if `why` is not NULL. However a guest ends, that is
 * no failure of the call. LGX_USAGE: `point` is not a point, or there is no such symbol,
 * stop or call; it has not run. LGX_HOST_REFUSED, LGX_BAD_FILE: the next boot failed; the
 * run is over. */
LGX_API int lgx_run_until(lgx_machine* m, const char* point, lgx_stop* why);

/* Runs until `n` more instructions have retired; each round of a repeated string
 * instruction is one. lgx_status() says whether it got that far. Fails as
 * lgx_run_until(). */
LGX_API int lgx_step(lgx_machine* m, uint64_t n);

/* Where it stands and why. [callback] */
LGX_API void lgx_status(lgx_machine* m, lgx_stop* why);

/* The call that runs the machine returns soon, at the latest after some million
 * instructions, or 50 ms if it waits in real time; one that is made next, if none runs.
 * The machine must not be freed meanwhile. [callback] [any thread] */
LGX_API void lgx_interrupt(lgx_machine* m);

/* ---- console ----
 *
 * The guest's hvc0. Without functions its output is dropped and its input is at an end.
 * Functions may be set again at any time, and taken away with NULL. [callback] */

typedef void (*lgx_output_fn)(void* user, const void* bytes, size_t length);
LGX_API void lgx_on_output(lgx_machine* m, lgx_output_fn output, void* user);

/* Puts at most `room` bytes to `to` and returns how many: what was typed. 0: there are
 * none now. LGX_INPUT_END: none will ever come; it is not asked again until it is set
 * anew. It is asked often, at moments that depend on nothing but the run; a run with the
 * same answers is the same run. */
#define LGX_INPUT_END (-1)
typedef ptrdiff_t (*lgx_input_fn)(void* user, void* to, size_t room);
LGX_API void lgx_on_input(lgx_machine* m, lgx_input_fn input, void* user);

/* How a sleeping guest waits while input can still come: at most `ns`, less if there is
 * input, and returns how long it was. Virtual time moves on by that. Without it all of
 * the time passes at once, unless the guest has a network card that leads outside, or
 * "clock.realtime" is on: then it passes in real time. */
typedef uint64_t (*lgx_wait_fn)(void* user, uint64_t ns);
LGX_API void lgx_on_wait(lgx_machine* m, lgx_wait_fn wait, void* user);

/* Warnings that the program would print, each a line without newline. Those of before,
 * the first hundred of them, come at once. */
typedef void (*lgx_message_fn)(void* user, const char* text);
LGX_API void lgx_on_message(lgx_machine* m, lgx_message_fn message, void* user);

/* ---- looking ---- */

enum {
  LGX_GPA = 0, /* guest-physical: the guest's RAM from 0, and its device pages */
  LGX_LIN = 1, /* linear, by the page tables of whoever goes on next */
  LGX_MPA = 2  /* machine: all memory, the host's included */
};

/* Copies `length` bytes from `address` on. LGX_USAGE: not all of them are there; what
 * `to` then holds is not said, the error names the first address that is not. A length of
 * 0 is always there. [callback] */
LGX_API int lgx_read(lgx_machine* m, int space, uint64_t address, void* to,
                     size_t length);
/* Changes memory, and so the run. All bytes or none. The guest's RAM and device pages can
 * be written, what the host and the Switcher trust cannot. No A or D bit changes, and no
 * page of the guest is write-protected for it. */
LGX_API int lgx_write(lgx_machine* m, int space, uint64_t address, const void* from,
                      size_t length);
/* Bytes of a space: of LGX_LIN 4 GiB. 0: there is no such space. [callback] */
LGX_API uint64_t lgx_memory_size(lgx_machine* m, int space);

typedef struct lgx_segment {
  uint16_t selector;
  uint16_t attributes; /* bits 8 to 23 of the descriptor's second word: type, S, DPL, P
                          in the lower byte, AVL, L, D/B, G in bits 12 to 15 */
  uint32_t base;
  uint32_t limit; /* in bytes, G is taken into account */
} lgx_segment;

/* Whose code goes on next. */
enum {
  LGX_PARTY_HOST = 0,
  LGX_PARTY_SWITCHER = 1,
  LGX_PARTY_GUEST_KERNEL = 2,
  LGX_PARTY_GUEST_USER = 3
};

typedef struct lgx_registers {
  size_t size;
  uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
  uint32_t eip, eflags;
  uint16_t cs, ss, ds, es, fs, gs;
  uint32_t cpl;
  int32_t party; /* LGX_PARTY_... */
  /* 1: the machine stands between two crossings. Then the members above are what the host
     has saved for the guest, and `party` is the guest; those below are the processor's.
   */
  uint32_t saved;
  uint32_t cr0, cr2, cr3, cr4;
  lgx_segment segment[6]; /* ES CS SS DS FS GS */
} lgx_registers;

#define LGX_SEGMENT_INIT {0, 0, 0, 0}
#define LGX_REGISTERS_INIT                                                               \
  {                                                                                      \
    sizeof(lgx_registers), 0, 0, 0, 0, 0, 0, 0, 0, /* EAX to EDI */ 0, 0, 0, 0, 0, 0, 0, \
        0, /* CS to GS */ 0, 0, 0, 0, 0, 0, 0, /* CPL to CR4 */                          \
    {                                                                                    \
      LGX_SEGMENT_INIT, LGX_SEGMENT_INIT, LGX_SEGMENT_INIT, LGX_SEGMENT_INIT,            \
          LGX_SEGMENT_INIT, LGX_SEGMENT_INIT                                             \
    }                                                                                    \
  }

/* [callback] */
LGX_API void lgx_regs(lgx_machine* m, lgx_registers* registers);

/* The hash of everything a guest could ever notice: registers, memory, devices, the
 * clock. Two machines with the same hash go on alike. The program prints the same. */
LGX_API uint64_t lgx_hash(lgx_machine* m);

/* A counter by its name, "crossing.count"; the manual has them all. LGX_USAGE: there is
 * none of that name. [callback] */
LGX_API int lgx_counter(lgx_machine* m, const char* name, uint64_t* value);
/* Calls `counter` for each, sorted by name. [callback] */
typedef void (*lgx_counter_fn)(void* user, const char* name, uint64_t value);
LGX_API void lgx_counters(lgx_machine* m, lgx_counter_fn counter, void* user);

/* ---- events ---- */

/* Categories, as in the program's --trace. */
#define LGX_EVENT_CROSSING  UINT32_C(0x001)
#define LGX_EVENT_HYPERCALL UINT32_C(0x002)
#define LGX_EVENT_FAULT     UINT32_C(0x004)
#define LGX_EVENT_DEMAND    UINT32_C(0x008)
#define LGX_EVENT_SHADOW    UINT32_C(0x010)
#define LGX_EVENT_IRQ       UINT32_C(0x020)
#define LGX_EVENT_TIMER     UINT32_C(0x040)
#define LGX_EVENT_DEVICE    UINT32_C(0x080)
#define LGX_EVENT_CONSOLE   UINT32_C(0x100)
#define LGX_EVENT_INSN      UINT32_C(0x200) /* each instruction: very slow */
#define LGX_EVENT_MEM       UINT32_C(0x400) /* each access to memory: likewise */
/* All but the last two. */
#define LGX_EVENTS_USUAL UINT32_C(0x1ff)

enum { LGX_PHASE_INSTANT = 0, LGX_PHASE_BEGIN = 1, LGX_PHASE_END = 2 };

typedef struct lgx_event_arg {
  const char* key;
  uint64_t value;
} lgx_event_arg; /* never changes */

typedef struct lgx_event {
  size_t size;       /* of what the library filled in */
  uint32_t category; /* one LGX_EVENT_... */
  int32_t phase;     /* LGX_PHASE_...; begin and end of one category nest */
  uint64_t instructions;
  uint64_t virtual_ns;
  const char* name;
  const lgx_event_arg* args;
  size_t arg_count;
  const char* text; /* what numbers cannot say, such as bytes of the console; any bytes,
                       no 0 behind them. NULL: none */
  size_t text_length;
} lgx_event; /* good until the function returns */

typedef void (*lgx_event_fn)(void* user, const lgx_event* event);

/* Calls `event` for everything that happens in the categories of `mask`. It takes the
 * place of the function before; NULL or no category: nobody is told any more. LGX_USAGE:
 * there is no such category. */
LGX_API int lgx_on_event(lgx_machine* m, uint32_t mask, lgx_event_fn event, void* user);

/* ---- snapshots ---- */

/* A state in memory. Those of one machine share what did not change between them. */
typedef struct lgx_state lgx_state;

/* The state of a machine that stands still, also of one that has ended.
 *
 * Disks: what a guest has written to a file cannot be taken back. A machine can be put
 * back only if its disks have "ro": true or "snapshot": true, and this fails with
 * LGX_USAGE for others. What is on the way in a network is not part of a state. */
LGX_API int lgx_snapshot(lgx_machine* m, lgx_state** state);

/* Puts the machine into a state of this machine, or of another one with the same
 * configuration; then it goes on as the other one did from there. Functions stay.
 * LGX_BAD_FILE: it is the state of another kind of machine; this one has not changed. */
LGX_API int lgx_restore(lgx_machine* m, const lgx_state* state);

/* A state may outlive its machine, and be used by one thread at a time. NULL is fine. */
LGX_API void lgx_state_free(lgx_state* state);

/* Writes a snapshot file, for lgx_machine_load(), `lgx run --from` and the rest of the
 * program. The file appears complete or not at all; one of that name is replaced. */
LGX_API int lgx_snapshot_save(lgx_machine* m, const char* path);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* LGX_LGX_H_ */
