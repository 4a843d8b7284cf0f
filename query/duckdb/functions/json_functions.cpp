#include <optional>
#include <string>

#include "query/duckdb/functions/function_tables.h"
#include "query/duckdb/functions/operands.h"
#include "query/functions/json_search.h"
#include "query/functions/numbers.h"

namespace freshet::query {
namespace {

/// MySQL's answer to texts that are no JSON is NULL and a warning; to paths that are none, an error.
JsonPath path_of(std::string_view text) {
  auto path = parse_json_path(text);
  if (!path) throw duckdb::InvalidInputException("Invalid JSON path expression: '%s'", std::string(text));
  return std::move(*path);
}

void answer_json(const Json& json, Answer& answer) { answer.text(json_text(json)); }

void json_valid(const Row& row, Answer& answer) { answer.truth(is_json(row.text(0))); }
void json_quote(const Row& row, Answer& answer) { answer.text(json_quoted(row.text(0))); }
void json_unquote(const Row& row, Answer& answer) { answer.text(json_unquoted(row.text(0))); }

void json_extract(const Row& row, Answer& answer) {
  const auto json = parse_json(row.text(0));
  if (!json) return;
  bool is_list = row.size() > 2;
  std::vector<const Json*> found;
  for (size_t i = 1; i < row.size(); ++i) {
    const JsonPath path = path_of(row.text(i));
    is_list |= has_wildcards(path);
    for (const Json* part : json_at(*json, path)) found.push_back(part);
  }
  if (found.empty()) return;
  if (!is_list) return answer_json(*found.front(), answer);
  std::string out = "[";
  for (const Json* part : found) {
    if (out.size() > 1) out += ", ";
    append_json(*part, out);
  }
  answer.text(out + "]");
}

/// The first part at the path of argument 1, or the whole.
const Json* part_of(const std::optional<Json>& json, const Row& row) {
  if (!json) return nullptr;
  if (row.size() < 2) return &*json;
  const auto found = json_at(*json, path_of(row.text(1)));
  return found.empty() ? nullptr : found.front();
}

void json_value(const Row& row, Answer& answer) {
  const auto json = parse_json(row.text(0));
  const Json* part = part_of(json, row);
  if (part != nullptr && part->is_scalar() && part->kind != JsonKind::kNull) answer.text(json_unquoted(part->scalar));
}
void json_query(const Row& row, Answer& answer) {
  const auto json = parse_json(row.text(0));
  const Json* part = part_of(json, row);
  if (part != nullptr && !part->is_scalar()) answer_json(*part, answer);
}
void json_exists(const Row& row, Answer& answer) {
  const auto json = parse_json(row.text(0));
  if (json) answer.truth(part_of(json, row) != nullptr);
}
/// `->>`
void json_extract_text(const Row& row, Answer& answer) {
  const auto json = parse_json(row.text(0));
  const Json* part = part_of(json, row);
  if (part == nullptr) return;
  answer.text(part->kind == JsonKind::kString ? json_unquoted(part->scalar) : json_text(*part));
}

void json_type(const Row& row, Answer& answer) {
  if (const auto json = parse_json(row.text(0))) answer.text(json_type_name(*json));
}
void json_length_of(const Row& row, Answer& answer) {
  const auto json = parse_json(row.text(0));
  if (const Json* part = part_of(json, row)) answer.integer(json_length(*part));
}
void json_depth_of(const Row& row, Answer& answer) {
  if (const auto json = parse_json(row.text(0))) answer.integer(json_depth(*json));
}

void json_keys(const Row& row, Answer& answer) {
  const auto json = parse_json(row.text(0));
  const Json* part = part_of(json, row);
  if (part == nullptr || part->kind != JsonKind::kObject) return;
  std::string names = "[";
  for (const auto& [name, member] : part->members) names += (names.size() > 1 ? ", " : "") + json_quoted(name);
  answer.text(names + "]");
}

void json_contains_of(const Row& row, Answer& answer) {
  const auto json = parse_json(row.text(0));
  const auto candidate = parse_json(row.text(1));
  if (!json || !candidate) return;
  if (row.size() == 2) return answer.truth(json_contains(*json, *candidate));
  const auto found = json_at(*json, path_of(row.text(2)));
  answer.truth(!found.empty() && json_contains(*found.front(), *candidate));
}

void json_contains_path(const Row& row, Answer& answer) {
  const auto json = parse_json(row.text(0));
  if (!json) return;
  const bool wants_all = row.text(1) == "all" || row.text(1) == "ALL";
  bool found = wants_all;
  for (size_t i = 2; i < row.size(); ++i) {
    const bool is_there = !json_at(*json, path_of(row.text(i))).empty();
    found = wants_all ? found && is_there : found || is_there;
  }
  answer.truth(found);
}

/// Overlaps: a common item, or a common member.
void json_overlaps(const Row& row, Answer& answer) {
  const auto left = parse_json(row.text(0));
  const auto right = parse_json(row.text(1));
  if (!left || !right) return;
  if (left->kind == JsonKind::kObject && right->kind == JsonKind::kObject) {
    for (const auto& [name, value] : left->members) {
      const Json* other = right->member(name);
      if (other != nullptr && same_json(value, *other)) return answer.truth(true);
    }
    return answer.truth(false);
  }
  const auto items_of = [](const Json& json) {
    return json.kind == JsonKind::kArray ? json.items : std::vector<Json>{json};
  };
  for (const Json& one : items_of(*left)) {
    for (const Json& other : items_of(*right)) {
      if (same_json(one, other)) return answer.truth(true);
    }
  }
  answer.truth(false);
}

std::string_view written(const Row& row, size_t argument) { return row.is_null(argument) ? "null" : row.text(argument); }

void json_written(const Row& row, Answer& answer) { answer.text(written(row, 0)); }

void json_array(const Row& row, Answer& answer) {
  std::string out = "[";
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out += ", ";
    out += written(row, i);
  }
  answer.text(out + "]");
}

/// Names come as JSON texts, as values do.
void json_object(const Row& row, Answer& answer) {
  if (row.size() % 2 != 0)
    throw duckdb::InvalidInputException("Incorrect parameter count in the call to native function 'json_object'");
  std::string out = "{";
  for (size_t i = 0; i < row.size(); i += 2) {
    if (i > 0) out += ", ";
    out += json_quoted(json_unquoted(row.is_null(i) ? "" : row.text(i)));
    out += ": ";
    out += written(row, i + 1);
  }
  answer.text(out + "}");
}

Json value_of(const Row& row, size_t argument) {
  auto value = parse_json(written(row, argument));
  if (value) return std::move(*value);
  Json text;
  text.kind = JsonKind::kString;
  text.scalar = json_quoted(row.text(argument));
  return text;
}

/// A document, then paths and values in turns.
template <JsonChange kChange>
void json_change(const Row& row, Answer& answer) {
  if (row.is_null(0)) return;
  auto json = parse_json(row.text(0));
  if (!json) return;
  constexpr size_t kStep = kChange == JsonChange::kRemove ? 1 : 2;
  if ((row.size() - 1) % kStep != 0)
    throw duckdb::InvalidInputException("Incorrect parameter count in the call to a JSON function");
  for (size_t i = 1; i < row.size(); i += kStep) {
    if (row.is_null(i)) return;
    const JsonPath path = path_of(json_unquoted(row.text(i)));
    const Json value = kStep == 2 ? value_of(row, i + 1) : Json();
    if (!change_json(*json, path, kChange, value))
      throw duckdb::InvalidInputException("Invalid JSON path expression: '%s' cannot be written to",
                                          std::string(row.text(i)));
  }
  answer_json(*json, answer);
}

template <typename Merge>
void merge_all(const Row& row, Answer& answer, Merge merge) {
  auto merged = parse_json(row.text(0));
  for (size_t i = 1; merged && i < row.size(); ++i) {
    auto next = parse_json(row.text(i));
    if (!next) return;
    merged = merge(std::move(*merged), std::move(*next));
  }
  if (merged) answer_json(*merged, answer);
}
void json_merge_patch(const Row& row, Answer& answer) {
  merge_all(row, answer, [](Json left, Json right) { return json_patched(std::move(left), right); });
}
void json_merge_preserve(const Row& row, Answer& answer) {
  merge_all(row, answer, [](Json left, Json right) { return json_merged(std::move(left), std::move(right)); });
}
void json_compact(const Row& row, Answer& answer) {
  if (const auto json = parse_json(row.text(0))) answer.text(compact_json_text(*json));
}
void json_loose(const Row& row, Answer& answer) {
  if (const auto json = parse_json(row.text(0))) answer_json(*json, answer);
}

/// A document, 'one' or 'all', a LIKE pattern, the pattern's escape character, and paths below which it is looked for.
void json_search(const Row& row, Answer& answer) {
  constexpr size_t kEscape = 3;
  if (row.is_null(0) || row.is_null(1) || row.is_null(2)) return;
  const auto json = parse_json(row.text(0));
  if (!json) return;
  const bool wants_all = row.text(1) == "all" || row.text(1) == "ALL";
  const bool has_escape = row.size() > kEscape && !row.is_null(kEscape) && !row.text(kEscape).empty();
  const char escape = has_escape ? row.text(kEscape).front() : '\\';
  std::vector<std::string> paths;
  if (row.size() <= kEscape + 1) paths = json_paths_of(*json, row.text(2), escape, wants_all, "$");
  for (size_t i = kEscape + 1; i < row.size(); ++i) {
    if (row.is_null(i)) return;
    for (const Json* part : json_at(*json, path_of(row.text(i)))) {
      for (std::string& path : json_paths_of(*part, row.text(2), escape, wants_all, row.text(i))) paths.push_back(path);
    }
  }
  if (paths.empty()) return;
  if (paths.size() == 1 || !wants_all) return answer.text(json_quoted(paths.front()));
  std::string out;
  for (const std::string& path : paths) out += (out.empty() ? "[" : ", ") + json_quoted(path);
  answer.text(out + "]");
}
void json_equals(const Row& row, Answer& answer) {
  const auto left = parse_json(row.text(0));
  const auto right = parse_json(row.text(1));
  if (left && right) answer.truth(same_json(*left, *right));
}
void json_pretty(const Row& row, Answer& answer) {
  if (const auto json = parse_json(row.text(0))) answer.text(pretty_json_text(*json));
}

constexpr RowFunctionEntry kRows[] = {
    {"json_valid", "t>b", json_valid},
    {"json_quote", "t>t", json_quote},
    {"json_unquote", "t>t", json_unquote},
    {"json_extract", "?tt*>t", json_extract},
    {"json_extract_text", "?tt>t", json_extract_text},
    {"json_value", "?tt>t", json_value},
    {"json_query", "?tt>t", json_query},
    {"json_exists", "?tt>b", json_exists},
    {"json_exists_path", "?tt>b", json_exists},
    {"json_type", "t>t", json_type},
    {"json_length", "?t|t>i", json_length_of},
    {"json_depth", "t>i", json_depth_of},
    {"json_keys", "?t|t>t", json_keys},
    {"json_contains", "?tt|t>b", json_contains_of},
    {"json_contains_path", "?ttt*>b", json_contains_path},
    {"json_overlaps", "tt>b", json_overlaps},
    {"json_array", "!|j*>t", json_array},
    {"json_written", "!j>t", json_written},
    {"json_object", "!?|j*>t", json_object},
    {"json_set", "!?tj*>t", json_change<JsonChange::kSet>},
    {"json_insert", "!?tj*>t", json_change<JsonChange::kInsert>},
    {"json_replace", "!?tj*>t", json_change<JsonChange::kReplace>},
    {"json_remove", "!?tj*>t", json_change<JsonChange::kRemove>},
    {"json_array_append", "!?tj*>t", json_change<JsonChange::kAppend>},
    {"json_array_insert", "!?tj*>t", json_change<JsonChange::kInsertItem>},
    {"json_merge", "tt*>t", json_merge_preserve},
    {"json_merge_preserve", "tt*>t", json_merge_preserve},
    {"json_merge_patch", "tt*>t", json_merge_patch},
    {"json_compact", "t>t", json_compact},
    {"json_loose", "t>t", json_loose},
    {"json_search", "!?ttt|t*>t", json_search},
    {"json_equals", "tt>b", json_equals},
    {"json_pretty", "t>t", json_pretty},
};

}  // namespace

std::span<const RowFunctionEntry> json_row_functions() { return kRows; }

}  // namespace freshet::query
