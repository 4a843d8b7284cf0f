#include "ingest/json_path.h"

#include <simdjson.h>

#include <charconv>

namespace freshet::ingest {
namespace {

constexpr size_t kMaxSteps = 64;

/// Reads one path from front to back.
class PathReader {
 public:
  explicit PathReader(std::string_view text) : text_(text) {}

  Result<JsonPath> read() {
    if (text_.empty() || text_[0] != '$') return bad("it must begin with '$'");
    position_ = 1;
    if (text_ == "$.") return JsonPath{};
    JsonPath path;
    while (position_ < text_.size()) {
      if (path.steps.size() == kMaxSteps) return bad("it has more than 64 steps");
      const char c = text_[position_++];
      if (c == '.') {
        FRESHET_RETURN_IF_ERROR(read_key(path));
      } else if (c == '[') {
        FRESHET_RETURN_IF_ERROR(read_bracket(path));
      } else {
        return bad("a step must begin with '.' or '['");
      }
    }
    return path;
  }

 private:
  Status bad(std::string_view why) const {
    return Status::InvalidArgument("'{}' is not a JSON path: {} (at byte {})", text_, why, position_);
  }

  Status read_key(JsonPath& path) {
    if (position_ < text_.size() && text_[position_] == '"') return read_quoted(path);
    size_t end = text_.find_first_of(".[", position_);
    if (end == std::string_view::npos) end = text_.size();
    if (end == position_) return bad("a key is empty");
    JsonPath::Step step;
    step.key = text_.substr(position_, end - position_);
    if (step.key == "*") return Status::Unsupported("'{}': wildcards in JSON paths are not offered", text_);
    path.steps.push_back(std::move(step));
    position_ = end;
    return Status::OK();
  }

  Status read_quoted(JsonPath& path) {
    const char quote = text_[position_];
    const size_t end = text_.find(quote, position_ + 1);
    if (end == std::string_view::npos) return bad("a quote is not closed");
    JsonPath::Step step;
    step.key = text_.substr(position_ + 1, end - position_ - 1);
    path.steps.push_back(std::move(step));
    position_ = end + 1;
    return Status::OK();
  }

  Status read_bracket(JsonPath& path) {
    if (position_ < text_.size() && (text_[position_] == '"' || text_[position_] == '\'')) {
      FRESHET_RETURN_IF_ERROR(read_quoted(path));
    } else {
      FRESHET_RETURN_IF_ERROR(read_index(path));
    }
    if (position_ >= text_.size() || text_[position_] != ']') return bad("']' is missing");
    ++position_;
    return Status::OK();
  }

  Status read_index(JsonPath& path) {
    JsonPath::Step step;
    step.is_index = true;
    const char* begin = text_.data() + position_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), step.index);
    if (error != std::errc()) {
      if (position_ < text_.size() && text_[position_] == '*') {
        return Status::Unsupported("'{}': wildcards in JSON paths are not offered", text_);
      }
      return bad("an index must be a whole number");
    }
    position_ += static_cast<size_t>(end - begin);
    path.steps.push_back(std::move(step));
    return Status::OK();
  }

  std::string_view text_;
  size_t position_ = 0;
};

}  // namespace

Result<JsonPath> JsonPath::parse(std::string_view text) { return PathReader(text).read(); }

Result<std::vector<std::string>> parse_json_path_list(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::array paths;
  if (parser.parse(text.data(), text.size()).get(paths) != simdjson::SUCCESS) {
    return Status::InvalidArgument("jsonpaths must be a JSON array of texts, not '{}'", text);
  }
  std::vector<std::string> out;
  for (simdjson::dom::element element : paths) {
    std::string_view path;
    if (element.get(path) != simdjson::SUCCESS) {
      return Status::InvalidArgument("jsonpaths: path {} is not a text", out.size() + 1);
    }
    FRESHET_RETURN_IF_ERROR(JsonPath::parse(path).status().with_context("jsonpaths"));
    out.emplace_back(path);
  }
  if (out.empty()) return Status::InvalidArgument("jsonpaths is empty");
  return out;
}

}  // namespace freshet::ingest
