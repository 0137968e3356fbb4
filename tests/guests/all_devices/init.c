/* The first program of a guest that uses every device it has, for all_devices_test.py. It
   does its work in two boots; the disk tells it which of them this is. Kernel parameters:

     part=ram     from an initial RAM disk. First: random numbers, fetches a file, serves
   it, writes it to the raw disk. Then: reads it back. part=root    from a root file
   system on the disk. First: half of the file operations. Then: the other half, random
   numbers, fetches a file into /work and serves it. ops=N        file operations in all
     port=N       where the file is fetched: http://10.0.2.2:N/blob
     end=restart  restarts after the first; else powers off, as always after the second

   Every step prints a line; FAILED is in it if it did not work. */
#include "../workload/nolibc.h"

enum {
  N_rename = 38,
  N_rmdir = 40,
  N_umount = 22,
  N_fsync = 118,
  N_socketcall = 102,
  O_APPEND = 02000,
  O_WRONLY = 1,
  MS_RDONLY = 1,
  MS_REMOUNT = 32,
  PACKET = 8192,
  BLOB_AT = 4096, /* on the raw disk */
  LARGEST = 1 << 22
};

static char buffer[LARGEST];

/* ---- words */

static const char* parameter(char** environment, const char* name) {
  for (; *environment; environment++) {
    const char *a = *environment, *b = name;
    while (*b && *a == *b) a++, b++;
    if (!*b && *a == '=') return a + 1;
  }
  return "";
}

static u32 number(const char* s) {
  u32 value = 0;
  while (*s >= '0' && *s <= '9') value = value * 10 + (u32)(*s++ - '0');
  return value;
}

/* Appends to a text; returns its new end. */
static char* put(char* to, const char* s) {
  while (*s) *to++ = *s++;
  *to = 0;
  return to;
}

static char* put_number(char* to, u32 value) {
  char digits[12];
  int count = 0;
  do digits[count++] = (char)('0' + value % 10);
  while (value /= 10);
  while (count) *to++ = digits[--count];
  *to = 0;
  return to;
}

static char* name_of(char* to, const char* before, u32 value, const char* after) {
  return put(put_number(put(to, before), value), after);
}

/* One line: a step, and that it went well or the error it ended with. */
static int say(const char* step, int result) {
  char line[120], *end = put(put(line, "STEP "), step);
  end = result < 0 ? put_number(put(end, " FAILED "), (u32)-result) : put(end, " ok");
  put(end, "\n");
  out(line);
  return result;
}

/* ---- files */

static int write_all(int file, const char* from, u32 count) {
  while (count) {
    int done = sys(N_write, file, from, count);
    if (done <= 0) return done < 0 ? done : -5;
    from += done, count -= (u32)done;
  }
  return 0;
}

/* As many bytes as there are, at most `count`. */
static int read_all(int file, char* to, u32 count) {
  u32 got = 0;
  while (got < count) {
    int done = sys(N_read, file, to + got, count - got);
    if (done < 0) return done;
    if (done == 0) break;
    got += (u32)done;
  }
  return (int)got;
}

static int write_file(const char* path, int flags, const char* from, u32 count) {
  int file = sys(N_open, path, O_WRONLY | O_CREAT | flags, 0644), result;
  if (file < 0) return file;
  result = write_all(file, from, count);
  sys(N_close, file);
  return result;
}

static int write_text(const char* path, int flags, const char* text) {
  return write_file(path, flags, text, (u32)slen(text));
}

static int append_file(const char* path, int flags, const char* source) {
  int file = sys(N_open, source, O_RDONLY), count;
  if (file < 0) return file;
  count = read_all(file, buffer, sizeof buffer);
  sys(N_close, file);
  return count < 0 ? count : write_file(path, flags, buffer, (u32)count);
}

/* FNV-1a, which the test computes too. */
static u32 checksum(const char* bytes, u32 count) {
  u32 value = 2166136261u;
  while (count--) value = (value ^ (unsigned char)*bytes++) * 16777619u;
  return value;
}

static void say_sum(const char* what, int count) {
  char line[80];
  if (count < 0) {
    say(what, count);
    return;
  }
  put(put_number(put(put_number(put(put(put(line, "SUM "), what), " "), (u32)count), " "),
                 checksum(buffer, (u32)count)),
      "\n");
  out(line);
}

/* Operation `i` of six kinds; the test's model has them in Python. */
static int operate(u32 i) {
  char path[64], other[64], text[32];
  switch (i % 6) {
    case 0:
      name_of(path, "/work/d", i % 7, ".0");
      name_of(text, "line of ", i, "\n");
      return write_text(path, O_TRUNC, text);
    case 1:
      name_of(text, "more ", i, "\n");
      return write_text("/work/log", O_APPEND, text);
    case 2:
      name_of(path, "/work/d", i % 7, ".2");
      return append_file(path, O_TRUNC, "/work/log") < 0
                 ? -1
                 : append_file(path, O_APPEND, "/init");
    case 3: {
      int made;
      name_of(path, "/work/dir", i, "");
      made = sys(N_mkdir, path, 0755);
      if (made < 0) return made;
      name_of(path, "/work/dir", i, "/file");
      name_of(text, "in ", i, "\n");
      return write_text(path, 0, text);
    }
    case 4:
      name_of(path, "/work/dir", i - 1, "/file");
      name_of(other, "/work/moved", i, "");
      return sys(N_rename, path, other);
    default:
      name_of(path, "/work/dir", i - 2, "");
      return sys(N_rmdir, path);
  }
}

static void operate_all(u32 from, u32 to) {
  int result = 0;
  for (; from < to && result >= 0; from++) result = operate(from);
  say("operations", result);
}

/* ---- random numbers */

static void use_rng(void) {
  static const char digits[] = "0123456789abcdef";
  char bytes[64], text[160], *end = put(text, "RNG ");
  int file, i, count;
  sys(N_mknod, "/dev/hwrng", 020600, 10 << 8 | 183);
  file = sys(N_open, "/dev/hwrng", O_RDONLY);
  if (file < 0) {
    out("RNG none\n");
    return;
  }
  count = read_all(file, bytes, sizeof bytes);
  sys(N_close, file);
  if (say("rng", count) < 0) return;
  for (i = 0; i < count; i++) {
    *end++ = digits[(bytes[i] >> 4) & 15];
    *end++ = digits[bytes[i] & 15];
  }
  put(end, "\n");
  out(text);
}

/* ---- network */

struct address {
  unsigned short family, port;
  u32 host; /* most significant byte first, as the network has it */
  char zero[8];
};

struct request { /* of the interface's ioctls */
  char name[16];
  union {
    struct address address;
    short flags;
  } u;
};

static int socket_call(int call, int a, int b, int c, int d, int e) {
  int arguments[5] = {a, b, c, d, e};
  return sys(N_socketcall, call, arguments);
}
static int new_socket(int type) { return socket_call(1, 2, type, 0, 0, 0); }
static u32 host(u32 a, u32 b, u32 c, u32 d) { return a | b << 8 | c << 16 | d << 24; }
static struct address address_of(u32 where, u32 port) {
  struct address result = {2, (unsigned short)(port << 8 | port >> 8), where, {0}};
  return result;
}

static int configure(int via, int call, u32 value) {
  struct request request;
  memset(&request, 0, sizeof request);
  put(request.name, "eth0");
  request.u.address = address_of(value, 0);
  if (call == 0x8914) {
    memset(&request.u, 0, sizeof request.u);
    request.u.flags = 0x41; /* up, running */
  }
  return sys(N_ioctl, via, call, &request);
}

static int bring_up(void) {
  int via = new_socket(2), result;
  if (via < 0) return via;
  result = configure(via, 0x8916, host(10, 0, 2, 15));
  if (result >= 0) result = configure(via, 0x891c, host(255, 255, 255, 0));
  if (result >= 0) result = configure(via, 0x8914, 0);
  sys(N_close, via);
  return result;
}

/* The body of an answer in `buffer`; its size. */
static int strip_header(int count) {
  int i;
  for (i = 0; i + 4 <= count; i++) {
    const char* at = buffer + i;
    if (at[0] == '\r' && at[1] == '\n' && at[2] == '\r' && at[3] == '\n') {
      memcpy(buffer, at + 4, (u32)(count - i - 4));
      return count - i - 4;
    }
  }
  return -71;
}

static int fetch(u32 port) {
  static const char question[] = "GET /blob HTTP/1.0\r\n\r\n";
  struct address server = address_of(host(10, 0, 2, 2), port);
  int socket = new_socket(1), count;
  if (socket < 0) return socket;
  count = socket_call(3, socket, (int)&server, sizeof server, 0, 0);
  if (count >= 0) count = write_all(socket, question, sizeof question - 1);
  if (count >= 0) count = read_all(socket, buffer, sizeof buffer);
  sys(N_close, socket);
  return count < 0 ? count : strip_header(count);
}

/* Answers one question on port 80 with a file. */
static int serve(const char* path) {
  static const char answer[] = "HTTP/1.0 200 OK\r\n\r\n";
  struct address here = address_of(0, 80);
  int socket = new_socket(1), one = 1, client, count;
  socket_call(14, socket, 1, 2, (int)&one, sizeof one); /* the address may be reused */
  count = socket_call(2, socket, (int)&here, sizeof here, 0, 0);
  if (count >= 0) count = socket_call(4, socket, 1, 0, 0, 0);
  if (count < 0) return count;
  out("SERVING\n");
  client = socket_call(5, socket, 0, 0, 0, 0);
  if (client < 0) return client;
  count = sys(N_read, client, buffer, PACKET);
  if (count >= 0) {
    int file = sys(N_open, path, O_RDONLY);
    count = file < 0 ? file : read_all(file, buffer, sizeof buffer);
    sys(N_close, file);
  }
  if (count >= 0) {
    int sent = write_all(client, answer, sizeof answer - 1);
    if (sent >= 0) sent = write_all(client, buffer, (u32)count);
    if (sent < 0) count = sent;
  }
  socket_call(13, client, 1, 0, 0, 0); /* no more of it */
  while (sys(N_read, client, buffer, PACKET) > 0) {
  }
  sys(N_close, client);
  sys(N_close, socket);
  return count;
}

static void use_network(char** environment, const char* path) {
  int count;
  if (say("address", bring_up()) < 0) return;
  count = fetch(number(parameter(environment, "port")));
  say_sum("fetched", count);
  if (count < 0 || say("kept", write_file(path, O_TRUNC, buffer, (u32)count)) < 0) return;
  say("served", serve(path));
}

/* ---- the disk as it is */

/* Numbers of block devices differ between kernels; /proc knows. */
static int make_disk_node(void) {
  int file = sys(N_open, "/proc/partitions", O_RDONLY), count, i;
  count = file < 0 ? file : read_all(file, buffer, 4096);
  sys(N_close, file);
  for (i = 0; i + 3 < count; i++) {
    int at = i, major;
    if (buffer[i] != 'v' || buffer[i + 1] != 'd' || buffer[i + 2] != 'a') continue;
    while (at > 0 && buffer[at - 1] != '\n') at--;
    while (buffer[at] == ' ') at++;
    major = (int)number(buffer + at);
    sys(N_mknod, "/dev/vda", 060600, major << 8);
    return 0;
  }
  return -6;
}

/* Whole sectors: the file, and before it a word about it. */
static int write_disk(const char* path) {
  char word[512];
  int file = sys(N_open, path, O_RDONLY), disk, result;
  int count = file < 0 ? file : read_all(file, buffer, sizeof buffer);
  sys(N_close, file);
  if (count < 0) return count;
  memset(word, 0, sizeof word);
  name_of(word, "written ", (u32)count, "\n");
  disk = sys(N_open, "/dev/vda", O_RDWR);
  if (disk < 0) return disk;
  sys(N_lseek, disk, BLOB_AT, 0);
  result = write_all(disk, buffer, (u32)count);
  sys(N_lseek, disk, 0, 0);
  if (result >= 0) result = write_all(disk, word, sizeof word);
  if (result >= 0) result = sys(N_fsync, disk);
  sys(N_close, disk);
  return result;
}

/* The file that write_disk wrote, in `buffer`; its size, 0 if there is none. */
static int read_disk(void) {
  char word[512];
  int disk = sys(N_open, "/dev/vda", O_RDONLY), count;
  if (disk < 0) return disk;
  count = read_all(disk, word, sizeof word);
  if (count == sizeof word) {
    count = (int)number(word + 8);
    sys(N_lseek, disk, BLOB_AT, 0);
    if (count > 0) count = read_all(disk, buffer, (u32)count);
  }
  sys(N_close, disk);
  return count;
}

/* Returns whether this was the first boot. */
static int use_ram(char** environment) {
  int count;
  sys(N_mknod, "/dev/null", 020666, 1 << 8 | 3);
  say("tmpfs", sys(N_mount, "tmpfs", "/tmp", "tmpfs", 0, 0));
  if (say("disk", make_disk_node()) < 0) return 0;
  count = read_disk();
  if (count != 0) {
    say_sum("found", count);
    return 0;
  }
  use_rng();
  write_text("/tmp/blob", O_TRUNC, "made here\n");
  use_network(environment, "/tmp/blob");
  say("written", write_disk("/tmp/blob"));
  return 1;
}

static int use_root(char** environment) {
  const u32 all = number(parameter(environment, "ops"));
  int mark = sys(N_open, "/work/restarted", O_RDONLY);
  const int first = mark < 0;
  if (first) {
    operate_all(0, all / 2);
    say("mark", write_text("/work/restarted", 0, "yes\n"));
  } else {
    sys(N_close, mark);
    operate_all(all / 2, all);
    use_rng();
    use_network(environment, "/work/blob");
  }
  sys(N_sync);
  say("read-only", sys(N_mount, "/dev/root", "/", "ext2", MS_REMOUNT | MS_RDONLY, 0));
  return first;
}

int main(int count, char** arguments, char** environment) {
  int first;
  if (sys(N_getpid) != 1) return 1;
  out("USERSPACE\n");
  sys(N_mount, "proc", "/proc", "proc", 0, 0);
  if (seq(parameter(environment, "part"), "root")) {
    first = use_root(environment);
  } else {
    first = use_ram(environment);
  }
  out("DONE\n");
  sys(N_sync);
  sys(N_reboot, 0xfee1dead, 672274793,
      first && seq(parameter(environment, "end"), "restart") ? 0x01234567 : 0x4321fedc,
      0);
  for (;;) {
    struct ts second = {1, 0};
    sys(N_nanosleep, &second, 0);
  }
}
