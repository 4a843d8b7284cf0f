#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "query/dialect/tokenizer.h"

namespace freshet::query {

enum class LiteralKind : uint8_t {
  kNull,
  kDefault,      ///< the word DEFAULT, in INSERT only
  kNumber,       ///< `text` with its sign; TRUE and FALSE are "1" and "0"
  kString,       ///< `text` is the content, escapes resolved
  kPlaceholder,  ///< `placeholder` counts the `?` of the statement from 0
};

/// A value as it stands in a statement. `text` points into the statement, or into the LiteralText kept beside it.
struct Literal {
  LiteralKind kind = LiteralKind::kNull;
  uint32_t placeholder = 0;
  std::string_view text;
};

/// Keeps the bytes of literals that differ from what is written: resolved escapes, hexadecimal strings, "- 5".
/// Views stay valid while this object, or one it was moved or copied to, lives. Not thread-safe.
class LiteralText {
 public:
  /// Room for `bytes` bytes.
  char* reserve(size_t bytes);
  /// Takes the first `bytes` of the room last reserved.
  std::string_view take(size_t bytes);
  std::string_view add(std::string_view text);
  /// The content of a quoted string; `written` is with its quotes. A view into `written` when it has no escapes.
  std::string_view add_string(std::string_view written);

 private:
  std::vector<std::shared_ptr<char[]>> chunks_;
  size_t used_ = 0;
  size_t capacity_ = 0;
};

/// Reads one literal that begins with `token`, taking what follows a sign from `tokenizer`. Nothing when it is no literal;
/// tokens may have been taken then. Counts a placeholder in `placeholders`.
std::optional<Literal> read_literal(const Token& token, Tokenizer& tokenizer, LiteralText& owned, uint32_t& placeholders);

}  // namespace freshet::query
