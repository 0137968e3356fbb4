// The schema of config files, from the same table that reads them.
#include <nlohmann/json.hpp>

#include "machine/config_file.h"
#include "machine/config_table.h"

namespace lgx {
namespace {

using Json = nlohmann::ordered_json;

Json Choices(const char* choices) {
  Json list = Json::array();
  for (const std::string& choice : SplitAt('|', choices)) list.push_back(choice);
  return list;
}

// What may stand there, without null.
Json TypeOf(Form form, const char* choices) {
  switch (form) {
    case Form::kText:
    case Form::kEscaped:
    case Form::kPath:
      return {{"type", "string"}};
    case Form::kTexts:
      return {{"type", "array"}, {"items", {{"type", "string"}}}};
    case Form::kConsole:
      return {{"anyOf",
               {{{"enum", Choices(choices)}},
                {{"type", "string"}, {"pattern", "^(file|socket)=."}}}}};
    case Form::kSwitch:
      return {{"enum", {true, false, "on", "off"}}};
    case Form::kChoice: {
      Json list = Choices(choices);
      if (std::string_view(choices).ends_with("on|off")) {
        list.push_back(true);
        list.push_back(false);
      }
      return {{"enum", list}};
    }
    case Form::kNumber:
      return {{"type", {"integer", "string"}}, {"minimum", 0}};
    case Form::kAmount:
      return {{"type", {"integer", "string"}},
              {"minimum", 0},
              {"examples", Json::array({choices})}};
  }
  return {};
}

template <typename Spec>
Json ValueSchema(const Spec& spec) {
  Json out = {{"description", spec.about}};
  Json type = TypeOf(spec.form, spec.choices);
  if (spec.may_be_none) {
    out["anyOf"] = Json::array({std::move(type), {{"type", "null"}}});
    return out;
  }
  out.update(type);
  return out;
}

Json ObjectSchema() {
  return {{"type", "object"},
          {"additionalProperties", false},
          {"properties", Json::object()}};
}

Json ListSchema(const ListSpec& list) {
  Json item = ObjectSchema();
  for (const ItemSpec& spec : list.items) {
    item["properties"][spec.key] = ValueSchema(spec);
  }
  if (list.required != nullptr) item["required"] = Json::array({list.required});
  return {{"description", list.about}, {"type", "array"}, {"items", std::move(item)}};
}

// The place of a dotted path, with the objects that lead to it.
Json& PlaceOf(Json& root, const std::string& path) {
  Json* at = &root;
  for (const std::string& part : SplitAt('.', path)) {
    if (at->is_null()) *at = ObjectSchema();
    at = &(*at)["properties"][part];
  }
  return *at;
}

}  // namespace

std::string ConfigSchema() {
  Json root = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
               {"title", "A machine of lgx"},
               {"description", "What lgx run and lgx check read; comments are allowed."}};
  root.update(ObjectSchema());
  root["properties"]["$schema"] = {{"type", "string"}};
  root["properties"]["version"] = {{"const", kConfigFileVersion}};
  for (const ValueSpec& value : ConfigValues()) {
    PlaceOf(root, value.path) = ValueSchema(value);
  }
  for (const ListSpec& list : ConfigLists()) PlaceOf(root, list.path) = ListSchema(list);
  root["properties"]["guests"] = {
      {"description",
       "several guests in one process; what stands outside is for all of them"},
      {"type", "array"},
      {"minItems", 1},
      {"items", {{"allOf", {{{"$ref", "#"}}, {{"not", {{"required", {"guests"}}}}}}}}}};
  return root.dump(2) + "\n";
}

}  // namespace lgx
