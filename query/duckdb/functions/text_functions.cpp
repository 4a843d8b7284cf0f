#include <algorithm>
#include <string>

#include "query/duckdb/functions/comparisons.h"
#include "query/duckdb/functions/function_tables.h"
#include "query/duckdb/functions/operands.h"
#include "query/functions/ciphers.h"
#include "query/functions/numbers.h"
#include "query/functions/texts.h"
#include "storage/base/limits.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

using duckdb::ClientContext;
using duckdb::LogicalType;
using duckdb::Value;

// --- pieces ---

void concat(const Row& row, Answer& answer) {
  std::string out;
  for (size_t i = 0; i < row.size(); ++i) out += row.text(i);
  answer.text(out);
}
void concat_ws(const Row& row, Answer& answer) {
  if (row.is_null(0)) return;
  std::string out;
  bool is_first = true;
  for (size_t i = 1; i < row.size(); ++i) {
    if (row.is_null(i)) continue;
    if (!is_first) out += row.text(0);
    is_first = false;
    out += row.text(i);
  }
  answer.text(out);
}
void length_in_bytes(const Row& row, Answer& answer) { answer.integer(static_cast<int64_t>(row.text(0).size())); }
void length_in_bits(const Row& row, Answer& answer) { answer.integer(static_cast<int64_t>(row.text(0).size()) * 8); }
void left(const Row& row, Answer& answer) { answer.text(left_of(row.text(0), row.integer(1))); }
void right(const Row& row, Answer& answer) { answer.text(right_of(row.text(0), row.integer(1))); }
void substring_of(const Row& row, Answer& answer) {
  answer.text(
      substring(row.text(0), row.integer(1), row.size() > 2 ? row.integer(2) : static_cast<int64_t>(kMaxStringBytes)));
}
void index_of(const Row& row, Answer& answer) { answer.text(substring_index(row.text(0), row.text(1), row.integer(2))); }
template <bool kOnTheLeft>
void pad(const Row& row, Answer& answer) {
  answer.text_or_null(padded(row.text(0), row.integer(1), row.size() > 2 ? row.text(2) : " ", kOnTheLeft));
}
void insert(const Row& row, Answer& answer) {
  answer.text(inserted(row.text(0), row.integer(1), row.integer(2), row.text(3)));
}
void repeat(const Row& row, Answer& answer) { answer.text_or_null(repeated(row.text(0), row.integer(1))); }
void space(const Row& row, Answer& answer) { answer.text_or_null(repeated(" ", row.integer(0))); }
void locate(const Row& row, Answer& answer) {
  answer.integer(located(row.text(0), row.text(1), row.size() > 2 ? row.integer(2) : 1));
}
void instr(const Row& row, Answer& answer) { answer.integer(located(row.text(1), row.text(0), 1)); }
void find_in_set(const Row& row, Answer& answer) { answer.integer(found_in_set(row.text(0), row.text(1))); }
void reverse(const Row& row, Answer& answer) { answer.text(reversed(row.text(0))); }
void replace(const Row& row, Answer& answer) { answer.text(replaced(row.text(0), row.text(1), row.text(2))); }
template <bool kAtBegin, bool kAtEnd>
void trim(const Row& row, Answer& answer) {
  answer.text(trimmed_of(row.text(0), row.size() > 1 ? row.text(1) : " ", kAtBegin, kAtEnd));
}
void strcmp(const Row& row, Answer& answer) {
  const int order = row.text(0).compare(row.text(1));
  answer.integer(order < 0 ? -1 : order > 0 ? 1 : 0);
}
void quote(const Row& row, Answer& answer) {
  if (row.is_null(0)) return answer.text("NULL");
  std::string out = "'";
  for (char c : row.text(0)) {
    if (c == '\'' || c == '\\') out += '\\';
    if (c == '\0') {
      out += "\\0";
    } else if (c == '\x1A') {
      out += "\\Z";
    } else {
      out += c;
    }
  }
  answer.text(out + "'");
}
void elt(const Row& row, Answer& answer) {
  if (row.is_null(0)) return;
  const int64_t position = row.integer(0);
  const bool is_there = position >= 1 && position < static_cast<int64_t>(row.size());
  if (is_there && !row.is_null(static_cast<size_t>(position))) answer.text(row.text(static_cast<size_t>(position)));
}
template <typename Same>
void field(const Row& row, Answer& answer, Same same) {
  for (size_t i = 1; !row.is_null(0) && i < row.size(); ++i) {
    if (!row.is_null(i) && same(i)) return answer.integer(static_cast<int64_t>(i));
  }
  answer.integer(0);
}
void field_of_texts(const Row& row, Answer& answer) {
  field(row, answer, [&](size_t i) { return row.text(i) == row.text(0); });
}
void field_of_numbers(const Row& row, Answer& answer) {
  field(row, answer, [&](size_t i) { return row.real(i) == row.real(0); });
}
/// INTERVAL(n, a, b, ...): how many of a sorted list are at most n.
void interval_position(const Row& row, Answer& answer) {
  if (row.is_null(0)) return answer.integer(-1);
  int64_t position = 0;
  for (size_t i = 1; i < row.size() && (row.is_null(i) || row.real(i) <= row.real(0)); ++i) ++position;
  answer.integer(position);
}
void make_set(const Row& row, Answer& answer) {
  if (row.is_null(0)) return;
  std::string out;
  for (size_t i = 1; i < row.size() && i <= 64; ++i) {
    if ((row.number(0) >> (i - 1) & 1) == 0 || row.is_null(i)) continue;
    out += (out.empty() ? "" : ",") + std::string(row.text(i));
  }
  answer.text(out);
}
/// EXPORT_SET(bits, on, off, separator, count): the lowest bit first.
void export_set(const Row& row, Answer& answer) {
  constexpr int64_t kMostBits = 64;
  const int64_t given = row.size() > 4 ? row.integer(4) : kMostBits;
  const int64_t count = given < 0 || given > kMostBits ? kMostBits : given;
  std::string out;
  for (int64_t bit = 0; bit < count; ++bit) {
    if (bit > 0) out += row.size() > 3 ? row.text(3) : ",";
    out += row.text((row.number(0) >> bit & 1) != 0 ? 1 : 2);
  }
  answer.text(out);
}
void split_part(const Row& row, Answer& answer) {
  if (row.integer(2) == 0 || row.text(1).empty()) return;
  const bool from_end = row.integer(2) < 0;
  const int64_t count = row.integer(2);
  const std::string_view head = substring_index(row.text(0), row.text(1), count);
  const std::string_view shorter = substring_index(row.text(0), row.text(1), from_end ? count + 1 : count - 1);
  const bool is_only = (count == 1 || count == -1);
  if (!is_only && head.size() == shorter.size()) return;
  if (is_only) return answer.text(head);
  answer.text(from_end ? head.substr(0, head.size() - shorter.size() - row.text(1).size())
                       : head.substr(shorter.size() + row.text(1).size()));
}

// --- characters and digests ---

void ascii(const Row& row, Answer& answer) {
  answer.integer(row.text(0).empty() ? 0 : static_cast<uint8_t>(row.text(0).front()));
}
void ord(const Row& row, Answer& answer) { answer.integer(ordinal(row.text(0))); }
void char_of(const Row& row, Answer& answer) {
  std::string out;
  for (size_t i = 0; i < row.size(); ++i) {
    if (!row.is_null(i)) append_number_bytes(row.number(i) & 0xFFFFFFFF, out);
  }
  answer.text(out);
}
void hex_of_number(const Row& row, Answer& answer) {
  answer.text_or_null(converted_base(std::to_string(row.number(0)), 10, 16));
}
void hex_of_bytes(const Row& row, Answer& answer) { answer.text(hex_of(row.text(0))); }
void unhex(const Row& row, Answer& answer) { answer.text_or_null(bytes_of_hex(row.text(0))); }
void soundex_of(const Row& row, Answer& answer) { answer.text(soundex(row.text(0))); }
void to_base64(const Row& row, Answer& answer) { answer.text(base64_of(row.text(0))); }
void from_base64(const Row& row, Answer& answer) { answer.text_or_null(bytes_of_base64(row.text(0))); }
void crc32(const Row& row, Answer& answer) { answer.integer(crc32_of(row.text(0))); }
void md5(const Row& row, Answer& answer) { answer.text(digest_of(row.text(0), "MD5")); }
void sha1(const Row& row, Answer& answer) { answer.text(digest_of(row.text(0), "SHA1")); }
void sha2(const Row& row, Answer& answer) {
  switch (row.integer(1)) {
    case 0:
    case 256: return answer.text(digest_of(row.text(0), "SHA256"));
    case 224: return answer.text(digest_of(row.text(0), "SHA224"));
    case 384: return answer.text(digest_of(row.text(0), "SHA384"));
    case 512: return answer.text(digest_of(row.text(0), "SHA512"));
    default: return;
  }
}

void aes_encrypt(const Row& row, Answer& answer) { answer.text_or_null(aes_encrypted(row.text(0), row.text(1))); }
void aes_decrypt(const Row& row, Answer& answer) { answer.text_or_null(aes_decrypted(row.text(0), row.text(1))); }

// --- FORMAT ---

void format_text(const Row& row, Answer& answer) { answer.text(grouped_thousands(row.text(0))); }
void format_double(const Row& row, Answer& answer) {
  const int64_t digits = std::clamp<int64_t>(row.integer(1), 0, 30);
  answer.text(grouped_thousands(fmt::format("{:.{}f}", rounded(row.real(0), digits), digits)));
}

Bound bind_format(ClientContext& context, BoundList& arguments) {
  Bound value = read_as(context, std::move(arguments[0]), Reads::kNumber);
  const auto digits = constant_integer(context, *arguments[1]);
  if (!digits || !is_exact_number(value->return_type) || *digits > 30)
    return call_of(context, std::string(kMysqlPrefix) + "format_double", std::move(value), std::move(arguments[1]));
  const auto scale = static_cast<unsigned>(std::max<int64_t>(*digits, 0));
  return call_of(context, std::string(kMysqlPrefix) + "format_text",
                 cast_to(context, std::move(value), decimal_of(38, scale)));
}

Bound bind_hex(ClientContext& context, BoundList& arguments) {
  const bool is_number = class_of(arguments[0]->return_type) == OperandClass::kNumber;
  return call_of(context, std::string(kMysqlPrefix) + (is_number ? "hex_of_number" : "hex_of_bytes"),
                 std::move(arguments[0]));
}

Bound bind_field(ClientContext& context, BoundList& arguments) {
  const bool is_text = std::all_of(arguments.begin(), arguments.end(), [](const Bound& argument) {
    const OperandClass kind = class_of(argument->return_type);
    return kind == OperandClass::kText || kind == OperandClass::kNull;
  });
  return call(context, std::string(kMysqlPrefix) + (is_text ? "field_of_texts" : "field_of_numbers"), std::move(arguments));
}

/// A function of the engine over texts.
template <const char* kName>
Bound bind_text(ClientContext& context, BoundList& arguments) {
  for (Bound& argument : arguments) argument = read_as(context, std::move(argument), Reads::kText);
  return call(context, kName, std::move(arguments));
}
constexpr char kUpper[] = "upper";
constexpr char kLower[] = "lower";
constexpr char kLength[] = "length";

// --- regular expressions ---

Bound text_constant(const char* text) { return constant(Value(text)); }

void read_texts(ClientContext& context, BoundList& arguments) {
  for (Bound& argument : arguments) argument = read_as(context, std::move(argument), Reads::kText);
}

Bound bind_regexp_replace(ClientContext& context, BoundList& arguments) {
  read_texts(context, arguments);
  arguments.push_back(text_constant("g"));
  return call(context, "regexp_replace", std::move(arguments));
}

Bound bind_regexp_substr(ClientContext& context, BoundList& arguments) {
  read_texts(context, arguments);
  return call(context, "regexp_extract", std::move(arguments));
}

/// Characters before the first match, and one.
Bound bind_regexp_instr(ClientContext& context, BoundList& arguments) {
  read_texts(context, arguments);
  Bound matches = call_of(context, "regexp_matches", arguments[0]->Copy(), arguments[1]->Copy());
  Bound pattern = call_of(context, std::string(kMysqlPrefix) + "concat", text_constant("^((?s:.*?))(?:"),
                          std::move(arguments[1]), text_constant(")"));
  Bound before =
      call_of(context, "regexp_extract", std::move(arguments[0]), std::move(pattern), constant(Value::INTEGER(1)));
  Bound position = call_of(context, "+", call_of(context, "length", std::move(before)), constant(Value::BIGINT(1)));
  return choice(std::move(matches), std::move(position), constant(Value::BIGINT(0)));
}

constexpr RowFunctionEntry kRows[] = {
    {"concat", "t*>t", concat},
    {"concat_ws", "!tt*>t", concat_ws},
    {"length", "y>i", length_in_bytes},
    {"octet_length", "y>i", length_in_bytes},
    {"lengthb", "y>i", length_in_bytes},
    {"bit_length", "y>i", length_in_bits},
    {"left", "ti>t", left},
    {"right", "ti>t", right},
    {"substring", "ti|i>t", substring_of},
    {"substr", "ti|i>t", substring_of},
    {"mid", "tii>t", substring_of},
    {"substring_index", "tti>t", index_of},
    {"lpad", "ti|t>t", pad<true>},
    {"rpad", "ti|t>t", pad<false>},
    {"insert", "tiit>t", insert},
    {"repeat", "ti>t", repeat},
    {"space", "i>t", space},
    {"locate", "tt|i>i", locate},
    {"instr", "tt>i", instr},
    {"position", "tt>i", instr},
    {"find_in_set", "tt>i", find_in_set},
    {"reverse", "t>t", reverse},
    {"replace", "ttt>t", replace},
    {"trim", "t|t>t", trim<true, true>},
    {"ltrim", "t|t>t", trim<true, false>},
    {"rtrim", "t|t>t", trim<false, true>},
    {"strcmp", "tt>i", strcmp},
    {"quote", "!t>t", quote},
    {"elt", "!it*>t", elt},
    {"field_of_texts", "!tt*>i", field_of_texts},
    {"field_of_numbers", "!dd*>i", field_of_numbers},
    {"make_set", "!ut*>t", make_set},
    {"interval_position", "!dd*>i", interval_position},
    {"export_set", "utt|ti>t", export_set},
    {"split_part", "tti>t", split_part},
    {"ascii", "y>i", ascii},
    {"ord", "t>i", ord},
    {"char_of", "!u*>y", char_of},
    {"hex_of_number", "u>t", hex_of_number},
    {"hex_of_bytes", "y>t", hex_of_bytes},
    {"unhex", "t>y", unhex},
    {"soundex", "t>t", soundex_of},
    {"to_base64", "y>t", to_base64},
    {"from_base64", "t>y", from_base64},
    {"crc32", "y>i", crc32},
    {"md5", "y>t", md5},
    {"sha", "y>t", sha1},
    {"sha1", "y>t", sha1},
    {"sha2", "yi>t", sha2},
    {"aes_encrypt", "yy>y", aes_encrypt},
    {"aes_decrypt", "yy>y", aes_decrypt},
    {"format_text", "t>t", format_text},
    {"format_double", "di>t", format_double},
};

constexpr BoundFunctionEntry kBound[] = {
    {"format", 2, 3, bind_format},
    {"hex", 1, 1, bind_hex},
    {"field", 2, kAnyNumber, bind_field},
    {"upper", 1, 1, bind_text<kUpper>},
    {"ucase", 1, 1, bind_text<kUpper>},
    {"lower", 1, 1, bind_text<kLower>},
    {"lcase", 1, 1, bind_text<kLower>},
    {"char_length", 1, 1, bind_text<kLength>},
    {"character_length", 1, 1, bind_text<kLength>},
    {"regexp_replace", 3, 3, bind_regexp_replace},
    {"regexp_substr", 2, 2, bind_regexp_substr},
    {"regexp_instr", 2, 2, bind_regexp_instr},
};

}  // namespace

std::span<const RowFunctionEntry> text_row_functions() { return kRows; }
std::span<const BoundFunctionEntry> text_functions() { return kBound; }

}  // namespace freshet::query
