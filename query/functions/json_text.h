#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// JSON documents as MariaDB's functions read, change and write them.
namespace freshet::query {

inline constexpr int kMostJsonDepth = 100;

enum class JsonKind : uint8_t { kNull, kBoolean, kInteger, kDouble, kString, kArray, kObject };

/// A document, or a part of one. Scalars keep their text as it was written.
struct Json {
  JsonKind kind = JsonKind::kNull;
  std::string scalar;  ///< with quotes and escapes when it is a string
  std::vector<Json> items;
  std::vector<std::pair<std::string, Json>> members;  ///< names without quotes and escapes

  bool is_scalar() const { return kind != JsonKind::kArray && kind != JsonKind::kObject; }
  const Json* member(std::string_view name) const;
};

/// Nothing when the text is no JSON, or deeper than kMostJsonDepth.
std::optional<Json> parse_json(std::string_view text);
bool is_json(std::string_view text);
/// With a blank behind each comma and colon.
void append_json(const Json& json, std::string& out);
std::string json_text(const Json& json);
/// Without blanks.
std::string compact_json_text(const Json& json);
std::string json_quoted(std::string_view text);
/// The content of a JSON string; other texts as they are.
std::string json_unquoted(std::string_view text);

/// One step of a path: `.name`, `[3]`, `[last]`, `[last-1]`, `.*`, `[*]`, `**`.
struct JsonStep {
  enum class Kind : uint8_t { kMember, kItem, kAnyMember, kAnyItem, kAnyDepth };
  Kind kind = Kind::kMember;
  std::string name;
  int64_t index = 0;  ///< from the end when negative: -1 is the last
};
using JsonPath = std::vector<JsonStep>;
/// `$.a[0]."b c"`; nothing when it is none.
std::optional<JsonPath> parse_json_path(std::string_view text);
bool has_wildcards(const JsonPath& path);
/// The parts of `json` at the path, in their order.
std::vector<const Json*> json_at(const Json& json, const JsonPath& path);

enum class JsonChange : uint8_t { kSet, kInsert, kReplace, kRemove, kAppend, kInsertItem };
/// Puts `value` where the path says: into an existing place (kReplace), a new one (kInsert), either (kSet); or takes the
/// place away; or adds to an array. False when the path cannot be written to (wildcards).
bool change_json(Json& json, const JsonPath& path, JsonChange change, const Json& value);

/// JSON_CONTAINS: scalars are equal, arrays have each item, objects each member.
bool json_contains(const Json& json, const Json& candidate);
bool same_json(const Json& left, const Json& right);
/// RFC 7396; `patch` wins, null members are taken away.
Json json_patched(Json json, const Json& patch);
/// JSON_MERGE_PRESERVE: arrays are joined, members of both keep both values.
Json json_merged(Json left, Json right);
/// OBJECT, ARRAY, STRING, INTEGER, DOUBLE, BOOLEAN, NULL.
std::string_view json_type_name(const Json& json);
int64_t json_depth(const Json& json);
int64_t json_length(const Json& json);

}  // namespace freshet::query
