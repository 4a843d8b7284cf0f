#include "query/dialect/mysql_rewrite.h"

#include <algorithm>

#include "query/dialect/rewriter.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

constexpr size_t kMaxLabelBytes = 256;

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<uint8_t>(c) >= 0x80;
}

/// True when the two would be read as one token, or as a comment.
bool run_together(char before, char after) {
  if (is_word_char(before) && (is_word_char(after) || after == '\'' || after == '"')) return true;
  if ((before == '\'' || before == '"') && (is_word_char(after) || after == before)) return true;
  return (before == '-' && after == '-') || (before == '/' && (after == '*' || after == '/'));
}

/// Words that end the outermost select list.
bool ends_select_list(const Token& token) {
  for (std::string_view word : {"FROM", "INTO", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT",
                                "MINUS", "FOR", "LOCK", "WINDOW", "QUALIFY", "OFFSET"}) {
    if (token.is_word(word)) return true;
  }
  return false;
}

bool is_select_modifier(const Token& token) {
  for (std::string_view word :
       {"DISTINCT", "DISTINCTROW", "ALL", "SQL_NO_CACHE", "SQL_CACHE", "SQL_CALC_FOUND_ROWS", "SQL_BUFFER_RESULT",
        "SQL_SMALL_RESULT", "SQL_BIG_RESULT", "HIGH_PRIORITY", "STRAIGHT_JOIN"}) {
    if (token.is_word(word)) return true;
  }
  return false;
}

std::string blob_literal(std::string_view bytes) {
  std::string out = "'";
  for (char c : bytes) out += fmt::format("\\x{:02X}", static_cast<uint8_t>(c));
  return out + "'::BLOB";
}

}  // namespace

std::string duckdb_string(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + '\'';
}

std::string duckdb_name(std::string_view name) {
  std::string out = "\"";
  for (char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string session_literal(std::string_view value) {
  const std::string_view digits = value.starts_with('-') ? value.substr(1) : value;
  const bool number =
      !digits.empty() && digits.size() <= 19 && digits.find_first_not_of("0123456789") == std::string_view::npos;
  return number ? std::string(value) : duckdb_string(value);
}

Rewriter::Rewriter(std::string_view text, std::vector<Token> tokens, const SessionValues& session)
    : text_(text), tokens_(std::move(tokens)), partner_(tokens_.size(), 0), session_(session) {}

Status Rewriter::match_parentheses() {
  std::vector<size_t> open;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].is_operator("(")) open.push_back(i);
    if (!tokens_[i].is_operator(")")) continue;
    if (open.empty()) return error(i, "no ')' here: none is open");
    partner_[open.back()] = i;
    partner_[i] = open.back();
    open.pop_back();
  }
  return open.empty() ? Status::OK() : error(tokens_.size() - 1, "')'");
}

Status Rewriter::error(size_t index, std::string_view expected) const {
  return syntax_error(text_, tokens_[index].offset, expected);
}

void Rewriter::put(std::string& out, size_t index, std::string_view piece) const {
  if (piece.empty()) return;
  const bool gap = index > 0 && tokens_[index].offset > tokens_[index - 1].end();
  if (!out.empty() && out.back() != ' ' && (gap || run_together(out.back(), piece[0]))) out += ' ';
  out += piece;
}

std::string_view Rewriter::source(TokenRange range) const {
  if (range.size() == 0) return {};
  const size_t begin = tokens_[range.begin].offset;
  return text_.substr(begin, tokens_[range.end - 1].end() - begin);
}

std::vector<TokenRange> Rewriter::split(TokenRange range) const {
  std::vector<TokenRange> parts;
  if (range.size() == 0) return parts;
  size_t begin = range.begin;
  for (size_t i = range.begin; i < range.end; ++i) {
    if (tokens_[i].is_operator("(")) i = partner_[i];
    if (!tokens_[i].is_operator(",")) continue;
    parts.push_back({begin, i});
    begin = i + 1;
  }
  parts.push_back({begin, range.end});
  return parts;
}

size_t Rewriter::find_word(TokenRange range, std::string_view word) const {
  for (size_t i = range.begin; i < range.end; ++i) {
    if (tokens_[i].is_operator("(")) i = partner_[i];
    if (tokens_[i].is_word(word)) return i;
  }
  return range.end;
}

size_t Rewriter::end_of_interval(size_t begin, size_t end) const {
  for (size_t i = begin + 1; i < end; ++i) {
    if (tokens_[i].is_operator("(")) i = partner_[i];
    if (i > begin + 1 && is_interval_unit(tokens_[i]) && !tokens_[i - 1].is_operator(".")) return i + 1;
    if (tokens_[i].is_operator(",")) break;
  }
  return begin;
}

TokenRange Rewriter::operand(size_t begin, size_t end) const {
  size_t i = begin;
  while (i < end && (tokens_[i].is_operator("-") || tokens_[i].is_operator("+"))) ++i;
  if (i >= end) return {begin, begin};
  if (tokens_[i].is_operator("(")) return {begin, partner_[i] + 1};
  const TokenKind kind = tokens_[i].kind;
  if (kind == TokenKind::kOperator || kind == TokenKind::kEnd) return {begin, begin};
  ++i;
  if (kind != TokenKind::kWord && kind != TokenKind::kQuotedName) return {begin, i};
  while (i + 1 < end && tokens_[i].is_operator(".") && tokens_[i + 1].is_name()) i += 2;
  if (i < end && tokens_[i].is_operator("(")) i = partner_[i] + 1;
  return {begin, i};
}

bool Rewriter::follows_operand(size_t index) const {
  if (index == 0) return false;
  const Token& before = tokens_[index - 1];
  switch (before.kind) {
    case TokenKind::kOperator: return before.text == ")" || before.text == "]";
    case TokenKind::kWord:
      if (before.is_word("N") && tokens_[index].kind == TokenKind::kString) return false;  // N'text'
      return !leads_operand(to_upper(before.text)) && before.text[0] != '_';
    case TokenKind::kString:
    case TokenKind::kEnd:
    case TokenKind::kInvalid: return false;
    default: return true;
  }
}

Result<std::string> Rewriter::render(TokenRange range) {
  std::string out;
  FRESHET_RETURN_IF_ERROR(append(range, out));
  return out;
}

Status Rewriter::append(TokenRange range, std::string& out) {
  if (depth_ == kMaxRewriteDepth)
    return Status::InvalidArgument("The statement is nested deeper than {} levels", kMaxRewriteDepth);
  ++depth_;
  size_t plain_end = range.begin;
  std::vector<std::pair<size_t, size_t>> outer;  // closing parentheses, and the ends of the expressions around them
  for (size_t i = range.begin; i < range.end;) {
    if (i >= plain_end) {
      const ExpressionRun run = find_expression(*this, i, range.end);
      if (run.is_foreign) {
        FRESHET_ASSIGN_OR_RETURN(i, rewrite_operators(*this, i, run.end, out));
        continue;
      }
      plain_end = std::max(run.end, i + 1);
    }
    // What stands in parentheses are expressions of their own.
    if (tokens_[i].is_operator("(")) {
      outer.emplace_back(partner_[i], plain_end);
      plain_end = i + 1;
    } else if (!outer.empty() && outer.back().first == i) {
      plain_end = std::max(outer.back().second, i + 1);
      outer.pop_back();
    }
    FRESHET_ASSIGN_OR_RETURN(i, step(i, range.end, out));
    if (out.size() > 4 * text_.size() + kMaxRewriteGrowthBytes) {
      return Status::InvalidArgument("The statement grows too long when its functions are rewritten: nest them less");
    }
  }
  --depth_;
  return Status::OK();
}

Result<size_t> Rewriter::step(size_t index, size_t end, std::string& out) {
  switch (tokens_[index].kind) {
    case TokenKind::kWord: return step_word(index, end, out);
    case TokenKind::kQuotedName: put(out, index, duckdb_name(unquote(tokens_[index]))); return index + 1;
    case TokenKind::kString: return step_string(index, end, out);
    case TokenKind::kVariable: return step_variable(index, out);
    case TokenKind::kHexString: return step_hex(index, out);
    case TokenKind::kOperator: return step_operator(index, end, out);
    case TokenKind::kBitString: return step_bits(index, out);
    default: put(out, index, tokens_[index].text); return index + 1;
  }
}

Result<size_t> Rewriter::step_word(size_t index, size_t end, std::string& out) {
  const Token& word = tokens_[index];
  // Behind a dot stands a name, whatever DuckDB reserves the word for.
  if (index > 0 && tokens_[index - 1].is_operator(".")) {
    put(out, index, duckdb_name(word.text));
    return index + 1;
  }
  const std::string upper = to_upper(word.text);
  if (index + 1 < end && tokens_[index + 1].is_operator("(")) {
    const size_t close = partner_[index + 1];
    if (const FunctionRule rule = find_function_rule(upper)) {
      FRESHET_ASSIGN_OR_RETURN(const std::string expression, rule(*this, {index + 2, close}));
      if (!expression.empty()) {
        put(out, index, expression);
        return close + 1;
      }
    }
    const std::string_view renamed = find_function_name(upper);
    if (!renamed.empty()) {
      put(out, index, renamed);
      return index + 1;
    }
  }
  if (const WordRule rule = find_word_rule(upper)) return rule(*this, index, end, out);
  put(out, index, word.text);
  return index + 1;
}

Result<size_t> Rewriter::step_string(size_t index, size_t end, std::string& out) {
  if (follows_operand(index)) {
    put(out, index, "AS " + duckdb_name(unquote(tokens_[index])));
    return index + 1;
  }
  // 'a' 'b' is one string.
  std::string content = unquote(tokens_[index]);
  size_t next = index + 1;
  while (next < end && tokens_[next].kind == TokenKind::kString) content += unquote(tokens_[next++]);
  put(out, index, duckdb_string(content));
  return next;
}

Result<size_t> Rewriter::step_operator(size_t index, size_t end, std::string& out) {
  const std::string_view symbol = tokens_[index].text;
  if (symbol == "<=>") {
    out += ' ';
    put(out, index, "IS NOT DISTINCT FROM ");
  } else if (symbol == "&&") {
    out += ' ';
    put(out, index, "AND ");
  } else if (symbol == "||") {
    out += ' ';
    put(out, index, "OR ");
  } else if (symbol == "!") {
    const TokenRange negated = operand(index + 1, end);
    if (negated.size() == 0) return error(index, "an expression behind '!'");
    FRESHET_ASSIGN_OR_RETURN(const std::string inner, render(negated));
    put(out, index, "(NOT " + inner + ")");
    return negated.end;
  } else if (symbol == ":=") {
    return Status::Unsupported("Assignments to variables inside a query are not supported: use SET");
  } else if (symbol == ";") {
    return error(index, "the end of the statement");
  } else {
    put(out, index, symbol);
  }
  return index + 1;
}

Result<size_t> Rewriter::step_variable(size_t index, std::string& out) {
  std::string name = to_lower(tokens_[index].text.substr(1));
  const bool system = name.starts_with('@');
  std::string piece = "NULL";
  if (system) {
    name.erase(0, 1);
    const bool global = name.starts_with("global.");
    const size_t dot = name.find('.');
    if (dot != std::string::npos) name.erase(0, dot + 1);
    std::optional<std::string> value;
    if (session_.system_variable) value = session_.system_variable(name, global);
    if (!value) return Status::InvalidArgument("Unknown system variable '{}'", name);
    piece = session_literal(*value);
  } else if (session_.user_variable) {
    if (name.size() >= 2 && (name[0] == '`' || name[0] == '\'' || name[0] == '"')) name = name.substr(1, name.size() - 2);
    const UserVariable variable = session_.user_variable(name);
    if (variable.value) piece = variable.is_number ? "(" + *variable.value + ")" : duckdb_string(*variable.value);
  }
  put(out, index, piece);
  return index + 1;
}

Result<size_t> Rewriter::step_hex(size_t index, std::string& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string bytes, hex_bytes(tokens_[index]));
  put(out, index, blob_literal(bytes));
  return index + 1;
}

/// b'1010': bytes, as 0x0A is.
Result<size_t> Rewriter::step_bits(size_t index, std::string& out) {
  std::string_view digits = tokens_[index].text.substr(2);
  if (digits.ends_with('\'')) digits.remove_suffix(1);
  std::string bits(digits);
  if (bits.find_first_not_of("01") != std::string::npos) return error(index, "the digits 0 and 1");
  bits.insert(0, (8 - bits.size() % 8) % 8, '0');
  std::string bytes;
  for (size_t i = 0; i < bits.size(); i += 8) bytes += static_cast<char>(std::stoi(bits.substr(i, 8), nullptr, 2));
  put(out, index, blob_literal(bytes));
  return index + 1;
}

bool Rewriter::ends_value(TokenRange item) const {
  const Token& last = tokens_[item.end - 1];
  for (std::string_view word : {"END", "NULL", "TRUE", "FALSE"}) {
    if (last.is_word(word)) return true;
  }
  if (!is_interval_unit(last)) return false;
  size_t interval = item.end;
  for (size_t i = item.begin; i < item.end; ++i) {
    if (tokens_[i].is_word("INTERVAL")) interval = i;
    if (tokens_[i].is_operator("(")) i = partner_[i];
  }
  return interval < item.end && end_of_interval(interval, item.end) == item.end;
}

bool Rewriter::has_bare_alias(TokenRange item) const {
  if (item.size() < 2 || !tokens_[item.end - 1].is_name()) return false;
  const Token& before = tokens_[item.end - 2];
  if (before.is_operator(".") || before.is_word("AS") || ends_value(item)) return false;
  return before.kind == TokenKind::kString || follows_operand(item.end - 1);
}

/// The name that MySQL gives to a column without an alias; empty when DuckDB's own will do, or when there is an alias.
std::string Rewriter::label_of(TokenRange item) const {
  if (item.size() == 0) return {};
  const Token& last = tokens_[item.end - 1];
  const bool is_value = ends_value(item);
  if (item.size() == 1 && last.kind == TokenKind::kString) return unquote(last);
  if (item.size() == 1 && last.is_name() && !is_value) return {};
  if (last.is_operator("*")) return {};
  if ((last.is_name() || last.kind == TokenKind::kString) && !is_value) {
    size_t tail = item.end - 1;
    while (tail >= item.begin + 2 && tokens_[tail - 1].is_operator(".") && tokens_[tail - 2].is_name()) tail -= 2;
    if (tail == item.begin) return {};
    if (tokens_[tail - 1].kind == TokenKind::kString || tokens_[tail - 1].is_word("AS") || follows_operand(tail)) return {};
  }
  if (is_value && item.size() > 1 && tokens_[item.end - 2].is_word("AS")) return {};
  std::string label(source(item).substr(0, kMaxLabelBytes));
  while (!is_utf8(label)) label.pop_back();
  return label;
}

Status Rewriter::append_labelled_list(TokenRange list, std::string& out) {
  const auto items = split(list);
  for (const TokenRange& item : items) {
    if (item.begin != list.begin) out += ",";
    // Words that DuckDB takes for an alias behind AS only are one to MySQL without it.
    const bool is_aliased = has_bare_alias(item);
    FRESHET_RETURN_IF_ERROR(append(is_aliased ? TokenRange{item.begin, item.end - 1} : item, out));
    const std::string label = is_aliased ? unquote(tokens_[item.end - 1]) : label_of(item);
    if (!label.empty()) out += " AS " + duckdb_name(label);
  }
  return Status::OK();
}

Result<std::string> Rewriter::run() {
  while (tokens_.size() > 1 && tokens_[tokens_.size() - 2].is_operator(";")) {
    tokens_.erase(tokens_.end() - 2);
  }
  FRESHET_RETURN_IF_ERROR(match_parentheses());
  join_listed_tables(tokens_, partner_);
  const TokenRange all{0, tokens_.size() - 1};
  const size_t select = find_word(all, "SELECT");
  if (select == all.end) return render(all);
  size_t begin = select + 1;
  while (begin < all.end && is_select_modifier(tokens_[begin])) ++begin;
  size_t end = begin;
  while (end < all.end && (tokens_[end - 1].is_word("AS") || !ends_select_list(tokens_[end])))
    end = tokens_[end].is_operator("(") ? partner_[end] + 1 : end + 1;
  std::string out;
  FRESHET_RETURN_IF_ERROR(append({0, begin}, out));
  FRESHET_RETURN_IF_ERROR(append_labelled_list({begin, end}, out));
  FRESHET_RETURN_IF_ERROR(append({end, all.end}, out));
  return out;
}

Result<std::string> rewrite_for_duckdb(std::string_view text, const SessionValues& session) {
  FRESHET_ASSIGN_OR_RETURN(auto tokens, tokenize(text));
  if (tokens.size() == 1) return Status::InvalidArgument("Query was empty");
  FRESHET_ASSIGN_OR_RETURN(auto rewritten, Rewriter(text, std::move(tokens), session).run());
  if (rewritten.find('\0') != std::string::npos) return Status::InvalidArgument("The statement has a zero byte");
  if (!is_utf8(rewritten)) return Status::InvalidArgument("The statement is not valid UTF-8");
  return rewritten;
}

}  // namespace freshet::query
