// Lists of a machine: disks, network devices, rules of a script.
#include <algorithm>
#include <array>

#include "machine/config_table.h"
#include "machine/console_script.h"

namespace lgx {
namespace {

using Config = MachineConfig;
using Text = std::string_view;
using Block = MachineConfig::Block;
using Net = MachineConfig::Net;
using Expect = MachineConfig::Expect;

constexpr size_t kMaxId = 20;  // what virtio_blk has room for
constexpr size_t kMaxInterface = 15;

Status AssignName(Text value, const char* what, size_t most, std::string* to) {
  if (value.size() > most) {
    return Errorf(StatusCode::kOutOfRange, "\"%s\" has %d bytes; %s has at most %d",
                  std::string(value), value.size(), what, most);
  }
  *to = value;
  return absl::OkStatus();
}

Status AssignSync(Text value, Block::Sync* to) {
  if (value == "flush") {
    *to = Block::Sync::kFlush;
  } else if (value == "always") {
    *to = Block::Sync::kAlways;
  } else if (value == "never") {
    *to = Block::Sync::kNever;
  } else {
    return NotOneOf(value, "flush, always, never");
  }
  return absl::OkStatus();
}

const char* NameOf(Block::Sync sync) {
  constexpr const char* kNames[] = {"flush", "always", "never"};
  return kNames[static_cast<size_t>(sync)];
}

constexpr const char* kBackends[] = {"none", "user", "virtual", "tap", "fd"};

Status AssignBackend(Text value, Net::Backend* to) {
  for (size_t i = 0; i < std::size(kBackends); i++) {
    if (value != kBackends[i]) continue;
    *to = static_cast<Net::Backend>(i);
    return absl::OkStatus();
  }
  return NotOneOf(value, "none, user, virtual, tap, fd");
}

// tcp:2222:22, udp:53:53, tcp:127.0.0.1:2222:22: a protocol, an address of the host
// perhaps, and two ports.
Status CheckForward(Text value) {
  const std::vector<std::string> parts = SplitAt(':', value);
  bool good = (parts.size() == 3 || parts.size() == 4) &&
              (parts[0] == "tcp" || parts[0] == "udp") &&
              (parts.size() == 3 || ParseIpv4(parts[1]).ok());
  for (size_t i = parts.size() - 2; good && i < parts.size(); i++) {
    const StatusOr<u64> port = ParseNumber(parts[i]);
    good = port.ok() && *port >= 1 && *port <= 65535;
  }
  if (good) return absl::OkStatus();
  return Errorf(StatusCode::kOutOfRange,
                "\"%s\" is not tcp or udp, a port of the host and a port of the guest; "
                "write for example tcp:2222:22",
                std::string(value));
}

Status AssignForward(Text value, std::vector<std::string>* to) {
  std::vector<std::string> rules;
  for (const std::string& rule : SplitAt(' ', value)) {
    if (rule.empty()) continue;
    LGX_RETURN_IF_ERROR(CheckForward(rule));
    rules.push_back(rule);
  }
  *to = std::move(rules);
  return absl::OkStatus();
}

Status AssignDescriptor(Text value, i32* to) {
  const StatusOr<u64> number = ParseNumber(value);
  if (!number.ok() || *number > 1'000'000) {
    return Errorf(StatusCode::kOutOfRange, "\"%s\" is not the number of an open file",
                  std::string(value));
  }
  *to = static_cast<i32>(*number);
  return absl::OkStatus();
}

Status AssignMac(Text value, std::optional<std::array<u8, 6>>* to) {
  if (value == "none") return to->reset(), absl::OkStatus();
  const StatusOr<std::array<u8, 6>> mac = ParseMac(value);
  if (!mac.ok()) return mac.status();
  *to = *mac;
  return absl::OkStatus();
}

Status AssignAddress(Text value, std::optional<u32>* to) {
  if (value == "none") return to->reset(), absl::OkStatus();
  const StatusOr<u32> address = ParseIpv4(value);
  if (!address.ok()) return address.status();
  *to = *address;
  return absl::OkStatus();
}

Status AssignExit(Text value, std::optional<i32>* to) {
  if (value == "none") return to->reset(), absl::OkStatus();
  const StatusOr<u64> code = ParseNumber(value);
  if (!code.ok() || *code > 255) {
    return Errorf(StatusCode::kOutOfRange, "\"%s\" is not an exit code, 0 to 255",
                  std::string(value));
  }
  *to = static_cast<i32>(*code);
  return absl::OkStatus();
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : " ") + text;
  return all;
}

// --- the tables
// ------------------------------------------------------------------------------

constexpr ItemSpec kBlockItems[] = {
    {"path", Form::kPath, nullptr, false, "image file or block device",
     [](Text v, Config* c, size_t i) { return c->block[i].path = v, absl::OkStatus(); },
     [](const Config& c, size_t i) { return c.block[i].path; }},
    {"ro", Form::kSwitch, nullptr, false, "the guest cannot write to it",
     [](Text v, Config* c, size_t i) { return AssignBool(v, &c->block[i].read_only); },
     [](const Config& c, size_t i) { return SwitchText(c.block[i].read_only); }},
    {"overlay", Form::kPath, nullptr, false,
     "file that takes all changes; the image is only read",
     [](Text v, Config* c, size_t i) {
       return c->block[i].overlay = v, absl::OkStatus();
     },
     [](const Config& c, size_t i) { return c.block[i].overlay; }},
    {"snapshot", Form::kSwitch, nullptr, false,
     "changes are kept in memory and forgotten at the end",
     [](Text v, Config* c, size_t i) { return AssignBool(v, &c->block[i].snapshot); },
     [](const Config& c, size_t i) { return SwitchText(c.block[i].snapshot); }},
    {"sync", Form::kChoice, "flush|always|never", false,
     "when written data is forced to the host's disk",
     [](Text v, Config* c, size_t i) { return AssignSync(v, &c->block[i].sync); },
     [](const Config& c, size_t i) { return std::string(NameOf(c.block[i].sync)); }},
    {"id", Form::kText, nullptr, false, "serial number, at most 20 bytes",
     [](Text v, Config* c, size_t i) {
       return AssignName(v, "the serial number of a disk", kMaxId, &c->block[i].id);
     },
     [](const Config& c, size_t i) { return c.block[i].id; }},
};

constexpr ItemSpec kNetItems[] = {
    {"backend", Form::kChoice, "none|user|virtual|tap|fd", false,
     "what the device is connected to",
     [](Text v, Config* c, size_t i) { return AssignBackend(v, &c->net[i].backend); },
     [](const Config& c, size_t i) {
       return std::string(kBackends[static_cast<size_t>(c.net[i].backend)]);
     }},
    {"forward", Form::kTexts, nullptr, false,
     "user: ports of the host that lead to the guest, tcp:2222:22",
     [](Text v, Config* c, size_t i) { return AssignForward(v, &c->net[i].forward); },
     [](const Config& c, size_t i) { return Joined(c.net[i].forward); }},
    {"hostname", Form::kText, nullptr, false, "user: the name that DHCP gives the guest",
     [](Text v, Config* c, size_t i) {
       return AssignName(v, "a host name", 63, &c->net[i].hostname);
     },
     [](const Config& c, size_t i) { return c.net[i].hostname; }},
    {"restrict", Form::kSwitch, nullptr, false,
     "user: the guest reaches nobody by itself; forwards work",
     [](Text v, Config* c, size_t i) { return AssignBool(v, &c->net[i].restricted); },
     [](const Config& c, size_t i) { return SwitchText(c.net[i].restricted); }},
    {"group", Form::kText, nullptr, false,
     "virtual: devices of the same group are connected",
     [](Text v, Config* c, size_t i) {
       return AssignName(v, "the name of a group", 63, &c->net[i].group);
     },
     [](const Config& c, size_t i) { return c.net[i].group; }},
    {"interface", Form::kText, nullptr, false, "tap: its name",
     [](Text v, Config* c, size_t i) {
       return AssignName(v, "the name of an interface", kMaxInterface,
                         &c->net[i].interface);
     },
     [](const Config& c, size_t i) { return c.net[i].interface; }},
    {"bridge", Form::kText, nullptr, false, "tap: the bridge that it is added to",
     [](Text v, Config* c, size_t i) {
       return AssignName(v, "the name of a bridge", kMaxInterface, &c->net[i].bridge);
     },
     [](const Config& c, size_t i) { return c.net[i].bridge; }},
    {"address", Form::kText, nullptr, true, "tap: IPv4 address of the host's end",
     [](Text v, Config* c, size_t i) { return AssignAddress(v, &c->net[i].address); },
     [](const Config& c, size_t i) {
       return c.net[i].address ? FormatIpv4(*c.net[i].address) : std::string("none");
     }},
    {"fd", Form::kNumber, nullptr, true, "fd: number of an open file",
     [](Text v, Config* c, size_t i) {
       if (v == "none") return c->net[i].fd = -1, absl::OkStatus();
       return AssignDescriptor(v, &c->net[i].fd);
     },
     [](const Config& c, size_t i) {
       return c.net[i].fd < 0 ? std::string("none") : absl::StrFormat("%d", c.net[i].fd);
     }},
    {"mac", Form::kText, nullptr, true, "the guest's address, 52:54:00:12:34:56",
     [](Text v, Config* c, size_t i) { return AssignMac(v, &c->net[i].mac); },
     [](const Config& c, size_t i) {
       return c.net[i].mac ? FormatMac(*c.net[i].mac) : std::string("none");
     }},
    {"offload", Form::kSwitch, nullptr, false,
     "long packets and unfinished checksums, where both ends know them",
     [](Text v, Config* c, size_t i) { return AssignBool(v, &c->net[i].offload); },
     [](const Config& c, size_t i) { return SwitchText(c.net[i].offload); }},
    {"capture", Form::kPath, nullptr, false, "file that gets all packets, as pcap",
     [](Text v, Config* c, size_t i) { return c->net[i].capture = v, absl::OkStatus(); },
     [](const Config& c, size_t i) { return c.net[i].capture; }},
};

constexpr ItemSpec kExpectItems[] = {
    {"match", Form::kText, nullptr, false, "pattern of text that the guest has to write",
     [](Text v, Config* c, size_t i) { return c->expect[i].match = v, absl::OkStatus(); },
     [](const Config& c, size_t i) { return c.expect[i].match; }},
    {"send", Form::kEscaped, nullptr, false, "what is typed then",
     [](Text v, Config* c, size_t i) {
       StatusOr<std::string> text = Unescape(v);
       if (!text.ok()) return text.status();
       return c->expect[i].send = *std::move(text), absl::OkStatus();
     },
     [](const Config& c, size_t i) { return Escape(c.expect[i].send); }},
    {"exit", Form::kNumber, nullptr, true, "the run ends with this code then",
     [](Text v, Config* c, size_t i) { return AssignExit(v, &c->expect[i].exit); },
     [](const Config& c, size_t i) {
       return c.expect[i].exit ? absl::StrFormat("%d", *c.expect[i].exit)
                               : std::string("none");
     }},
};

void NoteDevice(Config::DeviceKind kind, size_t index, Config* config) {
  config->order.push_back({kind, static_cast<u32>(index)});
}

void ForgetDevices(Config::DeviceKind kind, Config* config) {
  std::erase_if(config->order,
                [kind](const Config::DeviceRef& ref) { return ref.kind == kind; });
}

constexpr ListSpec kLists[] = {
    {"devices.block", "disks: vda, vdb, ...", "path", kBlockItems,
     [](const Config& c) { return c.block.size(); },
     [](Config* c) {
       NoteDevice(Config::DeviceKind::kBlock, c->block.size(), c);
       c->block.emplace_back();
     },
     [](Config* c) {
       ForgetDevices(Config::DeviceKind::kBlock, c);
       c->block.clear();
     }},
    {"devices.net", "network devices", nullptr, kNetItems,
     [](const Config& c) { return c.net.size(); },
     [](Config* c) {
       NoteDevice(Config::DeviceKind::kNet, c->net.size(), c);
       c->net.emplace_back();
     },
     [](Config* c) {
       ForgetDevices(Config::DeviceKind::kNet, c);
       c->net.clear();
     }},
    {"expect", "a script for the console: wait for a text, then type", "match",
     kExpectItems, [](const Config& c) { return c.expect.size(); },
     [](Config* c) { c->expect.emplace_back(); }, [](Config* c) { c->expect.clear(); }},
};

const ListSpec& ListAt(Text path) {
  return *std::find_if(std::begin(kLists), std::end(kLists),
                       [&](const ListSpec& list) { return path == list.path; });
}

// Sets one value of the last element, which the caller has just added.
Status SetLast(const ListSpec& list, Text key, Text value, Config* config) {
  for (const ItemSpec& item : list.items) {
    if (key == item.key) return item.set(value, config, list.size(*config) - 1);
  }
  std::string known;
  for (const ItemSpec& item : list.items) {
    known += (known.empty() ? "" : ", ") + std::string(item.key);
  }
  return NotOneOf(key, known.c_str());
}

// The parts of an option behind the first: "key=value", or the name of a switch alone.
Status SetParts(const ListSpec& list, std::span<const std::string> parts,
                Config* config) {
  for (const std::string& part : parts) {
    const size_t equals = part.find('=');
    const std::string key = part.substr(0, equals);
    const std::string value =
        equals == std::string::npos ? "on" : part.substr(equals + 1);
    if (key == "fwd" && &list == &ListAt("devices.net")) {
      LGX_RETURN_IF_ERROR(CheckForward(value));
      config->net.back().forward.push_back(value);
      continue;
    }
    LGX_RETURN_IF_ERROR(SetLast(list, key, value, config));
  }
  return absl::OkStatus();
}

// Where ",send=" or ",exit=" begins, at or after `from`.
size_t FindRuleKey(Text text, size_t from) {
  return std::min(text.find(",send=", from), text.find(",exit=", from));
}

}  // namespace

std::span<const ListSpec> ConfigLists() { return kLists; }

Status AddBlock(std::string_view text, MachineConfig* config) {
  const std::vector<std::string> parts = SplitAt(',', text);
  const bool named = parts[0].starts_with("path=");
  const std::string path = named ? parts[0].substr(5) : parts[0];
  if (path.empty()) {
    return Errorf(StatusCode::kOutOfRange,
                  "the name of the image is missing; write for example root.img,ro");
  }
  MachineConfig with = *config;
  const ListSpec& list = ListAt("devices.block");
  list.add(&with);
  with.block.back().path = path;
  LGX_RETURN_IF_ERROR(SetParts(list, std::span(parts).subspan(1), &with));
  *config = std::move(with);
  return absl::OkStatus();
}

Status AddNet(std::string_view text, MachineConfig* config) {
  const std::vector<std::string> parts = SplitAt(',', text);
  const size_t equals = parts[0].find('=');
  const std::string backend = parts[0].substr(0, equals);
  const std::string name = equals == std::string::npos ? "" : parts[0].substr(equals + 1);
  MachineConfig with = *config;
  const ListSpec& list = ListAt("devices.net");
  list.add(&with);
  LGX_RETURN_IF_ERROR(SetLast(list, "backend", backend, &with));
  switch (with.net.back().backend) {
    case Net::Backend::kVirtual:
      LGX_RETURN_IF_ERROR(SetLast(list, "group", name, &with));
      break;
    case Net::Backend::kTap:
      LGX_RETURN_IF_ERROR(SetLast(list, "interface", name, &with));
      break;
    case Net::Backend::kFd:
      LGX_RETURN_IF_ERROR(SetLast(list, "fd", name, &with));
      break;
    default:
      if (equals != std::string::npos) {
        return Errorf(StatusCode::kOutOfRange, "%s takes no name, but got \"%s\"",
                      backend, name);
      }
  }
  LGX_RETURN_IF_ERROR(SetParts(list, std::span(parts).subspan(1), &with));
  *config = std::move(with);
  return absl::OkStatus();
}

Status AddTunnet(std::string_view text, MachineConfig* config) {
  const bool bridge = text.starts_with("bridge:");
  if (bridge) text.remove_prefix(7);
  const size_t colon = text.find(':');
  const std::string place(text.substr(0, colon));
  Net net;
  net.backend = Net::Backend::kTap;
  if (bridge) {
    if (place.empty()) {
      return Errorf(StatusCode::kOutOfRange,
                    "must specify bridge name; write for example bridge:br0");
    }
    LGX_RETURN_IF_ERROR(
        AssignName(place, "the name of a bridge", kMaxInterface, &net.bridge));
  } else {
    const StatusOr<u32> address = ParseIpv4(place);
    if (!address.ok()) {
      return Errorf(StatusCode::kOutOfRange, "Failed to parse IP address '%s': %s", place,
                    MessageOf(address.status()));
    }
    net.address = *address;
  }
  if (colon != std::string_view::npos) {
    const std::string mac(text.substr(colon + 1));
    const StatusOr<std::array<u8, 6>> parsed = ParseMac(mac);
    if (!parsed.ok()) {
      return Errorf(StatusCode::kOutOfRange, "Failed to parse mac address '%s': %s", mac,
                    MessageOf(parsed.status()));
    }
    net.mac = *parsed;
  }
  NoteDevice(Config::DeviceKind::kNet, config->net.size(), config);
  config->net.push_back(std::move(net));
  return absl::OkStatus();
}

// The pattern ends at the first key; the text to be typed may have commas in it and ends
// at ",exit=" or at the end.
Status AddExpect(std::string_view text, MachineConfig* config) {
  MachineConfig with = *config;
  const ListSpec& list = ListAt("expect");
  list.add(&with);
  size_t at = std::min(FindRuleKey(text, 0), text.size());
  with.expect.back().match = text.substr(0, at);
  while (at < text.size()) {
    const size_t end = std::min(FindRuleKey(text, at + 1), text.size());
    const Text key = text.substr(at + 1, 4);
    LGX_RETURN_IF_ERROR(SetLast(list, key, text.substr(at + 6, end - at - 6), &with));
    at = end;
  }
  *config = std::move(with);
  return absl::OkStatus();
}

std::array<u8, 6> AutomaticMac(u32 number, u32 index) {
  // The bit for addresses given locally, and the program's name.
  return {0x02, 'l', 'g', 'x', static_cast<u8>(number), static_cast<u8>(index)};
}

std::vector<MachineConfig::DeviceRef> DeviceOrder(const MachineConfig& config) {
  using Kind = MachineConfig::DeviceKind;
  std::vector<MachineConfig::DeviceRef> order;
  const auto add = [&](MachineConfig::DeviceRef ref) {
    const bool there = (ref.kind == Kind::kBlock && ref.index < config.block.size()) ||
                       (ref.kind == Kind::kNet && ref.index < config.net.size()) ||
                       (ref.kind == Kind::kRng && ref.index == 0 && config.rng.present);
    if (there && std::find(order.begin(), order.end(), ref) == order.end()) {
      order.push_back(ref);
    }
  };
  for (const MachineConfig::DeviceRef& ref : config.order) add(ref);
  for (u32 i = 0; i < config.block.size(); i++) add({Kind::kBlock, i});
  for (u32 i = 0; i < config.net.size(); i++) add({Kind::kNet, i});
  add({Kind::kRng, 0});
  return order;
}

Status CheckConfig(const MachineConfig& config) {
  for (size_t i = 0; i < config.block.size(); i++) {
    const Block& block = config.block[i];
    if (block.path.empty()) {
      return Errorf(StatusCode::kOutOfRange,
                    "devices.block[%d].path: the name of the image is missing", i);
    }
    if (!block.overlay.empty() && block.overlay == block.path) {
      return Errorf(StatusCode::kOutOfRange,
                    "devices.block[%d].overlay: \"%s\" is the disk image itself. An "
                    "overlay holds the changes; give it a file of its own",
                    i, block.overlay);
    }
    if (!block.overlay.empty() && block.snapshot) {
      return Errorf(StatusCode::kOutOfRange,
                    "devices.block[%d].snapshot: changes cannot be forgotten and kept in "
                    "the overlay \"%s\"; leave one of them out",
                    i, block.overlay);
    }
    if (block.read_only && (block.snapshot || !block.overlay.empty())) {
      return Errorf(StatusCode::kOutOfRange,
                    "devices.block[%d].ro: a disk that cannot be written has no changes "
                    "for an overlay or a snapshot; leave one of them out",
                    i);
    }
  }
  for (size_t i = 0; i < config.net.size(); i++) {
    const Net& net = config.net[i];
    if (net.backend == Net::Backend::kVirtual && net.group.empty()) {
      return Errorf(StatusCode::kOutOfRange,
                    "devices.net[%d].group: the name of the group is missing; write for "
                    "example virtual=lab",
                    i);
    }
    if (net.backend == Net::Backend::kFd && net.fd < 0) {
      return Errorf(StatusCode::kOutOfRange,
                    "devices.net[%d].fd: the number of the open file is missing", i);
    }
    if (net.backend != Net::Backend::kUser && !net.forward.empty()) {
      return Errorf(StatusCode::kOutOfRange,
                    "devices.net[%d].forward: only the backend user forwards ports", i);
    }
  }
  for (size_t i = 0; i < config.expect.size(); i++) {
    if (config.expect[i].match.empty()) {
      return Errorf(
          StatusCode::kOutOfRange,
          "expect[%d].match: the pattern is missing; write for example login:", i);
    }
  }
  return ConsoleScript::Compile(config.expect).status();
}

std::optional<ItemPath> SplitItemPath(std::string_view path) {
  for (const ListSpec& list : kLists) {
    const Text name = list.path;
    if (!path.starts_with(name) || path.substr(name.size()).substr(0, 1) != "[") continue;
    const Text rest = path.substr(name.size() + 1);
    const size_t close = rest.find("].");
    if (close == Text::npos || close == 0 || close > 4) return std::nullopt;
    size_t index = 0;
    for (const char c : rest.substr(0, close)) {
      if (c < '0' || c > '9') return std::nullopt;
      index = index * 10 + static_cast<size_t>(c - '0');
    }
    return ItemPath{&list, index, rest.substr(close + 2)};
  }
  return std::nullopt;
}

}  // namespace lgx
