#include "machine/config_file.h"

#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/file.h"
#include "machine/config_table.h"

namespace lgx {
namespace {

struct Place {
  size_t line = 1;
  size_t column = 1;
};

// Walks through the text and counts, because the parser tells nobody where it is.
struct CountingIterator {
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at = nullptr;
  size_t* count = nullptr;

  reference operator*() const { return *at; }
  CountingIterator& operator++() {
    ++at;
    ++*count;
    return *this;
  }
  CountingIterator operator++(int) {
    const CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }
};

// What has been opened and not been closed yet.
struct Level {
  enum class Kind : u8 { kObject, kList, kItem, kTexts, kGuests };
  Kind kind = Kind::kObject;
  std::string path;  // "" of the outermost object, "devices.block[0]" of an element
  const ListSpec* list = nullptr;  // of kList and kItem
  size_t index = 0;                // of kItem; of kList, the next one
  size_t start = 0;                // where it was opened
  std::set<std::string> keys;
  std::vector<std::string> texts;  // of kTexts
};

enum class Json : u8 { kNull, kBool, kInteger, kFloat, kString };

const char* NameOf(Json type) {
  constexpr const char* kNames[] = {"null", "true or false", "an integer",
                                    "a number with a point", "a text"};
  return kNames[static_cast<size_t>(type)];
}

bool HasOnAndOff(const char* choices) {
  return choices != nullptr && std::string_view(choices).ends_with("on|off");
}

// What a form wants to see, for messages.
std::string Wanted(Form form, const char* choices) {
  switch (form) {
    case Form::kText:
    case Form::kEscaped:
      return "a text in quotes";
    case Form::kTexts:
      return "a list of texts";
    case Form::kPath:
      return "the name of a file in quotes";
    case Form::kConsole:
    case Form::kChoice:
      return absl::StrFormat("one of %s in quotes", choices);
    case Form::kSwitch:
      return "true or false";
    case Form::kNumber:
      return "an integer";
    case Form::kAmount:
      return absl::StrFormat("an integer, or a text such as \"%s\"", choices);
  }
  return "";
}

bool Accepts(Form form, const char* choices, bool may_be_none, Json type) {
  switch (type) {
    case Json::kNull:
      return may_be_none;
    case Json::kBool:
      return form == Form::kSwitch || (form == Form::kChoice && HasOnAndOff(choices));
    case Json::kInteger:
      return form == Form::kNumber || form == Form::kAmount;
    case Json::kFloat:
      return false;
    case Json::kString:
      return form != Form::kTexts;
  }
  return false;
}

constexpr std::string_view kGuestsKey = "guests";

// Values of the process, which no single Guest can have.
constexpr std::string_view kForAll[] = {"limits.timeout", "clock.realtime",
                                        "outputs.json_result"};

// What stands outside of "guests" holds for all of them, wherever it stands. So a text is
// read twice: once for that, once for the Guests.
class Reader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Reader(std::string_view text, const std::string& name, MachineConfig* config,
         ConfigOrigins* origins)
      : text_(text),
        name_(name),
        folder_(std::filesystem::path(name).parent_path()),
        config_(config),
        origins_(origins) {}

  Status Read() {
    Parse();
    if (!status_.ok() || guests_start_) return status_;
    if (const Status status = CheckConfig(*config_); !status.ok()) {
      return PlaceOf(status);
    }
    return status_;
  }
  // After Read(): is there a list of Guests?
  bool has_guests() const { return guests_start_.has_value(); }
  // Then this gives them.
  Status ReadGuests(std::vector<FurtherConfig>* guests) {
    shared_ = {*config_, origins_ == nullptr ? ConfigOrigins() : *origins_};
    guests_ = guests;
    Parse();
    if (status_.ok() && guests->empty()) {
      Fail(*guests_start_, std::string(kGuestsKey), "this list has no guest");
    }
    return status_;
  }
  Status RefuseGuests() {
    Fail(*guests_start_, std::string(kGuestsKey),
         "several guests cannot be described here, only in a file for lgx run or check");
    return status_;
  }

  // --- what the parser calls
  // -----------------------------------------------------------------

  bool null() override { return Scalar(Json::kNull, "none", count_ - 4); }
  bool boolean(bool value) override {
    return Scalar(Json::kBool, value ? "on" : "off", count_ - (value ? 4 : 5));
  }
  bool number_integer(number_integer_t value) override {
    return Scalar(Json::kInteger, std::to_string(value), StartOfNumber());
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Scalar(Json::kInteger, std::to_string(value), StartOfNumber());
  }
  bool number_float(number_float_t, const string_t& text) override {
    return Scalar(Json::kFloat, text, StartOfNumber());
  }
  bool string(string_t& value) override {
    const size_t start = StartOfString();
    if (value.find('\0') != std::string::npos) {
      return Fail(start, PathOfNext(), "a text cannot have \\u0000 in it");
    }
    return Scalar(Json::kString, value, start);
  }
  bool binary(binary_t&) override { return false; }  // not in JSON

  bool start_object(std::size_t) override;
  bool key(string_t& key) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override;

 private:
  // --- places
  // ---------------------------------------------------------------------------------

  Place PlaceAt(size_t offset) const {
    Place place;
    for (size_t i = 0; i < offset && i < text_.size(); i++) {
      place.column++;
      if (text_[i] == '\n') place = {place.line + 1, 1};
    }
    return place;
  }
  // The text that has just been read ends with a quote, and no other quote in it stands
  // without a backslash.
  size_t StartOfString() const {
    size_t at = count_ - 1;
    while (at > 0) {
      at--;
      if (text_[at] == '"' && (at == 0 || text_[at - 1] != '\\')) return at;
      if (text_[at] == '"') {
        size_t slashes = 0;
        while (slashes < at && text_[at - 1 - slashes] == '\\') slashes++;
        if (slashes % 2 == 0) return at;
      }
    }
    return 0;
  }
  // The parser has looked one character beyond the number, if there is one.
  size_t StartOfNumber() const {
    constexpr std::string_view kDigits = "0123456789+-.eE";
    size_t at = std::min(count_, text_.size());
    if (at > 0 && kDigits.find(text_[at - 1]) == std::string_view::npos) at--;
    while (at > 0 && kDigits.find(text_[at - 1]) != std::string_view::npos) at--;
    return at;
  }

  bool Fail(size_t offset, std::string path, const std::string& text) {
    const Place place = PlaceAt(offset);
    if (!guest_path_.empty()) path = guest_path_ + (path.empty() ? "" : "." + path);
    status_ = Errorf(StatusCode::kOutOfRange, "%s:%d:%d: %s%s%s", name_, place.line,
                     place.column, path, path.empty() ? "" : ": ", text);
    return false;
  }
  // A message of CheckConfig begins with a path.
  Status PlaceOf(const Status& status) {
    const std::string message = MessageOf(status);
    std::string path = message.substr(0, message.find(": "));
    const std::string rest = message.substr(std::min(path.size() + 2, message.size()));
    if (!starts_.contains(path)) path.resize(path.rfind(']') + 1);
    const auto at = starts_.find(path);
    if (at == starts_.end()) return status;
    Fail(at->second, message.substr(0, message.find(": ")), rest);
    return status_;
  }

  // --- values
  // ---------------------------------------------------------------------------------

  std::string PathOfNext() const {
    if (levels_.empty()) return "";
    const Level& level = levels_.back();
    if (level.kind == Level::Kind::kList || level.kind == Level::Kind::kGuests) {
      return absl::StrFormat("%s[%d]", level.path, level.index);
    }
    if (level.kind == Level::Kind::kTexts || level.path.empty()) {
      return level.path.empty() ? key_ : level.path;
    }
    return level.path + "." + key_;
  }

  void Note(const std::string& path, size_t start) {
    starts_[path] = start;
    if (origins_ == nullptr) return;
    (*origins_)[path] = absl::StrFormat("%s:%d", name_, PlaceAt(start).line);
  }

  std::string InFolder(const std::string& file) const {
    if (file.empty() || folder_.empty() || file.front() == '/') return file;
    return (folder_ / file).string();
  }

  std::string Prepared(Form form, Json type, const std::string& text) const {
    if (type != Json::kString) return text;
    if (form == Form::kPath) return InFolder(text);
    if (form == Form::kEscaped) return Escape(text);
    if (form == Form::kConsole) {
      for (const char* kind : {"file=", "socket="}) {
        if (!text.starts_with(kind)) continue;
        return kind + InFolder(text.substr(std::string_view(kind).size()));
      }
    }
    return text;
  }

  template <typename Spec, typename Set>
  bool Apply(const Spec& spec, Json type, const std::string& text, size_t start,
             Set set) {
    const std::string path = PathOfNext();
    if (!Accepts(spec.form, spec.choices, spec.may_be_none, type)) {
      return Fail(start, path,
                  absl::StrFormat("expected %s, found %s",
                                  Wanted(spec.form, spec.choices), NameOf(type)));
    }
    const Status status = set(Prepared(spec.form, type, text));
    if (!status.ok()) return Fail(start, path, MessageOf(status));
    Note(path, start);
    return true;
  }

  void Parse() {
    count_ = 0;
    levels_.clear();
    skipping_.reset();
    const CountingIterator begin{text_.data(), &count_};
    const CountingIterator end{text_.data() + text_.size(), &count_};
    nlohmann::json::sax_parse(begin, end, this, nlohmann::json::input_format_t::json,
                              true, true);
  }

  // Is this event part of a value that is not read this time?
  bool Skips() {
    if (!skipping_) return false;
    if (*skipping_ == 0) skipping_.reset();  // it was the whole value
    return true;
  }
  bool SkipsOpening() {
    if (!skipping_) return false;
    ++*skipping_;
    return true;
  }
  bool SkipsClosing() {
    if (!skipping_) return false;
    if (--*skipping_ == 0) skipping_.reset();
    return true;
  }
  bool IsGuest(const Level& level) const {
    return guests_ != nullptr && level.kind == Level::Kind::kObject &&
           level.path.empty() && levels_.size() == 3;
  }
  bool StartGuest(size_t start);
  bool EndGuest(size_t start);
  bool Scalar(Json type, const std::string& text, size_t start);
  bool UnknownKey(size_t start, const std::set<std::string>& known);
  const ItemSpec* FindItem() const;

  std::string_view text_;
  const std::string& name_;
  std::filesystem::path folder_;
  MachineConfig* config_;
  ConfigOrigins* origins_;
  size_t count_ = 0;  // characters the parser has taken
  std::vector<Level> levels_;
  std::string key_;
  size_t key_start_ = 0;
  std::map<std::string, size_t, std::less<>> starts_;  // of values, by path
  Status status_;
  std::optional<size_t> guests_start_;            // where "guests" stands
  std::optional<size_t> skipping_;                // a value, so many levels deep
  std::vector<FurtherConfig>* guests_ = nullptr;  // in the second reading
  FurtherConfig shared_;                          // what holds for all of them
  std::string guest_path_;                        // "guests[1]", inside of it
};

const ItemSpec* Reader::FindItem() const {
  for (const ItemSpec& item : levels_.back().list->items) {
    if (key_ == item.key) return &item;
  }
  return nullptr;
}

bool Reader::StartGuest(size_t start) {
  guest_path_ = absl::StrFormat("%s[%d]", kGuestsKey, levels_.back().index++);
  FurtherConfig& guest = guests_->emplace_back(shared_);
  config_ = &guest.config;
  origins_ = &guest.origins;
  starts_.clear();
  levels_.push_back({Level::Kind::kObject, "", nullptr, 0, start, {}, {}});
  return true;
}

bool Reader::EndGuest(size_t start) {
  for (const std::string_view path : kForAll) {
    const auto at = starts_.find(path);
    if (at == starts_.end()) continue;
    return Fail(at->second, std::string(path),
                "this is for all guests; put it outside of \"guests\"");
  }
  if (const Status status = CheckConfig(*config_); !status.ok()) {
    if (PlaceOf(status) == status) Fail(start, "", MessageOf(status));
    return false;
  }
  guest_path_.clear();
  return true;
}

bool Reader::Scalar(Json type, const std::string& text, size_t start) {
  if (Skips()) return true;
  const std::string path = PathOfNext();
  if (levels_.empty()) {
    return Fail(start, "", "a machine is an object; begin with { and end with }");
  }
  Level& level = levels_.back();
  switch (level.kind) {
    case Level::Kind::kTexts:
      if (type != Json::kString) return Fail(start, path, "expected a text in quotes");
      level.texts.push_back(text);
      return true;
    case Level::Kind::kList:
    case Level::Kind::kGuests:
      return Fail(start, path,
                  absl::StrFormat("expected an object { ... }, found %s", NameOf(type)));
    case Level::Kind::kItem: {
      const ItemSpec& item = *FindItem();
      return Apply(item, type, text, start, [&](const std::string& value) {
        return item.set(value, config_, level.index);
      });
    }
    case Level::Kind::kObject:
      break;
  }
  if (path == "$schema") return true;
  if (path == "version") {
    if (type == Json::kInteger && text == std::to_string(kConfigFileVersion)) return true;
    return Fail(start, path,
                absl::StrFormat("this program reads version %d; is the file of a newer "
                                "one?",
                                kConfigFileVersion));
  }
  for (const ValueSpec& value : ConfigValues()) {
    if (path != value.path) continue;
    return Apply(value, type, text, start, [&](const std::string& prepared) {
      return value.set(prepared, config_);
    });
  }
  const bool list = std::ranges::any_of(
      ConfigLists(), [&](const ListSpec& spec) { return path == spec.path; });
  return Fail(
      start, path,
      absl::StrFormat("expected %s, found %s",
                      list ? "a list [ ... ]" : "an object { ... }", NameOf(type)));
}

bool Reader::start_object(std::size_t) {
  const size_t start = count_ - 1;
  if (SkipsOpening()) return true;
  if (levels_.empty()) {
    levels_.push_back({});
    return true;
  }
  if (levels_.back().kind == Level::Kind::kGuests) return StartGuest(start);
  const std::string path = PathOfNext();
  if (levels_.back().kind == Level::Kind::kList) {
    const ListSpec* const list = levels_.back().list;
    const size_t index = levels_.back().index++;
    list->add(config_);
    starts_[path] = start;
    levels_.push_back({Level::Kind::kItem, path, list, index, start, {}, {}});
    return true;
  }
  const auto is_inside = [&](std::string_view other) {
    return other.starts_with(path + ".");
  };
  if (levels_.back().kind == Level::Kind::kObject &&
      std::ranges::any_of(ConfigValues(),
                          [&](const ValueSpec& v) { return is_inside(v.path); })) {
    levels_.push_back({Level::Kind::kObject, path, nullptr, 0, start, {}, {}});
    // Who describes an entropy device wants one.
    return path != "devices.rng" ||
           SetConfigValue("devices.rng.present", "on", config_).ok();
  }
  return Fail(start, path, "did not expect an object { ... } here");
}

bool Reader::key(string_t& key) {
  if (skipping_) return true;
  key_ = key;
  key_start_ = StartOfString();
  Level& level = levels_.back();
  std::set<std::string> known;
  if (level.kind == Level::Kind::kItem) {
    for (const ItemSpec& item : level.list->items) known.insert(item.key);
  } else {
    const std::string prefix = level.path.empty() ? "" : level.path + ".";
    const auto add = [&](std::string_view path) {
      if (!path.starts_with(prefix)) return;
      const std::string_view rest = path.substr(prefix.size());
      known.emplace(rest.substr(0, rest.find('.')));
    };
    for (const ValueSpec& value : ConfigValues()) add(value.path);
    for (const ListSpec& list : ConfigLists()) add(list.path);
    if (levels_.size() == 1)
      known.insert({"$schema", "version", std::string(kGuestsKey)});
  }
  if (!known.contains(key_)) return UnknownKey(key_start_, known);
  if (!level.keys.insert(key_).second) {
    return Fail(key_start_, PathOfNext(), "this key stands here twice; keep one of them");
  }
  if (levels_.size() != 1) return true;
  const bool is_guests = key_ == kGuestsKey;
  if (is_guests) guests_start_ = key_start_;
  if (is_guests != (guests_ != nullptr)) skipping_ = 0;
  return true;
}

bool Reader::UnknownKey(size_t start, const std::set<std::string>& known) {
  const std::string near = DidYouMean(key_, {known.begin(), known.end()});
  std::string text = "unknown key";
  if (!near.empty()) {
    text += absl::StrFormat("; did you mean \"%s\"?", near);
  } else {
    text += "; known here are";
    for (const std::string& name : known) text += " " + name;
  }
  key_ = Escape(key_);
  return Fail(start, PathOfNext(), text);
}

bool Reader::end_object() {
  if (SkipsClosing()) return true;
  if (IsGuest(levels_.back()) && !EndGuest(levels_.back().start)) return false;
  const Level level = std::move(levels_.back());
  levels_.pop_back();
  if (level.kind != Level::Kind::kItem || level.list->required == nullptr) return true;
  if (level.keys.contains(level.list->required)) return true;
  return Fail(level.start, level.path,
              absl::StrFormat("the key \"%s\" is missing", level.list->required));
}

bool Reader::start_array(std::size_t) {
  const size_t start = count_ - 1;
  if (SkipsOpening()) return true;
  const std::string path = PathOfNext();
  if (levels_.size() == 1 && path == kGuestsKey) {
    levels_.push_back({Level::Kind::kGuests, path, nullptr, 0, start, {}, {}});
    return true;
  }
  if (!levels_.empty() && levels_.back().kind == Level::Kind::kItem) {
    if (FindItem()->form == Form::kTexts) {
      levels_.push_back({Level::Kind::kTexts, path, nullptr, 0, start, {}, {}});
      return true;
    }
  } else if (!levels_.empty() && levels_.back().kind == Level::Kind::kObject) {
    for (const ListSpec& list : ConfigLists()) {
      if (path != list.path) continue;
      list.clear(config_);
      levels_.push_back({Level::Kind::kList, path, &list, 0, start, {}, {}});
      return true;
    }
  }
  return Fail(start, path, "did not expect a list [ ... ] here");
}

bool Reader::end_array() {
  if (SkipsClosing()) return true;
  const Level level = std::move(levels_.back());
  levels_.pop_back();
  if (level.kind != Level::Kind::kTexts) return true;
  std::string joined;
  for (const std::string& text : level.texts) {
    if (text.find(' ') != std::string::npos) {
      return Fail(level.start, level.path, "no blanks are allowed in these texts");
    }
    joined += (joined.empty() ? "" : " ") + text;
  }
  const Status status = FindItem()->set(joined, config_, levels_.back().index);
  if (!status.ok()) return Fail(level.start, level.path, MessageOf(status));
  Note(level.path, level.start);
  return true;
}

bool Reader::parse_error(std::size_t position, const std::string&,
                         const nlohmann::detail::exception& error) {
  // "[json.exception...] parse error at line 3, column 5: syntax error while ..."
  std::string text = error.what();
  const size_t colon = text.find(": ");
  if (colon != std::string::npos) text.erase(0, colon + 2);
  for (char& c : text) {
    if (static_cast<u8>(c) < 32 || static_cast<u8>(c) >= 127) c = '?';
  }
  return Fail(position == 0 ? 0 : position - 1, levels_.empty() ? "" : PathOfNext(),
              text);
}

}  // namespace

Status ReadConfigText(std::string_view text, const std::string& name,
                      MachineConfig* config, ConfigOrigins* origins,
                      std::vector<FurtherConfig>* further) {
  Reader reader(text, name, config, origins);
  LGX_RETURN_IF_ERROR(reader.Read());
  if (!reader.has_guests()) return absl::OkStatus();
  if (further == nullptr) return reader.RefuseGuests();
  std::vector<FurtherConfig> guests;
  LGX_RETURN_IF_ERROR(reader.ReadGuests(&guests));
  *config = std::move(guests.front().config);
  if (origins != nullptr) *origins = std::move(guests.front().origins);
  std::move(guests.begin() + 1, guests.end(), std::back_inserter(*further));
  return absl::OkStatus();
}

Status ReadConfigFile(const std::string& path, MachineConfig* config,
                      ConfigOrigins* origins, std::vector<FurtherConfig>* further) {
  StatusOr<std::vector<u8>> bytes = ReadFile(path, kConfigFileLimit);
  if (!bytes.ok()) return bytes.status();
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()),
                              bytes->size());
  return ReadConfigText(text, path, config, origins, further);
}

}  // namespace lgx
