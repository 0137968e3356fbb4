/* The first program of a guest that runs other programs: what scripts/run-in-guest boots.

   /list has a line for each program: its number and how many seconds of the guest it may
   take. Program N is /p/N, its arguments are /p/N.args, each ended by a zero byte. Its
   output goes to a file and, when it has ended, to the console:

     @lgx start N
     @lgx out N TEXT               printable bytes as they are, others as \xx
     @lgx end N HOW CODE LENGTH SUM

   HOW is exit, signal, timeout or unstarted; LENGTH and SUM are those of the output, so
   that a line the kernel wrote into the middle of ours is noticed. */
#include "../workload/nolibc.h"

enum { N_chdir = 12, N_kill = 37 };
enum { kNoHang = 1, kKill = 9, kLongest = 1 << 20, kMostArguments = 64 };

static char buffer[4096], arguments_text[4096], list[1 << 16];

static int read_file(const char* path, char* to, int room) {
  int file = sys(N_open, path, O_RDONLY), length = 0, n;
  if (file < 0) return 0;
  while (length < room && (n = sys(N_read, file, to + length, room - length)) > 0)
    length += n;
  sys(N_close, file);
  return length;
}

static char* append_number(char* at, u32 v) {
  char digits[12];
  int n = 0;
  do digits[n++] = '0' + v % 10;
  while (v /= 10);
  while (n) *at++ = digits[--n];
  *at = 0;
  return at;
}

static char* append(char* at, const char* text) {
  while (*text) *at++ = *text++;
  *at = 0;
  return at;
}

/* Numbers behind a word, a space before each. */
static void say(const char* word, const u32* numbers, int count, const char* how) {
  char line[160], *at = append(append(line, "\n@lgx "), word);
  for (int i = 0; i < count; i++) {
    if (i == 1 && how) at = append(append(at, " "), how);
    at = append_number(append(at, " "), numbers[i]);
  }
  append(at, "\n");
  out(line);
}

static void path_of(char* to, const char* folder, u32 number, const char* end) {
  append(append_number(append(to, folder), number), end);
}

/* In the child: never returns. */
static void start(u32 number, const char* output, char** environment) {
  static char* arguments[kMostArguments];
  char path[40], words[40];
  path_of(path, "/p/", number, "");
  path_of(words, "/p/", number, ".args");
  int length = read_file(words, arguments_text, sizeof arguments_text - 1), count = 1;
  arguments[0] = path;
  for (int i = 0; i < length && count < kMostArguments - 1; i++) {
    if (i == 0 || !arguments_text[i - 1]) arguments[count++] = arguments_text + i;
  }
  sys(N_setsid);
  sys(N_chdir, "/tmp");
  int null = sys(N_open, "/dev/null", O_RDWR);
  int file = sys(N_open, output, O_RDWR | O_CREAT | O_TRUNC, 0600);
  sys(N_dup2, null, 0);
  sys(N_dup2, file, 1);
  sys(N_dup2, file, 2);
  for (int i = 3; i < 16; i++) sys(N_close, i);
  sys(N_execve, path, arguments, environment);
  const int self = sys(N_getpid);
  sys(N_kill, self, 31); /* SIGSYS stands for: it could not be started */
}

/* Waits until it has ended; false: the time is up. */
static int wait_for(int child, u32 seconds, int* status) {
  const u32 begin = now_us();
  struct ts pause = {0, 1000000};
  while (sys(N_waitpid, child, status, kNoHang) != child) {
    if ((now_us() - begin) / 1000000 >= seconds) return 0;
    sys(N_nanosleep, &pause, 0);
    if (pause.n < 16000000) pause.n *= 2;
  }
  return 1;
}

static void show_output(u32 number, const char* path, u32* length, u32* sum) {
  static const char digits[] = "0123456789abcdef";
  char line[200], *at = line;
  int file = sys(N_open, path, O_RDONLY), n;
  *length = 0;
  *sum = 2166136261u;
  while (file >= 0 && *length < kLongest && (n = sys(N_read, file, buffer, 4096)) > 0) {
    for (int i = 0; i < n; i++) {
      const unsigned char c = buffer[i];
      *sum = (*sum ^ c) * 16777619u;
      ++*length;
      if (at == line) at = append(append_number(append(line, "@lgx out "), number), " ");
      if (c >= ' ' && c < 127 && c != '\\') {
        *at++ = c;
      } else {
        *at++ = '\\', *at++ = digits[c >> 4], *at++ = digits[c & 15];
      }
      if (at - line < 180) continue;
      append(at, "\n");
      out(line);
      at = line;
    }
  }
  if (at != line) append(at, "\n"), out(line);
  if (file >= 0) sys(N_close, file);
}

static void run(u32 number, u32 seconds, char** environment) {
  char output[40], program[40];
  path_of(output, "/out/", number, "");
  path_of(program, "/p/", number, "");
  say("start", &number, 1, 0);
  int status = 0;
  const int child = sys(N_fork);
  if (child == 0) start(number, output, environment);
  const char* how = "exit";
  if (child < 0) {
    how = "unstarted";
  } else if (!wait_for(child, seconds, &status)) {
    how = "timeout";
    sys(N_kill, -child, kKill);
    sys(N_kill, child, kKill);
    sys(N_waitpid, child, &status, 0);
    status = 0;
  } else if ((status & 127) == 31) {
    how = "unstarted";
  } else if (status & 127) {
    how = "signal";
    status = (status & 127) << 8;
  }
  if (child > 0) sys(N_kill, -child, kKill); /* whoever it left behind */
  int other = 0;
  while (sys(N_waitpid, -1, &other, kNoHang) > 0);
  u32 numbers[4] = {number, (status >> 8) & 255, 0, 0};
  show_output(number, output, &numbers[2], &numbers[3]);
  say("end", numbers, 4, how);
  sys(N_unlink, output);
  sys(N_unlink, program);
}

static u32 number_at(const char** text) {
  u32 v = 0;
  while (**text == ' ' || **text == '\n') ++*text;
  while (**text >= '0' && **text <= '9') v = v * 10 + (*(*text)++ - '0');
  return v;
}

int main(int count, char** arguments, char** environment) {
  (void)count, (void)arguments;
  if (sys(N_getpid) != 1) return 1;
  sys(N_mount, "proc", "/proc", "proc", 0, 0);
  list[read_file("/list", list, sizeof list - 1)] = 0;
  for (const char* at = list; *at >= '0' && *at <= '9';) {
    const u32 number = number_at(&at);
    run(number, number_at(&at), environment);
    while (*at == '\n') at++;
  }
  out("\n@lgx done\n");
  sys(N_sync);
  sys(N_reboot, 0xfee1dead, 672274793, 0x4321fedc, 0);
  for (;;) {
    struct ts second = {1, 0};
    sys(N_nanosleep, &second, 0);
  }
}
