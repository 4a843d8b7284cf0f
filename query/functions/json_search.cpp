#include "query/functions/json_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/functions/texts.h"

namespace freshet::query {
namespace {

class Search {
 public:
  Search(std::string_view pattern, char escape, bool all) : pattern_(pattern), escape_(escape), all_(all) {}

  void visit(const Json& json, const std::string& path) {
    if (!all_ && !found_.empty()) return;
    if (json.is_scalar() && is_like(json_unquoted(json.scalar), pattern_, escape_)) found_.push_back(path);
    for (size_t i = 0; i < json.items.size(); ++i) visit(json.items[i], fmt::format("{}[{}]", path, i));
    for (const auto& [name, member] : json.members) visit(member, path + "." + name);
  }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  const std::string_view pattern_;
  const char escape_;
  const bool all_;
  std::vector<std::string> found_;
};

constexpr size_t kIndent = 2;

void append_pretty(const Json& json, size_t depth, std::string& out) {
  const bool is_array = json.kind == JsonKind::kArray;
  if (json.is_scalar()) return append_json(json, out);
  const size_t count = is_array ? json.items.size() : json.members.size();
  if (count == 0) return append_json(json, out);
  out += is_array ? '[' : '{';
  for (size_t i = 0; i < count; ++i) {
    out += i == 0 ? "\n" : ",\n";
    out.append((depth + 1) * kIndent, ' ');
    if (!is_array) out += json_quoted(json.members[i].first) + ": ";
    append_pretty(is_array ? json.items[i] : json.members[i].second, depth + 1, out);
  }
  out += '\n';
  out.append(depth * kIndent, ' ');
  out += is_array ? ']' : '}';
}

}  // namespace

std::vector<std::string> json_paths_of(const Json& json, std::string_view pattern, char escape, bool all,
                                       std::string_view start) {
  Search search(pattern, escape, all);
  search.visit(json, std::string(start));
  return search.take();
}

std::string pretty_json_text(const Json& json) {
  std::string out;
  append_pretty(json, 0, out);
  return out;
}

}  // namespace freshet::query
