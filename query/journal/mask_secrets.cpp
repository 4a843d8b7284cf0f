#include "query/journal/mask_secrets.h"

#include <algorithm>
#include <iterator>

#include "query/dialect/tokenizer.h"
#include "query/routine_load_spec.h"

namespace freshet::query {
namespace {

constexpr std::string_view kMask = "'***'";

bool names_a_secret(const Token& token) {
  if (!token.is_name() && token.kind != TokenKind::kString) return false;
  const std::string name = to_upper(token.text);
  constexpr std::string_view kSigns[] = {"PASSWORD", "SECRET", "TOKEN", "CREDENTIAL"};
  const bool has_sign = std::any_of(std::begin(kSigns), std::end(kSigns),
                                    [&](std::string_view sign) { return name.find(sign) != std::string::npos; });
  return has_sign || is_secret_property(to_lower(unquote(token)));
}

/// What may stand between the name of a secret and its value.
bool links_to_a_value(const Token& token) {
  return token.is_operator("=") || token.is_operator(":") || token.is_operator("(") || token.is_operator(":=");
}

/// PREPARE and EXECUTE, and SET of a variable for them, have statements in strings.
class PreparedTextWatch {
 public:
  explicit PreparedTextWatch(const Token& first)
      : is_prepared_(first.is_word("PREPARE") || first.is_word("EXECUTE")), is_set_(first.is_word("SET")) {}

  /// Whether the string is a statement with a secret, or comes behind one, as the pieces of a CONCAT do: it is hidden whole.
  bool hides(const Token& text) {
    if (text.kind == TokenKind::kString && !is_hiding_ && (is_prepared_ || is_set_)) is_hiding_ = has_secret(unquote(text));
    return is_hiding_;
  }

 private:
  bool has_secret(const std::string& statement) const {
    // A variable has any text, in which a quote may be open.
    const Token first = Tokenizer(statement).next();
    const bool may_have =
        is_prepared_ || first.is_word("CREATE") || first.is_word("ALTER") || first.is_word("SET") || first.is_word("GRANT");
    return may_have && mask_secrets(statement) != statement;
  }

  const bool is_prepared_;
  const bool is_set_;
  bool is_hiding_ = false;
};

/// Follows CREATE USER, ALTER USER and SET PASSWORD: which of their strings are passwords, also when they are misspelt.
class AccountStatementWatch {
 public:
  /// Whether a string at the place behind `token` is a secret.
  bool hides_after(const Token& token) {
    if (count_ < 2) {
      is_watched_ = count_ == 0 ? starts(token) : is_watched_ && (token.is_word("USER") || token.is_word("PASSWORD"));
      ++count_;
      return false;
    }
    if (!is_watched_) return false;
    constexpr std::string_view kOpening[] = {"IDENTIFIED", "BY", "AS", "USING", "PASSWORD"};
    const bool opens = token.is_operator("=") || std::any_of(std::begin(kOpening), std::end(kOpening),
                                                             [&](std::string_view word) { return token.is_word(word); });
    const bool closes = token.is_operator(",") || token.is_word("COMMENT") || token.is_word("DEFAULT");
    is_hiding_ = opens || (is_hiding_ && !closes);
    return is_hiding_;
  }

 private:
  static bool starts(const Token& token) {
    return token.is_word("CREATE") || token.is_word("ALTER") || token.is_word("SET");
  }

  size_t count_ = 0;
  bool is_watched_ = false;
  bool is_hiding_ = false;
};

}  // namespace

std::string mask_secrets(std::string_view sql) {
  std::string masked;
  Tokenizer tokens(sql);
  size_t copied = 0;
  bool is_secret = false;      // a string that comes now is one
  bool is_identified = false;  // between IDENTIFIED and the string
  AccountStatementWatch accounts;
  PreparedTextWatch prepared(Tokenizer(sql).next());
  for (Token token = tokens.next(); token.kind != TokenKind::kEnd; token = tokens.next()) {
    if (token.kind == TokenKind::kInvalid) return masked.append(sql.substr(copied, token.offset - copied)).append("...");
    const bool is_value = token.kind == TokenKind::kString || token.kind == TokenKind::kHexString;
    if (is_value && (is_secret || prepared.hides(token))) {
      masked.append(sql.substr(copied, token.offset - copied)).append(kMask);
      copied = token.end();
      is_secret = is_identified = false;
      continue;
    }
    is_identified = token.is_word("IDENTIFIED") || (is_identified && token.kind == TokenKind::kWord);
    const bool follows_identified = is_identified && (token.is_word("BY") || token.is_word("AS"));
    is_secret =
        accounts.hides_after(token) || follows_identified || names_a_secret(token) || (is_secret && links_to_a_value(token));
  }
  return masked.append(sql.substr(copied));
}

}  // namespace freshet::query
