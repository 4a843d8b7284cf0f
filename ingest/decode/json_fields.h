#pragma once

#include <simdjson.h>

#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/column_mapping.h"
#include "ingest/decode/row_batch.h"
#include "ingest/decode/text_arena.h"
#include "ingest/trim.h"

namespace freshet::ingest {

/// A fault of one JSON document, for the reason of its rejection. Thrown and caught inside decode/.
struct JsonFault {
  std::string text;
};

inline void check_json(simdjson::error_code error) {
  // simdjson's own text tells programmers which function to call.
  if (error == simdjson::SCALAR_DOCUMENT_AS_VALUE) throw JsonFault{"a row must be a JSON object"};
  if (error != simdjson::SUCCESS) throw JsonFault{simdjson::error_message(error)};
}

/// The value of a result; a JsonFault when it has none.
template <typename T>
T take_json(simdjson::simdjson_result<T>&& result) {
  check_json(result.error());
  return std::move(result).value_unsafe();
}

/// The object or array that begins at `value`, as it is written.
inline std::string_view raw_json_of(simdjson::ondemand::value& value) {
  const bool is_object = take_json(value.type()) == simdjson::ondemand::json_type::object;
  return trim(is_object ? take_json(take_json(value.get_object()).raw_json())
                        : take_json(take_json(value.get_array()).raw_json()));
}

/// Fields of JSON objects as the cells of a row: which source column a field fills, and the text of its value. Documents are
/// read with simdjson's on-demand parser, whose values are read once and in order. One thread.
class JsonFields {
 public:
  static constexpr size_t kNoSource = std::numeric_limits<size_t>::max();

  JsonFields(const ColumnMapping& mapping, const TableSchema& schema) {
    for (const SourceColumn& source : mapping.sources) {
      names_.push_back(source.name);
      is_text_.push_back(source.use == SourceColumn::Use::kColumn && schema.columns[source.column].type.is_bytes());
    }
  }

  size_t size() const { return names_.size(); }
  const std::string& name(size_t source) const { return names_[source]; }

  /// The source column of this name, exactly or else ignoring case; kNoSource when there is none.
  size_t find(std::string_view name) const {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == name) return i;
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      if (same_name(names_[i], name)) return i;
    }
    return kNoSource;
  }

  /// The source of the field; most rows have their fields in the order of the row before.
  size_t source_of(simdjson::ondemand::field& field, size_t position) {
    if (position < expected_.size()) {
      const size_t expected = expected_[position];
      if (expected != kNoSource && field.key().unsafe_is_equal(names_[expected])) return expected;
    } else {
      expected_.resize(position + 1, kNoSource);
    }
    return expected_[position] = find(take_json(field.unescaped_key()));
  }

  /// Sets the cell to the value: numbers, objects and arrays as they are written. By reference: copies of a value are read
  /// before the processor has written them, which costs more than parsing it.
  void fill(simdjson::ondemand::value& value, size_t source, Cell& cell, TextArena& texts) const {
    using simdjson::ondemand::json_type;
    cell.kind = Cell::Kind::kText;
    std::string_view text;
    switch (take_json(value.type())) {
      case json_type::string: return set_text(take_json(value.get_string()), cell, texts);
      case json_type::number: {
        text = trim(value.raw_json_token());
        // Checks the number's form; numbers beyond 64 bits are right as well.
        const auto error = value.get_double().error();
        if (error != simdjson::SUCCESS && error != simdjson::NUMBER_ERROR) check_json(error);
        break;
      }
      case json_type::boolean: {
        const bool is_true = take_json(value.get_bool());
        text = is_text_[source] ? (is_true ? "true" : "false") : (is_true ? "1" : "0");
        break;
      }
      case json_type::null:
        if (!value.is_null()) throw JsonFault{"a value is neither null nor anything else"};
        cell.kind = Cell::Kind::kNull;
        break;
      case json_type::object:
      case json_type::array: text = raw_json_of(value); break;
    }
    cell.data = text.data();
    cell.size = static_cast<uint32_t>(text.size());
  }

  /// Sets the cell to a copy of the text.
  static void set_text(std::string_view text, Cell& cell, TextArena& texts) {
    char* copy = texts.allocate(text.size());
    std::memcpy(copy, text.data(), text.size());
    cell = {copy, static_cast<uint32_t>(text.size()), Cell::Kind::kText};
  }

 private:
  std::vector<std::string> names_;  ///< of the sources
  std::vector<bool> is_text_;       ///< sources that fill a text column
  std::vector<size_t> expected_;    ///< source by the position of a field in the last row
};

}  // namespace freshet::ingest
