#include "query/functions/json_text.h"

#include <algorithm>

#include "query/functions/numbers.h"

namespace freshet::query {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Json array_or_object(JsonKind kind) {
  Json json;
  json.kind = kind;
  return json;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 63));
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

std::optional<uint32_t> four_digits(std::string_view text, size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  uint32_t code = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return std::nullopt;
    code = code << 4 | static_cast<uint32_t>(digit);
  }
  return code;
}

/// The content between the quotes, escapes resolved; nothing when one is wrong.
std::optional<std::string> unescaped(std::string_view content) {
  std::string out;
  for (size_t i = 0; i < content.size(); ++i) {
    if (content[i] != '\\') {
      out += content[i];
      continue;
    }
    if (++i == content.size()) return std::nullopt;
    switch (content[i]) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case '"':
      case '\\':
      case '/': out += content[i]; break;
      case 'u': {
        auto code = four_digits(content, i + 1);
        if (!code) return std::nullopt;
        i += 4;
        const bool is_high = *code >= 0xD800 && *code < 0xDC00;
        if (is_high && content.substr(i + 1).starts_with("\\u")) {
          const auto low = four_digits(content, i + 3);
          if (low && *low >= 0xDC00 && *low < 0xE000) {
            code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
            i += 6;
          }
        }
        if (*code >= 0xD800 && *code < 0xE000) return std::nullopt;
        append_utf8(*code, out);
        break;
      }
      default: return std::nullopt;
    }
  }
  return out;
}

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  std::optional<Json> document() {
    Json json;
    if (!value(json, 0)) return std::nullopt;
    skip_blanks();
    return at_ == text_.size() ? std::optional(std::move(json)) : std::nullopt;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  bool take(char c) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool value(Json& json, int depth) {
    skip_blanks();
    if (at_ == text_.size() || depth == kMostJsonDepth) return false;
    switch (text_[at_]) {
      case '{': return object(json, depth);
      case '[': return array(json, depth);
      case '"': json.kind = JsonKind::kString; return string(json.scalar);
      case 't': json.kind = JsonKind::kBoolean; return word("true", json);
      case 'f': json.kind = JsonKind::kBoolean; return word("false", json);
      case 'n': return word("null", json);
      default: return number(json);
    }
  }

  bool word(std::string_view word, Json& json) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    json.scalar = word;
    return true;
  }

  bool digits() {
    const size_t begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ > begin;
  }

  bool number(Json& json) {
    const size_t begin = at_;
    if (text_[at_] == '-') ++at_;
    const size_t first = at_;
    if (!digits() || (text_[first] == '0' && at_ > first + 1)) return false;
    json.kind = JsonKind::kInteger;
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      json.kind = JsonKind::kDouble;
      if (!digits()) return false;
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      json.kind = JsonKind::kDouble;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (!digits()) return false;
    }
    json.scalar = text_.substr(begin, at_ - begin);
    return true;
  }

  /// With its quotes.
  bool string(std::string& out) {
    const size_t begin = at_++;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (static_cast<uint8_t>(c) < 0x20) return false;
      if (c == '\\') {
        ++at_;
      } else if (c == '"') {
        ++at_;
        out = text_.substr(begin, at_ - begin);
        return unescaped(std::string_view(out).substr(1, out.size() - 2)).has_value();
      }
    }
    return false;
  }

  bool object(Json& json, int depth) {
    json.kind = JsonKind::kObject;
    ++at_;
    if (take('}')) return true;
    do {
      skip_blanks();
      std::string name;
      if (at_ == text_.size() || text_[at_] != '"' || !string(name) || !take(':')) return false;
      json.members.emplace_back(*unescaped(std::string_view(name).substr(1, name.size() - 2)), Json());
      if (!value(json.members.back().second, depth + 1)) return false;
    } while (take(','));
    return take('}');
  }

  bool array(Json& json, int depth) {
    json.kind = JsonKind::kArray;
    ++at_;
    if (take(']')) return true;
    do {
      json.items.emplace_back();
      if (!value(json.items.back(), depth + 1)) return false;
    } while (take(','));
    return take(']');
  }

  std::string_view text_;
  size_t at_ = 0;
};

void append(const Json& json, std::string_view comma, std::string_view colon, std::string& out) {
  if (json.is_scalar()) {
    out += json.scalar;
    return;
  }
  const bool is_array = json.kind == JsonKind::kArray;
  out += is_array ? '[' : '{';
  bool is_first = true;
  for (const Json& item : json.items) {
    if (!is_first) out += comma;
    is_first = false;
    append(item, comma, colon, out);
  }
  for (const auto& [name, member] : json.members) {
    if (!is_first) out += comma;
    is_first = false;
    out += json_quoted(name);
    out += colon;
    append(member, comma, colon, out);
  }
  out += is_array ? ']' : '}';
}

/// Position of an item, which may be one behind the last or more; nothing when it is before the first.
std::optional<size_t> item_position(const Json& array, int64_t index) {
  if (index >= 0) return static_cast<size_t>(index);
  const int64_t position = static_cast<int64_t>(array.items.size()) + index;
  return position < 0 ? std::nullopt : std::optional(static_cast<size_t>(position));
}

void find_below(const Json& json, const JsonPath& path, size_t step, std::vector<const Json*>& found) {
  if (step == path.size()) {
    // `**` may reach a part in several ways.
    if (std::find(found.begin(), found.end(), &json) == found.end()) found.push_back(&json);
    return;
  }
  const JsonStep& at = path[step];
  switch (at.kind) {
    case JsonStep::Kind::kMember:
      if (const Json* member = json.member(at.name)) find_below(*member, path, step + 1, found);
      return;
    case JsonStep::Kind::kItem: {
      if (json.kind != JsonKind::kArray) {
        // A scalar or an object is an array of itself.
        if (at.index == 0 || at.index == -1) find_below(json, path, step + 1, found);
        return;
      }
      const auto position = item_position(json, at.index);
      if (position && *position < json.items.size()) find_below(json.items[*position], path, step + 1, found);
      return;
    }
    case JsonStep::Kind::kAnyMember:
      for (const auto& [name, member] : json.members) find_below(member, path, step + 1, found);
      return;
    case JsonStep::Kind::kAnyItem:
      for (const Json& item : json.items) find_below(item, path, step + 1, found);
      return;
    case JsonStep::Kind::kAnyDepth:
      find_below(json, path, step + 1, found);
      for (const auto& [name, member] : json.members) find_below(member, path, step, found);
      for (const Json& item : json.items) find_below(item, path, step, found);
      return;
  }
}

class PathReader {
 public:
  explicit PathReader(std::string_view text) : text_(text) {}

  std::optional<JsonPath> run() {
    skip_blanks();
    if (!take("$")) return std::nullopt;
    JsonPath path;
    for (skip_blanks(); at_ < text_.size(); skip_blanks()) {
      JsonStep step;
      if (!(take("**") ? (step.kind = JsonStep::Kind::kAnyDepth, true) : take(".") ? member(step) : take("[") && item(step)))
        return std::nullopt;
      path.push_back(std::move(step));
    }
    if (!path.empty() && path.back().kind == JsonStep::Kind::kAnyDepth) return std::nullopt;
    return path;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  bool take(std::string_view mark) {
    if (!text_.substr(at_).starts_with(mark)) return false;
    at_ += mark.size();
    return true;
  }
  bool member(JsonStep& step) {
    skip_blanks();
    if (take("*")) {
      step.kind = JsonStep::Kind::kAnyMember;
      return true;
    }
    const size_t begin = at_;
    if (take("\"")) {
      while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
      if (at_ >= text_.size()) return false;
      const auto name = unescaped(text_.substr(begin + 1, at_ - begin - 1));
      ++at_;
      if (name) step.name = *name;
      return name.has_value();
    }
    while (at_ < text_.size() && text_[at_] != '.' && text_[at_] != '[' && text_[at_] != '*' && !is_blank(text_[at_])) ++at_;
    step.name = text_.substr(begin, at_ - begin);
    return !step.name.empty();
  }
  bool item(JsonStep& step) {
    step.kind = JsonStep::Kind::kItem;
    skip_blanks();
    if (take("*")) {
      step.kind = JsonStep::Kind::kAnyItem;
    } else {
      const bool from_end = take("last");
      if (from_end) {
        step.index = -1;
        skip_blanks();
      }
      const bool negative = take("-");
      skip_blanks();
      const size_t begin = at_;
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
      if (at_ == begin && (!from_end || negative)) return false;
      const int64_t number = leading_integer(text_.substr(begin, at_ - begin));
      step.index += negative ? -number : number;
    }
    skip_blanks();
    return take("]");
  }

  std::string_view text_;
  size_t at_ = 0;
};

bool same_scalar(const Json& left, const Json& right) {
  const auto is_number = [](const Json& json) { return json.kind == JsonKind::kInteger || json.kind == JsonKind::kDouble; };
  if (is_number(left) && is_number(right)) return leading_double(left.scalar) == leading_double(right.scalar);
  if (left.kind != right.kind) return false;
  if (left.kind == JsonKind::kString) return json_unquoted(left.scalar) == json_unquoted(right.scalar);
  return left.scalar == right.scalar;
}

}  // namespace

const Json* Json::member(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.first == name; });
  return found == members.end() ? nullptr : &found->second;
}

std::optional<Json> parse_json(std::string_view text) { return JsonReader(text).document(); }
bool is_json(std::string_view text) { return parse_json(text).has_value(); }

void append_json(const Json& json, std::string& out) { append(json, ", ", ": ", out); }

std::string json_text(const Json& json) {
  std::string out;
  append_json(json, out);
  return out;
}

std::string compact_json_text(const Json& json) {
  std::string out;
  append(json, ",", ":", out);
  return out;
}

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<uint8_t>(c) < 0x20) {
          out += "\\u00";
          out += "0123456789ABCDEF"[c >> 4];
          out += "0123456789ABCDEF"[c & 15];
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string json_unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  return unescaped(text.substr(1, text.size() - 2)).value_or(std::string(text));
}

std::optional<JsonPath> parse_json_path(std::string_view text) { return PathReader(text).run(); }

bool has_wildcards(const JsonPath& path) {
  return std::any_of(path.begin(), path.end(), [](const JsonStep& step) {
    return step.kind != JsonStep::Kind::kMember && step.kind != JsonStep::Kind::kItem;
  });
}

std::vector<const Json*> json_at(const Json& json, const JsonPath& path) {
  std::vector<const Json*> found;
  find_below(json, path, 0, found);
  return found;
}

namespace {

bool change_member(Json& json, const JsonStep& step, JsonChange change, const Json& value) {
  if (json.kind != JsonKind::kObject) return true;
  const auto found =
      std::find_if(json.members.begin(), json.members.end(), [&](const auto& member) { return member.first == step.name; });
  if (change == JsonChange::kRemove) {
    if (found != json.members.end()) json.members.erase(found);
  } else if (found == json.members.end()) {
    if (change != JsonChange::kReplace) json.members.emplace_back(step.name, value);
  } else if (change != JsonChange::kInsert) {
    found->second = value;
  }
  return true;
}

bool change_item(Json& json, const JsonStep& step, JsonChange change, const Json& value) {
  if (json.kind != JsonKind::kArray) {
    const bool is_itself = step.index == 0;
    if (change == JsonChange::kRemove || (is_itself && change == JsonChange::kInsert)) return true;
    if (is_itself) {
      json = value;
    } else if (change != JsonChange::kReplace) {
      Json array = array_or_object(JsonKind::kArray);
      array.items = {json, value};
      json = std::move(array);
    }
    return true;
  }
  const auto position = item_position(json, step.index);
  if (!position) return true;
  if (*position >= json.items.size()) {
    if (change == JsonChange::kSet || change == JsonChange::kInsert || change == JsonChange::kInsertItem)
      json.items.push_back(value);
    return true;
  }
  const auto item = json.items.begin() + static_cast<ptrdiff_t>(*position);
  if (change == JsonChange::kRemove) {
    json.items.erase(item);
  } else if (change == JsonChange::kInsertItem) {
    json.items.insert(item, value);
  } else if (change != JsonChange::kInsert) {
    *item = value;
  }
  return true;
}

}  // namespace

bool change_json(Json& json, const JsonPath& path, JsonChange change, const Json& value) {
  if (has_wildcards(path)) return false;
  if (change == JsonChange::kAppend) {
    const auto found = json_at(json, path);
    if (found.empty()) return true;
    // The part belongs to `json`, which may be written.
    Json& part = const_cast<Json&>(*found.front());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    if (part.kind != JsonKind::kArray) {
      Json array = array_or_object(JsonKind::kArray);
      array.items.push_back(part);
      part = std::move(array);
    }
    part.items.push_back(value);
    return true;
  }
  if (path.empty()) {
    if (change == JsonChange::kRemove || change == JsonChange::kInsertItem) return false;
    if (change != JsonChange::kInsert) json = value;
    return true;
  }
  const auto found = json_at(json, JsonPath(path.begin(), path.end() - 1));
  if (found.empty()) return true;
  Json& parent = const_cast<Json&>(*found.front());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  const JsonStep& last = path.back();
  if (last.kind == JsonStep::Kind::kItem) return change_item(parent, last, change, value);
  return change != JsonChange::kInsertItem && change_member(parent, last, change, value);
}

bool same_json(const Json& left, const Json& right) {
  if (left.is_scalar() || right.is_scalar()) return left.is_scalar() && right.is_scalar() && same_scalar(left, right);
  if (left.kind != right.kind || left.items.size() != right.items.size() || left.members.size() != right.members.size())
    return false;
  for (size_t i = 0; i < left.items.size(); ++i) {
    if (!same_json(left.items[i], right.items[i])) return false;
  }
  return std::all_of(left.members.begin(), left.members.end(), [&](const auto& member) {
    const Json* other = right.member(member.first);
    return other != nullptr && same_json(member.second, *other);
  });
}

bool json_contains(const Json& json, const Json& candidate) {
  if (json.kind == JsonKind::kArray) {
    if (candidate.kind == JsonKind::kArray) {
      return std::all_of(candidate.items.begin(), candidate.items.end(), [&](const Json& item) {
        return std::any_of(json.items.begin(), json.items.end(), [&](const Json& own) { return json_contains(own, item); });
      });
    }
    return std::any_of(json.items.begin(), json.items.end(), [&](const Json& own) { return json_contains(own, candidate); });
  }
  if (json.kind == JsonKind::kObject) {
    if (candidate.kind != JsonKind::kObject) return false;
    return std::all_of(candidate.members.begin(), candidate.members.end(), [&](const auto& member) {
      const Json* own = json.member(member.first);
      return own != nullptr && json_contains(*own, member.second);
    });
  }
  return candidate.is_scalar() && same_scalar(json, candidate);
}

Json json_patched(Json json, const Json& patch) {
  if (patch.kind != JsonKind::kObject) return patch;
  if (json.kind != JsonKind::kObject) json = array_or_object(JsonKind::kObject);
  for (const auto& [name, value] : patch.members) {
    const auto found =
        std::find_if(json.members.begin(), json.members.end(), [&](const auto& member) { return member.first == name; });
    if (value.kind == JsonKind::kNull) {
      if (found != json.members.end()) json.members.erase(found);
    } else if (found != json.members.end()) {
      found->second = json_patched(std::move(found->second), value);
    } else {
      json.members.emplace_back(name, json_patched(Json(), value));
    }
  }
  return json;
}

Json json_merged(Json left, Json right) {
  if (left.kind == JsonKind::kObject && right.kind == JsonKind::kObject) {
    for (auto& [name, value] : right.members) {
      const auto found =
          std::find_if(left.members.begin(), left.members.end(), [&](const auto& member) { return member.first == name; });
      if (found == left.members.end()) {
        left.members.emplace_back(name, std::move(value));
      } else {
        found->second = json_merged(std::move(found->second), std::move(value));
      }
    }
    return left;
  }
  Json joined = array_or_object(JsonKind::kArray);
  for (Json* part : {&left, &right}) {
    if (part->kind == JsonKind::kArray) {
      for (Json& item : part->items) joined.items.push_back(std::move(item));
    } else {
      joined.items.push_back(std::move(*part));
    }
  }
  return joined;
}

std::string_view json_type_name(const Json& json) {
  switch (json.kind) {
    case JsonKind::kNull: return "NULL";
    case JsonKind::kBoolean: return "BOOLEAN";
    case JsonKind::kInteger: return "INTEGER";
    case JsonKind::kDouble: return "DOUBLE";
    case JsonKind::kString: return "STRING";
    case JsonKind::kArray: return "ARRAY";
    case JsonKind::kObject: return "OBJECT";
  }
  return "NULL";
}

int64_t json_depth(const Json& json) {
  int64_t deepest = 0;
  for (const Json& item : json.items) deepest = std::max(deepest, json_depth(item));
  for (const auto& [name, member] : json.members) deepest = std::max(deepest, json_depth(member));
  return deepest + 1;
}

int64_t json_length(const Json& json) {
  if (json.is_scalar()) return 1;
  return static_cast<int64_t>(json.items.size() + json.members.size());
}

}  // namespace freshet::query
