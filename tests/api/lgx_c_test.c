/* The library as a program in C99 sees it. Ends with 1 at the first surprise.
 *
 *   lgx_c_test            all tests
 *   lgx_c_test hash       the hash at the end of the built-in guest's demo, and no test
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lgx/lgx.h"

#define EXPECT(condition)                                                       \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                  \
    }                                                                           \
  } while (0)

#define SMALL "\"memory\": \"16M\", \"limits\": {\"virtual_time\": \"100s\"}"
static const char* const kTouch = "{\"kernel\": {\"cmdline\": \"do touch\"}, " SMALL "}";
static const char* const kShell = "{\"kernel\": {\"cmdline\": \"sh\"}, " SMALL "}";

static lgx_machine* Make(const char* config) {
  lgx_error* error = NULL;
  lgx_machine* m = lgx_machine_new(config, &error);
  if (m == NULL) fprintf(stderr, "%s\n", error != NULL ? error->text : "no error");
  EXPECT(m != NULL && error == NULL);
  return m;
}

/* To the end, which has to be a good one. */
static void RunToEnd(lgx_machine* m) {
  lgx_stop why = LGX_STOP_INIT;
  EXPECT(lgx_run_until(m, "end", &why) == LGX_OK);
  if (why.why != LGX_WHY_ENDED || why.code != 0) fprintf(stderr, "%s\n", why.reason);
  EXPECT(why.why == LGX_WHY_ENDED && why.code == LGX_OK);
  EXPECT(strcmp(why.ending, "power-off") == 0);
}

static int Contains(const char* text, const char* part) {
  return strstr(text, part) != NULL;
}

/* The last call has failed with this code and these words. */
static void ExpectError(lgx_machine* m, int code, const char* words) {
  lgx_error* error = lgx_machine_error(m);
  EXPECT(error != NULL);
  if (error->code != code || !Contains(error->text, words)) {
    fprintf(stderr, "%d %s\n", error->code, error->text);
  }
  EXPECT(error->code == code && Contains(error->text, words));
  lgx_error_free(error);
}

static void BadConfigsAreAnsweredByPlace(const char* program) {
  struct {
    const char* config;
    int code;
    uint32_t line, column;
    const char* words;
  } const cases[] = {
      {"", LGX_USAGE, 1, 1, ""},
      {"{", LGX_USAGE, 1, 2, ""},
      {"{\n  \"memroy\": \"64M\"\n}", LGX_USAGE, 2, 3, "memory"},
      {"{\"memory\": true}", LGX_USAGE, 1, 12, "memory"},
      {"{\"memory\": \"1K\"}", LGX_USAGE, 1, 12, "memory"},
      {"{\"kernel\": {\"path\": \"/no/such/kernel\"}}", LGX_USAGE, 0, 0,
       "/no/such/kernel"},
      {"{\"expect\": [{\"match\": \"(\"}]}", LGX_USAGE, 1, 23, "expect[0]"},
      {"{\"guests\": [{}, {}]}", LGX_USAGE, 1, 0, "guests"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    lgx_error* error = NULL;
    EXPECT(lgx_machine_new(cases[i].config, &error) == NULL);
    EXPECT(error != NULL && error->text != NULL);
    const int as_wanted = error->code == cases[i].code && error->line == cases[i].line &&
                          Contains(error->text, cases[i].words) &&
                          (cases[i].column == 0 || error->column == cases[i].column);
    if (!as_wanted) {
      fprintf(stderr, "case %zu: %d %" PRIu32 ":%" PRIu32 " %s\n", i, error->code,
              error->line, error->column, error->text);
    }
    EXPECT(as_wanted);
    EXPECT((error->file != NULL) == (error->line != 0));
    EXPECT(error->file == NULL || strcmp(error->file, "config") == 0);
    lgx_error_free(error);
  }
  EXPECT(lgx_machine_new("{", NULL) == NULL);
  lgx_error_free(NULL);
  lgx_machine_free(NULL);
  lgx_state_free(NULL);

  lgx_error* error = NULL;
  EXPECT(lgx_machine_open("/no/such/machine.json", &error) == NULL);
  EXPECT(error->code == LGX_USAGE && Contains(error->text, "/no/such/machine.json"));
  lgx_error_free(error);
  EXPECT(lgx_machine_load("/no/such/snapshot", &error) == NULL);
  EXPECT(error->code == LGX_USAGE && Contains(error->text, "/no/such/snapshot"));
  lgx_error_free(error);
  EXPECT(lgx_machine_load(program, &error) == NULL);
  EXPECT(error->code == LGX_BAD_FILE);
  lgx_error_free(error);
}

static void TwoMachinesAtOnceDoNotDisturbEachOther(uint64_t expected) {
  lgx_machine* a = Make(kTouch);
  lgx_machine* b = Make(kTouch);
  EXPECT(lgx_hash(a) == lgx_hash(b));
  lgx_stop why_a = LGX_STOP_INIT, why_b = LGX_STOP_INIT;
  do {
    EXPECT(lgx_step(a, 300001) == LGX_OK);
    EXPECT(lgx_step(b, 700001) == LGX_OK);
    lgx_status(a, &why_a);
    lgx_status(b, &why_b);
    EXPECT(why_a.why == LGX_WHY_ENDED || why_a.instructions % 300001 == 0);
  } while (why_a.why != LGX_WHY_ENDED || why_b.why != LGX_WHY_ENDED);
  EXPECT(lgx_hash(a) == expected);
  EXPECT(lgx_hash(b) == expected);
  EXPECT(why_a.instructions == why_b.instructions);
  EXPECT(lgx_step(a, 1) == LGX_OK); /* nothing happens any more */
  EXPECT(lgx_hash(a) == expected);
  lgx_machine_free(a);
  lgx_machine_free(b);
}

static void AStateCanBeGoneBackTo(uint64_t expected) {
  lgx_machine* m = Make(kTouch);
  lgx_state *first = NULL, *second = NULL;
  EXPECT(lgx_run_until(m, "insn:400000", NULL) == LGX_OK);
  const uint64_t hash = lgx_hash(m);
  EXPECT(lgx_snapshot(m, &first) == LGX_OK);
  EXPECT(lgx_step(m, 1000) == LGX_OK);
  EXPECT(lgx_snapshot(m, &second) == LGX_OK);
  EXPECT(lgx_hash(m) != hash);
  RunToEnd(m);
  EXPECT(lgx_hash(m) == expected);

  EXPECT(lgx_restore(m, first) == LGX_OK);
  EXPECT(lgx_hash(m) == hash);
  lgx_stop why = LGX_STOP_INIT;
  lgx_status(m, &why);
  EXPECT(why.why == LGX_WHY_READY && why.instructions == 400000);
  RunToEnd(m);
  EXPECT(lgx_hash(m) == expected);

  /* Into another machine of the same kind, after its own has gone. */
  lgx_machine_free(m);
  lgx_state_free(first);
  m = Make(kTouch);
  EXPECT(lgx_restore(m, second) == LGX_OK);
  RunToEnd(m);
  EXPECT(lgx_hash(m) == expected);
  lgx_machine_free(m);

  m = Make("{\"kernel\": {\"cmdline\": \"do touch\"}, \"memory\": \"17M\"}");
  const uint64_t before = lgx_hash(m);
  EXPECT(lgx_restore(m, second) == LGX_BAD_FILE);
  ExpectError(m, LGX_BAD_FILE, "another machine");
  EXPECT(lgx_hash(m) == before);
  lgx_machine_free(m);
  lgx_state_free(second);
}

static void ASnapshotFileGoesOn(uint64_t expected, const char* path) {
  lgx_machine* m = Make(kTouch);
  EXPECT(lgx_run_until(m, "insn:500000", NULL) == LGX_OK);
  const uint64_t hash = lgx_hash(m);
  EXPECT(lgx_snapshot_save(m, path) == LGX_OK);
  EXPECT(lgx_snapshot_save(m, "/no/such/folder/x") == LGX_USAGE ||
         lgx_snapshot_save(m, "/no/such/folder/x") == LGX_HOST_REFUSED);
  lgx_machine_free(m);
  lgx_error* error = NULL;
  m = lgx_machine_load(path, &error);
  EXPECT(m != NULL);
  EXPECT(lgx_hash(m) == hash);
  RunToEnd(m);
  EXPECT(lgx_hash(m) == expected);
  lgx_machine_free(m);
  remove(path);
}

struct seen {
  lgx_machine* m;
  uint64_t faults, hypercalls, others;
  uint64_t last_instructions;
  int refused;
};

static void See(void* user, const lgx_event* event) {
  struct seen* seen = user;
  EXPECT(event->size >= sizeof *event && event->name != NULL);
  EXPECT(event->instructions >= seen->last_instructions);
  seen->last_instructions = event->instructions;
  if (event->category == LGX_EVENT_FAULT) {
    ++seen->faults;
  } else if (event->category == LGX_EVENT_HYPERCALL) {
    ++seen->hypercalls;
  } else {
    ++seen->others;
  }
  /* Looking is allowed here, and nothing else. */
  uint8_t byte = 0;
  lgx_registers r = LGX_REGISTERS_INIT;
  lgx_regs(seen->m, &r);
  EXPECT(lgx_read(seen->m, LGX_GPA, 0, &byte, 1) == LGX_OK);
  if (seen->refused) return;
  lgx_state* state = NULL;
  EXPECT(lgx_step(seen->m, 1) == LGX_USAGE);
  EXPECT(lgx_run_until(seen->m, "end", NULL) == LGX_USAGE);
  EXPECT(lgx_write(seen->m, LGX_GPA, 0, &byte, 1) == LGX_USAGE);
  EXPECT(lgx_snapshot(seen->m, &state) == LGX_USAGE && state == NULL);
  EXPECT(lgx_on_event(seen->m, 0, NULL, NULL) == LGX_USAGE);
  ExpectError(seen->m, LGX_USAGE, "runs");
  seen->refused = 1;
}

static void EventsAreToldAndChangeNothing(uint64_t expected) {
  lgx_machine* m = Make(kTouch);
  struct seen seen = {m, 0, 0, 0, 0, 0};
  EXPECT(lgx_on_event(m, 1u << 20, See, &seen) == LGX_USAGE);
  ExpectError(m, LGX_USAGE, "0x100000");
  EXPECT(lgx_on_event(m, LGX_EVENT_FAULT | LGX_EVENT_HYPERCALL, See, &seen) == LGX_OK);
  RunToEnd(m);
  EXPECT(lgx_hash(m) == expected);
  uint64_t counted = 0;
  EXPECT(lgx_counter(m, "hypercall.count", &counted) == LGX_OK);
  EXPECT(seen.hypercalls >= counted && counted != 0);
  EXPECT(seen.faults != 0 && seen.others == 0 && seen.refused);
  EXPECT(lgx_counter(m, "no.such.counter", &counted) == LGX_USAGE);
  ExpectError(m, LGX_USAGE, "no.such.counter");
  EXPECT(lgx_on_event(m, 0, NULL, NULL) == LGX_OK);
  lgx_machine_free(m);
}

static void PointsAreReachedExactly(void) {
  lgx_machine* m = Make(kTouch);
  lgx_stop why = LGX_STOP_INIT;
  lgx_status(m, &why);
  EXPECT(why.why == LGX_WHY_READY && why.instructions == 0 && why.boots == 1);
  EXPECT(lgx_run_until(m, "insn:123457", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_REACHED && why.instructions == 123457 && why.code == 0);
  EXPECT(lgx_run_until(m, "insn:1", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_REACHED && why.instructions == 123457);
  EXPECT(lgx_run_until(m, "time:3ms", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_REACHED && why.virtual_ns == 3000000);
  EXPECT(lgx_step(m, 1) == LGX_OK);
  lgx_status(m, &why);
  EXPECT(why.instructions == 300001);
  EXPECT(lgx_run_until(m, "crossing:200", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_REACHED);
  EXPECT(lgx_run_until(m, "console:\"touch\"", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_REACHED);

  const uint64_t hash = lgx_hash(m);
  static const char* const bad[] = {
      "",        "nowhere:1",  "insn",        "insn:-1",        "insn:1:2",
      "time:1y", "crossing:0", "symbol:none", "hypercall:NONE", "stop:none.000"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    why.why = -1;
    EXPECT(lgx_run_until(m, bad[i], &why) == LGX_USAGE);
    EXPECT(why.why == -1);
    lgx_error* error = lgx_machine_error(m);
    EXPECT(error->code == LGX_USAGE && strlen(error->text) > 10);
    lgx_error_free(error);
  }
  EXPECT(lgx_hash(m) == hash);
  lgx_machine_free(m);
}

static void MemoryEndsWhereItEnds(uint64_t expected) {
  lgx_machine* m = Make(kTouch);
  EXPECT(lgx_run_until(m, "console:\"touch\"", NULL) == LGX_OK);
  const uint64_t gpa = lgx_memory_size(m, LGX_GPA), mpa = lgx_memory_size(m, LGX_MPA);
  EXPECT(gpa >= 16u << 20 && mpa > gpa);
  EXPECT(lgx_memory_size(m, LGX_LIN) == UINT64_C(1) << 32);
  EXPECT(lgx_memory_size(m, 3) == 0 && lgx_memory_size(m, -1) == 0);

  uint8_t bytes[64];
  EXPECT(lgx_read(m, LGX_GPA, gpa - sizeof bytes, bytes, sizeof bytes) == LGX_OK);
  EXPECT(lgx_read(m, LGX_GPA, gpa - sizeof bytes + 1, bytes, sizeof bytes) == LGX_USAGE);
  EXPECT(lgx_read(m, LGX_GPA, gpa, bytes, 0) == LGX_OK);
  EXPECT(lgx_read(m, LGX_GPA, gpa, bytes, 1) == LGX_USAGE);
  ExpectError(m, LGX_USAGE, "gpa:0x");
  EXPECT(lgx_read(m, LGX_MPA, mpa - sizeof bytes, bytes, sizeof bytes) == LGX_OK);
  EXPECT(lgx_read(m, LGX_MPA, mpa - 1, bytes, 2) == LGX_USAGE);
  EXPECT(lgx_read(m, LGX_GPA, UINT64_MAX - 1, bytes, 8) == LGX_USAGE);
  EXPECT(lgx_read(m, LGX_LIN, UINT32_MAX, bytes, 2) == LGX_USAGE);
  EXPECT(lgx_read(m, LGX_LIN, UINT64_C(1) << 32, bytes, 1) == LGX_USAGE);
  EXPECT(lgx_read(m, LGX_LIN, 16, bytes, 1) == LGX_USAGE); /* page 0 of a program */
  EXPECT(lgx_read(m, 7, 0, bytes, 1) == LGX_USAGE);
  ExpectError(m, LGX_USAGE, "no space 7");

  /* The instruction that goes on next can be read by its address. */
  lgx_registers r = LGX_REGISTERS_INIT;
  lgx_regs(m, &r);
  EXPECT(lgx_read(m, LGX_LIN, r.eip, bytes, 1) == LGX_OK);

  /* What is written is read again, and nothing is written if not all can be. */
  const uint64_t hash = lgx_hash(m);
  uint8_t old[2];
  EXPECT(lgx_read(m, LGX_GPA, gpa - 2, old, 2) == LGX_OK);
  static const uint8_t text[] = {'h', 'i'};
  EXPECT(lgx_write(m, LGX_GPA, gpa - 1, text, 2) == LGX_USAGE);
  EXPECT(lgx_write(m, LGX_MPA, 0, text, 2) == LGX_USAGE); /* the host's */
  EXPECT(lgx_write(m, LGX_GPA, UINT64_MAX, text, 2) == LGX_USAGE);
  EXPECT(lgx_hash(m) == hash);
  EXPECT(lgx_write(m, LGX_GPA, gpa - 2, text, 2) == LGX_OK);
  EXPECT(lgx_read(m, LGX_GPA, gpa - 2, bytes, 2) == LGX_OK);
  EXPECT(memcmp(bytes, text, 2) == 0 && lgx_hash(m) != hash);
  EXPECT(lgx_write(m, LGX_GPA, gpa - 2, old, 2) == LGX_OK);
  EXPECT(lgx_hash(m) == hash);
  RunToEnd(m);
  EXPECT(lgx_hash(m) == expected);
  lgx_machine_free(m);
}

struct terminal {
  const char* text; /* what is still to be typed */
  size_t at_once;
  char shown[4096];
  size_t length;
  uint64_t asked;
};

static ptrdiff_t Type(void* user, void* to, size_t room) {
  struct terminal* t = user;
  ++t->asked;
  if (t->text == NULL) return LGX_INPUT_END;
  size_t count = strlen(t->text);
  if (count > t->at_once) count = t->at_once;
  if (count > room) count = room;
  memcpy(to, t->text, count);
  t->text += count;
  return (ptrdiff_t)count;
}

static void Show(void* user, const void* bytes, size_t length) {
  struct terminal* t = user;
  if (length > sizeof t->shown - 1 - t->length) length = sizeof t->shown - 1 - t->length;
  memcpy(t->shown + t->length, bytes, length);
  t->length += length;
}

static void TheConsoleIsTheCallers(void) {
  lgx_machine* m = Make(kShell);
  struct terminal t = {"", 100, "", 0, 0};
  lgx_on_input(m, Type, &t);
  lgx_on_output(m, Show, &t);
  lgx_stop why = LGX_STOP_INIT;
  /* Nothing is typed, and nothing else wakes a shell. */
  EXPECT(lgx_run_until(m, "end", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_WAITING && t.length != 0 && t.asked != 0);
  const uint64_t asleep = lgx_hash(m);
  EXPECT(lgx_run_until(m, "end", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_WAITING && lgx_hash(m) == asleep);
  t.text = "uptime\n";
  t.at_once = 3;
  EXPECT(lgx_run_until(m, "end", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_WAITING && Contains(t.shown, "uptime"));
  t.text = "poweroff\n";
  RunToEnd(m);
  lgx_machine_free(m);

  /* At the end of input a shell that waits for more has slept enough. */
  m = Make(kShell);
  t.text = NULL;
  t.asked = 0;
  lgx_on_input(m, Type, &t);
  EXPECT(lgx_run_until(m, "end", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_ENDED && t.asked == 1);
  lgx_machine_free(m);
}

static void Interrupt(void* user, const lgx_event* event) {
  (void)event;
  lgx_interrupt(user);
}

static void ARunCanBeInterrupted(uint64_t expected) {
  lgx_machine* m = Make(kTouch);
  lgx_stop why = LGX_STOP_INIT;
  lgx_interrupt(m);
  EXPECT(lgx_run_until(m, "end", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_INTERRUPTED);
  EXPECT(lgx_on_event(m, LGX_EVENT_FAULT, Interrupt, m) == LGX_OK);
  EXPECT(lgx_run_until(m, "end", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_INTERRUPTED && why.instructions != 0);
  EXPECT(lgx_on_event(m, 0, NULL, NULL) == LGX_OK);
  do EXPECT(lgx_run_until(m, "end", &why) == LGX_OK);
  while (why.why == LGX_WHY_INTERRUPTED);
  EXPECT(why.why == LGX_WHY_ENDED && lgx_hash(m) == expected);
  lgx_machine_free(m);
}

static void EndingsHaveTheCodesOfTheProgram(void) {
  struct {
    const char* config;
    int code;
    const char* ending;
  } const cases[] = {
      {"{\"kernel\": {\"cmdline\": \"sh\"}, \"limits\": {\"instructions\": 100000}}",
       LGX_LIMIT, "limit"},
      {"{\"kernel\": {\"cmdline\": \"demo\"}, \"limits\": {\"console_bytes\": \"1K\"}}",
       LGX_LIMIT, "limit"},
      {"{\"kernel\": {\"cmdline\": \"do uptime\"}, "
       "\"expect\": [{\"match\": \"no such text\"}]}",
       LGX_EXPECTATION, "power-off"},
      {"{\"kernel\": {\"cmdline\": \"sh\"}, "
       "\"expect\": [{\"match\": \"[#$>] \", \"exit\": 42}]}",
       42, "script"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    lgx_machine* m = Make(cases[i].config);
    lgx_stop why = LGX_STOP_INIT;
    EXPECT(lgx_run_until(m, "end", &why) == LGX_OK);
    if (why.code != cases[i].code)
      fprintf(stderr, "%zu: %d %s\n", i, why.code, why.reason);
    EXPECT(why.why == LGX_WHY_ENDED && why.code == cases[i].code);
    EXPECT(strcmp(why.ending, cases[i].ending) == 0 && strlen(why.reason) != 0);
    lgx_machine_free(m);
  }
}

/* A program that was compiled when the structures were shorter. */
static void NothingIsWrittenBeyondASize(void) {
  lgx_machine* m = Make(kTouch);
  lgx_stop why = LGX_STOP_INIT;
  why.size = offsetof(lgx_stop, instructions);
  why.instructions = 7;
  EXPECT(lgx_run_until(m, "insn:1000", &why) == LGX_OK);
  EXPECT(why.why == LGX_WHY_REACHED && why.instructions == 7);
  lgx_registers r = LGX_REGISTERS_INIT;
  r.size = offsetof(lgx_registers, edx);
  r.edx = 7;
  lgx_regs(m, &r);
  EXPECT(r.edx == 7);
  EXPECT(lgx_machine_error(m) == NULL);
  lgx_machine_free(m);
}

static int PrintDemoHash(void) {
  lgx_machine* m = Make("{\"kernel\": {\"cmdline\": \"demo\"}}");
  RunToEnd(m);
  printf("%016" PRIx64 "\n", lgx_hash(m));
  lgx_machine_free(m);
  return 0;
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "hash") == 0) return PrintDemoHash();
  EXPECT(argc > 1); /* a folder for files */
  char path[4096];
  snprintf(path, sizeof path, "%s/lgx_c_test.lgxsnap", argv[1]);
  EXPECT(strlen(lgx_version()) >= 5 && lgx_api_version() == LGX_API_VERSION);

  lgx_machine* m = Make(kTouch);
  RunToEnd(m);
  const uint64_t expected = lgx_hash(m);
  lgx_machine_free(m);

  BadConfigsAreAnsweredByPlace(argv[0]);
  TwoMachinesAtOnceDoNotDisturbEachOther(expected);
  AStateCanBeGoneBackTo(expected);
  ASnapshotFileGoesOn(expected, path);
  EventsAreToldAndChangeNothing(expected);
  PointsAreReachedExactly();
  MemoryEndsWhereItEnds(expected);
  TheConsoleIsTheCallers();
  ARunCanBeInterrupted(expected);
  EndingsHaveTheCodesOfTheProgram();
  NothingIsWrittenBeyondASize();
  return 0;
}
