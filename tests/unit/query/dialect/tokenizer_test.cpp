#include "query/dialect/tokenizer.h"

#include <gtest/gtest.h>

namespace freshet::query {
namespace {

std::vector<std::string> texts(std::string_view text) {
  std::vector<std::string> out;
  auto tokens = tokenize(text);
  if (!tokens.ok()) return {tokens.status().message()};
  for (const Token& token : tokens.value()) {
    if (token.kind != TokenKind::kEnd) out.emplace_back(token.text);
  }
  return out;
}

using Texts = std::vector<std::string>;

TEST(Tokenizer, SplitsWordsValuesAndOperators) {
  EXPECT_EQ(texts("SELECT `a b`,t.x<=>-1.5e3 FROM t"),
            (Texts{"SELECT", "`a b`", ",", "t", ".", "x", "<=>", "-", "1.5e3", "FROM", "t"}));
  EXPECT_EQ(texts("a!=b||c&&d:=1->>'$.x'"), (Texts{"a", "!=", "b", "||", "c", "&&", "d", ":=", "1", "->>", "'$.x'"}));
  EXPECT_EQ(texts("x'4A' 0x4a 0b01 b'01' .5 1. 2fa @@session.sql_mode @a ?"),
            (Texts{"x'4A'", "0x4a", "0b01", "b'01'", ".5", "1.", "2fa", "@@session.sql_mode", "@a", "?"}));
  EXPECT_EQ(texts("日本 = 'ü'"), (Texts{"日本", "=", "'ü'"}));
}

TEST(Tokenizer, SkipsCommentsAndReadsVersionHints) {
  EXPECT_EQ(texts("a -- b\nc # d\ne /* f */ g /*+ hint */ h"), (Texts{"a", "c", "e", "g", "h"}));
  EXPECT_EQ(texts("/*!40101 SET NAMES utf8 */;"), (Texts{"SET", "NAMES", "utf8", ";"}));
  EXPECT_EQ(texts("5--3"), (Texts{"5", "-", "-", "3"})) << "two dashes are a comment before a blank only";
  EXPECT_EQ(texts("a --"), (Texts{"a"}));
}

TEST(Tokenizer, KeepsQuotesAndEscapesTogether) {
  EXPECT_EQ(texts(R"('it''s' "a\"b" 'x\'y' `a``b`)"), (Texts{"'it''s'", R"("a\"b")", R"('x\'y')", "`a``b`"}));
}

TEST(Tokenizer, NamesThePlaceOfAnUnterminatedQuote) {
  const auto tokens = tokenize("SELECT 1,\n  'abc");
  ASSERT_FALSE(tokens.ok());
  EXPECT_EQ(tokens.status().message(),
            "You have an error in your SQL syntax: expected a closing quote near ''abc' at line 2, column 3");
  EXPECT_FALSE(tokenize("a /* b").ok());
  EXPECT_FALSE(tokenize("`a").ok());
  EXPECT_FALSE(tokenize("a \x01 b").ok());
}

TEST(Tokenizer, ResolvesEscapes) {
  auto content = [](std::string_view text) { return unquote(tokenize(text).value()[0]); };
  EXPECT_EQ(content(R"('a\nb\t\\c\'d''e')"), "a\nb\t\\c'd'e");
  EXPECT_EQ(content(R"('100\%\_')"), R"(100\%\_)") << "LIKE patterns keep their backslash";
  EXPECT_EQ(content(R"("a""b'c")"), "a\"b'c");
  EXPECT_EQ(content("`a``b\\n`"), "a`b\\n");
  EXPECT_EQ(content("'a\\0b'"), std::string("a\0b", 3));
}

TEST(Tokenizer, ReadsHexadecimalStrings) {
  auto bytes = [](std::string_view text) { return hex_bytes(tokenize(text).value()[0]); };
  EXPECT_EQ(bytes("x'4142'").value(), "AB");
  EXPECT_EQ(bytes("0x414").value(), std::string("\x04\x14"));
  EXPECT_FALSE(bytes("x'414'").ok());
  EXPECT_FALSE(bytes("x'4g'").ok());
}

TEST(SplitStatements, CutsAtSemicolonsOutsideQuotesAndComments) {
  auto split = [](std::string_view text) { return split_statements(text).value(); };
  using Views = std::vector<std::string_view>;
  EXPECT_EQ(split("SELECT 1"), (Views{"SELECT 1"}));
  EXPECT_EQ(split("SELECT ';' ; ; /* ; */ SELECT \";\" -- ;\n;"), (Views{"SELECT ';'", "/* ; */ SELECT \";\" -- ;"}));
  EXPECT_TRUE(split("  ;; -- nothing\n").empty());
  EXPECT_TRUE(split("-- only a comment").empty());
  EXPECT_FALSE(split_statements("SELECT 1; SELECT 'a").ok());
}

TEST(Placeholders, AreFoundOutsideQuotes) {
  EXPECT_EQ(placeholder_offsets("SELECT '?', ? FROM t WHERE a=? -- ?").value(), (std::vector<size_t>{12, 29}));
}

}  // namespace
}  // namespace freshet::query
