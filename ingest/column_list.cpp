#include "ingest/column_list.h"

#include <optional>

#include "ingest/trim.h"

namespace freshet::ingest {
namespace {

/// Splits a list at its top-level commas and finds the first top-level '=' of each item.
class ListReader {
 public:
  ListReader(std::string_view header, std::string_view text) : header_(header), text_(text) {}

  struct Item {
    std::string_view text;
    std::optional<size_t> equals;  ///< in `text`
  };

  /// The next item; nothing at the end.
  Result<std::optional<Item>> next() {
    if (is_ended_) return std::optional<Item>();
    const size_t begin = at_;
    std::optional<size_t> equals;
    size_t depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\'' || c == '"' || c == '`') {
        FRESHET_RETURN_IF_ERROR(skip_quoted(c));
      } else if (c == '(' || c == '[') {
        ++depth;
      } else if (c == ')' || c == ']') {
        if (depth == 0) return Status::InvalidArgument("{}: '{}' closes nothing in '{}'", header_, c, text_);
        --depth;
      } else if (depth == 0 && c == '=' && !equals) {
        equals = at_ - begin;
      } else if (depth == 0 && c == ',') {
        break;
      }
    }
    if (depth != 0) return Status::InvalidArgument("{}: a parenthesis is not closed in '{}'", header_, text_);
    const Item item{text_.substr(begin, at_ - begin), equals};
    is_ended_ = at_ == text_.size();
    if (!is_ended_) ++at_;
    return std::optional<Item>(item);
  }

  /// A name without its backquotes.
  Result<std::string> name_of(std::string_view text) const {
    text = trim(text);
    const bool is_quoted = text.size() >= 2 && text.front() == '`' && text.back() == '`';
    if (is_quoted) text = trim(text.substr(1, text.size() - 2));
    if (text.empty()) return Status::InvalidArgument("{}: there is an empty name in '{}'", header_, text_);
    if (text.find_first_of("`'\"()") != std::string_view::npos) {
      return Status::InvalidArgument("{}: '{}' is no name in '{}'", header_, text, text_);
    }
    return std::string(text);
  }

 private:
  /// Moves to the closing quote; a backslash in a string takes the next character with it.
  Status skip_quoted(char quote) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\' && quote != '`') {
        ++at_;
      } else if (text_[at_] == quote) {
        return Status::OK();
      }
    }
    return quote == '`' ? Status::InvalidArgument("{}: a backquote is not closed in '{}'", header_, text_)
                        : Status::InvalidArgument("{}: a string is not closed in '{}'", header_, text_);
  }

  std::string_view header_;
  std::string_view text_;
  size_t at_ = 0;
  bool is_ended_ = false;
};

}  // namespace

Status parse_column_list(std::string_view header, std::string_view text, std::vector<std::string>& names,
                         std::vector<ColumnExpression>& expressions) {
  names.clear();
  expressions.clear();
  ListReader reader(header, text);
  for (;;) {
    FRESHET_ASSIGN_OR_RETURN(const auto item, reader.next());
    if (!item) return Status::OK();
    if (!item->equals) {
      FRESHET_ASSIGN_OR_RETURN(std::string name, reader.name_of(item->text));
      names.push_back(std::move(name));
      continue;
    }
    FRESHET_ASSIGN_OR_RETURN(std::string name, reader.name_of(item->text.substr(0, *item->equals)));
    const std::string_view expression = trim(item->text.substr(*item->equals + 1));
    if (expression.empty()) return Status::InvalidArgument("{}: there is no expression behind '{} ='", header, name);
    expressions.push_back({std::move(name), std::string(expression)});
  }
}

Status parse_names(std::string_view header, std::string_view text, std::vector<std::string>& names) {
  std::vector<ColumnExpression> expressions;
  FRESHET_RETURN_IF_ERROR(parse_column_list(header, text, names, expressions));
  if (expressions.empty()) return Status::OK();
  return Status::InvalidArgument("{}: only names can stand here, but '{}' has an expression", header, text);
}

}  // namespace freshet::ingest
