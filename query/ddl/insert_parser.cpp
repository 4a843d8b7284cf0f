#include <algorithm>

#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

constexpr size_t kMostReservedValues = 1 << 20;

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Scans `(literal, ...), (literal, ...)` without making tokens of the common cases: blanks, plain numbers, quoted strings.
/// Stops, without an error, at the first thing that is no literal.
class RowScanner {
 public:
  RowScanner(std::string_view text, size_t offset, Insert& insert) : text_(text), position_(offset), insert_(insert) {}

  enum class Outcome : uint8_t { kLiterals, kNeedsEngine, kError };

  Outcome scan() {
    do {
      if (!take('(')) return Outcome::kNeedsEngine;
      const size_t first = insert_.values.size();
      if (!take(')')) {
        do {
          if (!literal()) return Outcome::kNeedsEngine;
        } while (take(','));
        if (!take(')')) return Outcome::kNeedsEngine;
      }
      const size_t width = insert_.values.size() - first;
      if (insert_.row_count == 0) {
        insert_.width = width;
        reserve(width);
      }
      ++insert_.row_count;
      if (width != insert_.width) return Outcome::kError;
    } while (take(','));
    return Outcome::kLiterals;
  }

  size_t position() const { return position_; }

 private:
  /// Room for all rows, guessed from the bytes of the first.
  void reserve(size_t width) {
    const size_t rows = (text_.size() - begin_) / (position_ - begin_) + 1;
    insert_.values.reserve(std::min(kMostReservedValues, width * rows));
  }

  void skip_blanks() {
    while (position_ < text_.size() && is_blank(text_[position_])) ++position_;
  }

  bool take(char c) {
    skip_blanks();
    if (position_ < text_.size() && text_[position_] == c) {
      ++position_;
      return true;
    }
    if (position_ >= text_.size() || !may_be_comment(text_[position_])) return false;
    Tokenizer tokenizer(text_, position_);
    const Token token = tokenizer.next();
    if (token.kind != TokenKind::kOperator || token.text.size() != 1 || token.text[0] != c) return false;
    position_ = token.end();
    return true;
  }

  static bool may_be_comment(char c) { return c == '/' || c == '-' || c == '#'; }

  bool literal() {
    skip_blanks();
    if (position_ >= text_.size()) return false;
    const char c = text_[position_];
    if ((c == '\'' || c == '"') && string(c)) return true;
    if ((is_digit(c) || (c == '-' && position_ + 1 < text_.size() && is_digit(text_[position_ + 1]))) && number())
      return true;
    return other();
  }

  /// True when a value ends at `end`: what comes next is a comma or a parenthesis, maybe behind blanks.
  bool ends_at(size_t end) {
    position_ = end;
    skip_blanks();
    return position_ < text_.size() && (text_[position_] == ',' || text_[position_] == ')');
  }

  /// A quoted string before a comma or a parenthesis; false, with nothing taken, for any other form.
  bool string(char quote) {
    const size_t begin = position_;
    bool escapes = false;
    for (size_t i = begin + 1; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '\\') {
        escapes = true;
        ++i;
      } else if (c == quote) {
        if (i + 1 < text_.size() && text_[i + 1] == quote) {
          escapes = true;
          ++i;
          continue;
        }
        const std::string_view written = text_.substr(begin, i + 1 - begin);
        const std::string_view content =
            escapes ? insert_.literal_text.add_string(written) : written.substr(1, written.size() - 2);
        if (!ends_at(i + 1)) break;
        insert_.values.push_back({LiteralKind::kString, 0, content});
        return true;
      }
    }
    position_ = begin;
    return false;
  }

  /// Digits with at most one point; false, with nothing taken, for any other form.
  bool number() {
    const size_t begin = position_;
    size_t i = begin + 1;
    while (i < text_.size() && is_digit(text_[i])) ++i;
    if (i < text_.size() && text_[i] == '.') {
      ++i;
      while (i < text_.size() && is_digit(text_[i])) ++i;
    }
    if (ends_at(i)) {
      insert_.values.push_back({LiteralKind::kNumber, 0, text_.substr(begin, i - begin)});
      return true;
    }
    position_ = begin;
    return false;
  }

  /// Every other literal, by tokens. A character set before a string (_utf8mb4'x') is skipped.
  bool other() {
    Tokenizer tokenizer(text_, position_);
    Token token = tokenizer.next();
    if (token.kind == TokenKind::kWord && token.text[0] == '_') token = tokenizer.next();
    const auto value = read_literal(token, tokenizer, insert_.literal_text, insert_.placeholder_count);
    if (!value) return false;
    const Token after = tokenizer.next();
    if (!after.is_operator(",") && !after.is_operator(")")) return false;
    position_ = after.offset;
    insert_.values.push_back(*value);
    return true;
  }

  std::string_view text_;
  size_t position_;
  size_t begin_ = position_;
  Insert& insert_;
};

/// A token reader with one token of look-ahead, for the few tokens before the rows.
class Lookahead {
 public:
  Lookahead(std::string_view text, size_t offset) : text_(text), tokenizer_(text, offset) { take(); }

  const Token& peek() const { return token_; }
  Token take() {
    const Token taken = token_;
    token_ = tokenizer_.next();
    return taken;
  }
  bool accept(std::string_view word) {
    if (!token_.is_word(word)) return false;
    take();
    return true;
  }
  bool accept_operator(std::string_view symbol) {
    if (!token_.is_operator(symbol)) return false;
    take();
    return true;
  }
  Status error(std::string_view expected) const {
    return syntax_error(text_, token_.offset, token_.kind == TokenKind::kInvalid ? tokenizer_.problem() : expected);
  }
  Result<std::string> name(std::string_view what) {
    if (!token_.is_name() || token_.text == "``") return error(what);
    return unquote(take());
  }

 private:
  std::string_view text_;
  Tokenizer tokenizer_;
  Token token_;
};

class InsertParser {
 public:
  explicit InsertParser(std::string_view text) : text_(text), tokens_(text, 0) { insert_.text = text; }

  Result<Statement> parse() {
    FRESHET_RETURN_IF_ERROR(head());
    FRESHET_RETURN_IF_ERROR(label());
    FRESHET_RETURN_IF_ERROR(column_list());
    if (insert_.label.empty()) FRESHET_RETURN_IF_ERROR(label());
    if (tokens_.peek().is_word("VALUES") || tokens_.peek().is_word("VALUE")) {
      FRESHET_RETURN_IF_ERROR(rows());
    } else if (insert_.columns.empty() && tokens_.peek().is_word("SET")) {
      FRESHET_RETURN_IF_ERROR(assignments_as_row());
    } else if (starts_query()) {
      FRESHET_RETURN_IF_ERROR(source(tokens_.peek().offset));
    } else {
      return tokens_.error("VALUES, SET or SELECT");
    }
    FRESHET_RETURN_IF_ERROR(check_width());
    return Statement(std::move(insert_));
  }

 private:
  Status head() {
    insert_.mode = tokens_.take().is_word("REPLACE") ? InsertMode::kReplace : InsertMode::kInsert;
    if (insert_.mode == InsertMode::kInsert && tokens_.accept("OVERWRITE")) {
      insert_.mode = InsertMode::kOverwrite;
      if (!tokens_.accept("TABLE")) tokens_.accept("INTO");
    }
    while (true) {
      if (tokens_.accept("IGNORE")) {
        insert_.ignore = true;
      } else if (!tokens_.accept("LOW_PRIORITY") && !tokens_.accept("DELAYED") && !tokens_.accept("HIGH_PRIORITY")) {
        break;
      }
    }
    tokens_.accept("INTO");
    if (tokens_.peek().is_word("TABLE")) tokens_.take();
    FRESHET_ASSIGN_OR_RETURN(insert_.table.table, tokens_.name("a table name"));
    for (int parts = 1; parts < 3 && tokens_.accept_operator("."); ++parts) {
      if (parts == 2 && insert_.table.database != "internal") {
        return Status::InvalidArgument("Unknown catalog '{}'", insert_.table.database);
      }
      insert_.table.database = std::move(insert_.table.table);
      FRESHET_ASSIGN_OR_RETURN(insert_.table.table, tokens_.name("a table name"));
    }
    return tokens_.accept("PARTITION") || tokens_.accept("PARTITIONS") ? partition_list() : Status::OK();
  }

  /// `(p1, p2)`.
  Status partition_list() {
    if (!tokens_.accept_operator("(")) return tokens_.error("'(' and partition names");
    do {
      FRESHET_ASSIGN_OR_RETURN(auto name, tokens_.name("a partition name"));
      insert_.partitions.push_back(std::move(name));
    } while (tokens_.accept_operator(","));
    return tokens_.accept_operator(")") ? Status::OK() : tokens_.error("',' or ')'");
  }

  bool starts_query() const {
    const Token& token = tokens_.peek();
    return token.is_word("SELECT") || token.is_word("WITH") || token.is_word("TABLE") || token.is_operator("(");
  }

  /// `(a, b)`; a parenthesis around a SELECT is left alone.
  Status column_list() {
    if (!tokens_.peek().is_operator("(")) return Status::OK();
    const Lookahead before = tokens_;
    tokens_.take();
    if (starts_query()) {
      tokens_ = before;
      return Status::OK();
    }
    if (tokens_.accept_operator(")")) return Status::OK();
    do {
      FRESHET_ASSIGN_OR_RETURN(auto name, tokens_.name("a column name"));
      while (tokens_.accept_operator(".")) {
        FRESHET_ASSIGN_OR_RETURN(name, tokens_.name("a column name"));
      }
      insert_.columns.push_back(std::move(name));
    } while (tokens_.accept_operator(","));
    return tokens_.accept_operator(")") ? Status::OK() : tokens_.error("',' or ')'");
  }

  /// WITH LABEL name; a WITH that leads to a query is left alone.
  Status label() {
    const Lookahead before = tokens_;
    if (!tokens_.accept("WITH") || !tokens_.accept("LABEL")) {
      tokens_ = before;
      return Status::OK();
    }
    FRESHET_ASSIGN_OR_RETURN(insert_.label, tokens_.name("a label"));
    return Status::OK();
  }

  Status rows() {
    const Token values = tokens_.peek();
    RowScanner scanner(text_, values.end(), insert_);
    const auto outcome = scanner.scan();
    if (outcome == RowScanner::Outcome::kError) {
      return Status::InvalidArgument("Column count doesn't match value count at row {}", insert_.row_count);
    }
    if (outcome == RowScanner::Outcome::kLiterals) {
      tokens_ = Lookahead(text_, scanner.position());
      return row_alias();
    }
    insert_.values.clear();
    insert_.row_count = insert_.width = insert_.placeholder_count = 0;
    return cells(values.end());
  }

  /// VALUES (...), ROW(...) with expressions: up to the end, AS or ON DUPLICATE KEY UPDATE.
  Status cells(size_t begin) {
    insert_.needs_engine = true;
    tokens_ = Lookahead(text_, begin);
    do {
      tokens_.accept("ROW");
      if (!tokens_.accept_operator("(")) return tokens_.error("'('");
      const size_t row_begin = insert_.cells.size();
      do {
        FRESHET_ASSIGN_OR_RETURN(const auto cell, expression_text());
        insert_.cells.push_back(cell);
      } while (tokens_.accept_operator(","));
      if (!tokens_.accept_operator(")")) return tokens_.error("',' or ')'");
      ++insert_.row_count;
      if (insert_.width == 0) insert_.width = insert_.cells.size();
      if (insert_.cells.size() - row_begin != insert_.width) {
        return Status::InvalidArgument("Column count doesn't match value count at row {}", insert_.row_count);
      }
    } while (tokens_.accept_operator(","));
    return row_alias();
  }

  /// The engine gets the text from `begin` to the end, or to ON DUPLICATE KEY UPDATE.
  Status source(size_t begin) {
    insert_.needs_engine = true;
    tokens_ = Lookahead(text_, begin);
    size_t depth = 0;
    size_t last = begin;
    while (tokens_.peek().kind != TokenKind::kEnd && !(depth == 0 && tokens_.peek().is_operator(";"))) {
      if (tokens_.peek().kind == TokenKind::kInvalid) return tokens_.error("");
      if (tokens_.peek().is_operator(")") && depth-- == 0) return tokens_.error("one ')' less");
      if (tokens_.peek().is_operator("(")) ++depth;
      if (depth == 0 && tokens_.peek().is_word("ON") && is_on_duplicate()) break;
      last = tokens_.take().end();
    }
    if (depth != 0) return tokens_.error("')'");
    insert_.source = text_.substr(begin, last - begin);
    return row_alias();
  }

  /// MySQL's name for the new row: VALUES (...) AS new(a, b) ON DUPLICATE KEY UPDATE.
  Status row_alias() {
    if (!tokens_.accept("AS")) return end();
    FRESHET_ASSIGN_OR_RETURN(insert_.row_alias, tokens_.name("an alias"));
    if (!tokens_.accept_operator("(")) return end();
    do {
      FRESHET_ASSIGN_OR_RETURN(auto name, tokens_.name("a column name"));
      insert_.row_alias_columns.push_back(std::move(name));
    } while (tokens_.accept_operator(","));
    return tokens_.accept_operator(")") ? end() : tokens_.error("',' or ')'");
  }

  bool is_on_duplicate() const {
    Lookahead ahead = tokens_;
    ahead.take();
    return ahead.peek().is_word("DUPLICATE");
  }

  /// Nothing, a semicolon, or ON DUPLICATE KEY UPDATE with assignments.
  Status end() {
    if (tokens_.accept("ON")) {
      if (!tokens_.accept("DUPLICATE") || !tokens_.accept("KEY") || !tokens_.accept("UPDATE")) {
        return tokens_.error("ON DUPLICATE KEY UPDATE");
      }
      FRESHET_RETURN_IF_ERROR(assignments(insert_.on_duplicate));
    }
    while (tokens_.accept_operator(";")) {
    }
    if (tokens_.peek().kind == TokenKind::kEnd) return Status::OK();
    return tokens_.error(insert_.needs_engine ? "the end of the statement" : "',' and a row, or the end of the statement");
  }

  Status assignments(std::vector<Assignment>& out) {
    do {
      FRESHET_ASSIGN_OR_RETURN(auto name, tokens_.name("a column name"));
      while (tokens_.accept_operator(".")) {
        FRESHET_ASSIGN_OR_RETURN(name, tokens_.name("a column name"));
      }
      if (!tokens_.accept_operator("=")) return tokens_.error("'='");
      FRESHET_ASSIGN_OR_RETURN(const auto expression, expression_text());
      out.push_back({std::move(name), expression});
    } while (tokens_.accept_operator(","));
    return Status::OK();
  }

  Result<std::string_view> expression_text() {
    const size_t begin = tokens_.peek().offset;
    size_t end = begin;
    for (size_t depth = 0;;) {
      const Token& token = tokens_.peek();
      if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kInvalid || token.is_operator(";")) break;
      if (depth == 0 && (token.is_operator(",") || token.is_operator(")") || token.is_word("ON"))) break;
      if (token.is_operator("(")) ++depth;
      if (token.is_operator(")")) --depth;
      end = tokens_.take().end();
    }
    if (end == begin || tokens_.peek().kind == TokenKind::kInvalid) return tokens_.error("an expression");
    return text_.substr(begin, end - begin);
  }

  /// INSERT INTO t SET a = 1, b = 2.
  Status assignments_as_row() {
    tokens_.take();
    std::vector<Assignment> row;
    FRESHET_RETURN_IF_ERROR(assignments(row));
    for (Assignment& assignment : row) {
      Tokenizer tokenizer(assignment.expression);
      const auto value = read_literal(tokenizer.next(), tokenizer, insert_.literal_text, insert_.placeholder_count);
      if (value && tokenizer.next().kind == TokenKind::kEnd) {
        insert_.values.push_back(*value);
      } else {
        insert_.needs_engine = true;
      }
      insert_.cells.push_back(assignment.expression);
      insert_.columns.push_back(std::move(assignment.column));
    }
    if (insert_.needs_engine) {
      insert_.values.clear();
      insert_.placeholder_count = 0;
    } else {
      insert_.cells.clear();
    }
    insert_.row_count = 1;
    insert_.width = insert_.columns.size();
    return end();
  }

  Status check_width() const {
    if (!insert_.source.empty() || insert_.columns.empty() || insert_.width == insert_.columns.size()) {
      return Status::OK();
    }
    return Status::InvalidArgument("Column count doesn't match value count at row 1");
  }

  std::string_view text_;
  Lookahead tokens_;
  Insert insert_;
};

}  // namespace

Result<Statement> parse_insert(std::string_view text) { return InsertParser(text).parse(); }

}  // namespace freshet::query
