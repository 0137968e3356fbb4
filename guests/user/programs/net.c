// A network, from the frames upwards: asks for the hardware address that belongs to an IP
// address (ARP), and sends and answers pings (ICMP). Guest number N of a process is
// 10.0.2.(15 + N): the number is a part of the card's address.
#include "user/user.h"

enum { kArp = 0x0806, kIp = 0x0800, kIcmp = 1 };
enum { kArpRequest = 1, kArpReply = 2, kEchoRequest = 8, kEchoReply = 0 };
enum { kPayload = 56, kPatience = 1000 };  // bytes; milliseconds

// The network has the most significant byte first, so numbers are bytes here.
struct Ethernet {
  u8 to[6], from[6], type[2];
};
struct Arp {
  struct Ethernet ethernet;
  u8 kinds[6];  // Ethernet, IP, and the lengths of their addresses
  u8 operation[2];
  u8 sender_mac[6], sender_ip[4], target_mac[6], target_ip[4];
};
struct Ping {
  struct Ethernet ethernet;
  u8 version, service, length[2], id[2], fragment[2], time_to_live, protocol, ip_sum[2];
  u8 from_ip[4], to_ip[4];
  u8 type, code, sum[2], identifier[2], sequence[2];
  u8 payload[kPayload];
};
enum { kIpOffset = sizeof(struct Ethernet), kIcmpOffset = kIpOffset + 20 };

static u8 my_mac[6];
static u8 my_ip[4] = {10, 0, 2, 15};
static u8 frame[kMaxFrame];
static u32 frame_size;

static void Put(u8 at[2], u32 value) {
  at[0] = (u8)(value >> 8);
  at[1] = (u8)value;
}
static u32 Get(const u8 at[2]) { return (u32)at[0] << 8 | at[1]; }

static bool Same(const u8* a, const u8* b, u32 size) {
  while (size-- > 0) {
    if (*a++ != *b++) return false;
  }
  return true;
}

// The sum of all words, with carries added at the other end, inverted.
static u32 Checksum(const u8* bytes, u32 size) {
  u32 sum = 0;
  for (u32 i = 0; i < size; ++i) sum += i % 2 ? bytes[i] : (u32)bytes[i] << 8;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

static bool ParseAddress(const char* text, u8 ip[4]) {
  for (int i = 0; i < 4; ++i) {
    u32 number = ParseNumber(text);
    if (*text < '0' || *text > '9' || number > 255) return false;
    ip[i] = (u8)number;
    while (*text >= '0' && *text <= '9') ++text;
    if (*text++ != (i < 3 ? '.' : '\0')) return false;
  }
  return true;
}

static void SendArp(u32 operation, const u8 mac[6], const u8 ip[4]) {
  struct Arp arp = {.kinds = {0, 1, 8, 0, 6, 4}};
  memset(arp.ethernet.to, 0xff, 6);
  if (operation == kArpReply) memcpy(arp.ethernet.to, mac, 6);
  memcpy(arp.ethernet.from, my_mac, 6);
  Put(arp.ethernet.type, kArp);
  Put(arp.operation, operation);
  memcpy(arp.sender_mac, my_mac, 6);
  memcpy(arp.sender_ip, my_ip, 4);
  memcpy(arp.target_mac, mac, 6);
  memcpy(arp.target_ip, ip, 4);
  SendFrame(&arp, sizeof(arp));
}

// Waits for the next frame that is for us, and answers questions for our address.
static bool NextFrame(void) {
  for (;;) {
    frame_size = ReceiveFrame(frame, sizeof(frame), kPatience);
    if (frame_size == 0) return false;
    const struct Arp* arp = (const struct Arp*)frame;
    u32 type = Get(arp->ethernet.type);
    if (type == kArp && frame_size >= sizeof(*arp)) {
      if (!Same(arp->target_ip, my_ip, 4)) continue;
      if (Get(arp->operation) != kArpRequest) return true;
      SendArp(kArpReply, arp->sender_mac, arp->sender_ip);
    } else if (type == kIp && frame_size >= sizeof(struct Ping)) {
      const struct Ping* ping = (const struct Ping*)frame;
      if (ping->protocol == kIcmp && Same(ping->to_ip, my_ip, 4)) return true;
    }
  }
}

static void Resolve(const u8 ip[4], u8 mac[6]) {
  static const u8 kUnknown[6];
  for (int tries = 0; tries < 3; ++tries) {
    SendArp(kArpRequest, kUnknown, ip);
    while (NextFrame()) {
      const struct Arp* arp = (const struct Arp*)frame;
      if (Get(arp->ethernet.type) != kArp || !Same(arp->sender_ip, ip, 4)) continue;
      memcpy(mac, arp->sender_mac, 6);
      return;
    }
  }
  Require(false, "nobody has that address");
}

static void FinishPing(struct Ping* ping) {
  Put(ping->ip_sum, 0);
  Put(ping->ip_sum, Checksum(frame + kIpOffset, kIcmpOffset - kIpOffset));
  Put(ping->sum, 0);
  Put(ping->sum, Checksum(frame + kIcmpOffset, sizeof(*ping) - kIcmpOffset));
}

static void SendPing(const u8 mac[6], const u8 ip[4], u32 sequence) {
  struct Ping* ping = (struct Ping*)frame;
  memset(ping, 0, sizeof(*ping));
  memcpy(ping->ethernet.to, mac, 6);
  memcpy(ping->ethernet.from, my_mac, 6);
  Put(ping->ethernet.type, kIp);
  ping->version = 0x45;
  Put(ping->length, sizeof(*ping) - kIpOffset);
  ping->time_to_live = 64;
  ping->protocol = kIcmp;
  memcpy(ping->from_ip, my_ip, 4);
  memcpy(ping->to_ip, ip, 4);
  ping->type = kEchoRequest;
  Put(ping->sequence, sequence);
  for (u32 i = 0; i < kPayload; ++i) ping->payload[i] = (u8)(sequence + i);
  FinishPing(ping);
  SendFrame(ping, sizeof(*ping));
}

static bool IsReply(u32 sequence) {
  const struct Ping* ping = (const struct Ping*)frame;
  if (Get(ping->ethernet.type) != kIp || ping->type != kEchoReply) return false;
  if (Get(ping->sequence) != sequence) return false;
  Require(Checksum(frame + kIcmpOffset, sizeof(*ping) - kIcmpOffset) == 0,
          "the reply's checksum");
  for (u32 i = 0; i < kPayload; ++i) {
    Require(ping->payload[i] == (u8)(sequence + i), "the reply's payload");
  }
  return true;
}

static void SendPings(const u8 ip[4], u32 count) {
  u8 mac[6];
  Resolve(ip, mac);
  Print("%u.%u.%u.%u is at %02x:%02x:%02x:%02x:%02x:%02x\n", ip[0], ip[1], ip[2], ip[3],
        mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
  u64 start = ReadTime().uptime_us;
  for (u32 sequence = 0; sequence < count; ++sequence) {
    SendPing(mac, ip, sequence);
    bool answered = false;
    while (!answered && NextFrame()) answered = IsReply(sequence);
    Require(answered, "an answer within a second");
  }
  PrintTiming(count, "pings answered", ReadTime().uptime_us - start);
}

// Turns the request in `frame` into the answer.
static void AnswerPing(void) {
  struct Ping* ping = (struct Ping*)frame;
  memcpy(ping->ethernet.to, ping->ethernet.from, 6);
  memcpy(ping->ethernet.from, my_mac, 6);
  memcpy(ping->to_ip, ping->from_ip, 4);
  memcpy(ping->from_ip, my_ip, 4);
  ping->type = kEchoReply;
  FinishPing(ping);
  SendFrame(ping, sizeof(*ping));
}

static void AnswerPings(u32 count) {
  for (u32 answered = 0; answered < count;) {
    if (!NextFrame()) continue;
    const struct Ping* ping = (const struct Ping*)frame;
    if (Get(ping->ethernet.type) != kIp || ping->type != kEchoRequest) continue;
    AnswerPing();
    ++answered;
  }
  Print("%u pings answered\n", count);
}

int main(int argc, char** argv) {
  if (NetAddress(my_mac) < 0) {
    Print("there is no network card; lgx gives one with --net\n");
    return 1;
  }
  my_ip[3] = (u8)(my_ip[3] + my_mac[4]);
  u8 ip[4];
  if (argc > 2 && StringEqual(argv[1], "ping") && ParseAddress(argv[2], ip)) {
    SendPings(ip, argc > 3 ? ParseNumber(argv[3]) : 3);
  } else if (argc > 2 && StringEqual(argv[1], "answer")) {
    AnswerPings(ParseNumber(argv[2]));
  } else {
    Print("%02x:%02x:%02x:%02x:%02x:%02x, %u.%u.%u.%u\n", my_mac[0], my_mac[1], my_mac[2],
          my_mac[3], my_mac[4], my_mac[5], my_ip[0], my_ip[1], my_ip[2], my_ip[3]);
    Print("net ping 10.0.2.2 [COUNT] sends pings, net answer COUNT answers them\n");
  }
  return 0;
}
