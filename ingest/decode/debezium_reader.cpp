#include "ingest/decode/debezium_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "storage/base/base64.h"

namespace freshet::ingest {
namespace {

namespace ondemand = simdjson::ondemand;
namespace dom = simdjson::dom;
using Kind = DebeziumType::Kind;

/// How tombstones are written where there are texts only, as by Kafka's console consumer.
constexpr std::string_view kTombstone = "null";
/// Where a cell points whose value the database did not tell.
constexpr char kNotTold = 0;

bool is_not_told(const Cell& cell) { return cell.kind == Cell::Kind::kMissing && cell.data == &kNotTold; }

ondemand::document parse(ondemand::parser& parser, std::string_view text) {
  const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING);
  return take_json(parser.iterate(padded));
}

/// The object or array as it is written; empty for null.
std::string_view object_or_null(ondemand::value value, std::string_view name) {
  const ondemand::json_type type = take_json(value.type());
  if (type == ondemand::json_type::object) return raw_json_of(value);
  if (type == ondemand::json_type::null && value.is_null()) return {};
  throw JsonFault{fmt::format("\"{}\" of a Debezium event must be an object or null", name)};
}

std::string bytes_of(std::string_view base64) {
  std::optional<std::string> bytes = decode_base64(base64);
  if (!bytes) throw JsonFault{fmt::format("'{}' is no base64", base64.substr(0, 40))};
  return *std::move(bytes);
}

template <typename T>
T value_or_fault(Result<T> result) {
  if (!result.ok()) throw JsonFault{result.status().message()};
  return std::move(result).value();
}

/// The schema of the rows in the schema of an envelope.
dom::array row_schema(dom::element envelope) {
  dom::array fields;
  check_json(envelope["fields"].get(fields));
  for (const std::string_view wanted : {"after", "before"}) {
    for (const dom::element field : fields) {
      dom::array columns;
      std::string_view name;
      const bool is_wanted = field["field"].get(name) == simdjson::SUCCESS && name == wanted;
      if (is_wanted && field["fields"].get(columns) == simdjson::SUCCESS) return columns;
    }
  }
  throw JsonFault{"the schema of a Debezium event must have the fields of \"after\" or \"before\""};
}

DebeziumType type_of(dom::element field) {
  std::string_view logical_name;
  if (field["name"].get(logical_name) != simdjson::SUCCESS) return {Kind::kPlain};
  DebeziumType type{debezium_kind(logical_name)};
  if (type.kind != Kind::kDecimal) return type;
  std::string_view scale;
  check_json(field["parameters"]["scale"].get(scale));
  const auto [end, error] = std::from_chars(scale.data(), scale.data() + scale.size(), type.scale);
  if (error != std::errc() || end != scale.data() + scale.size()) {
    throw JsonFault{fmt::format("'{}' is no scale of a decimal", scale)};
  }
  return type;
}

/// What a variable-scale decimal says; nothing when the object is none.
std::optional<std::string> variable_decimal(ondemand::value& value) {
  std::optional<int64_t> scale;
  std::optional<std::string> bytes;
  for (auto result : take_json(value.get_object())) {
    ondemand::field field = take_json(std::move(result));
    const std::string_view name = take_json(field.unescaped_key());
    if (name == "scale") scale = take_json(field.value().get_int64());
    if (name == "value") bytes = bytes_of(take_json(field.value().get_string()));
  }
  if (!scale || !bytes) throw JsonFault{"a decimal must have \"scale\" and \"value\""};
  const int64_t bounded = std::clamp<int64_t>(*scale, -kMaxDebeziumScale - 1, kMaxDebeziumScale + 1);
  return value_or_fault(debezium_decimal_text(*bytes, static_cast<int32_t>(bounded)));
}

}  // namespace

DebeziumReader::DebeziumReader(const ColumnMapping& mapping, const TableSchema& schema, bool is_flexible)
    : fields_(mapping, schema), sign_(fields_.find(kDeleteSignColumn)), is_flexible_(is_flexible) {
  FRESHET_ASSERT(sign_ != JsonFields::kNoSource);
  for (size_t i = 0; i < mapping.sources.size(); ++i) {
    const SourceColumn& source = mapping.sources[i];
    const bool is_column = source.use == SourceColumn::Use::kColumn;
    column_types_.push_back(is_column ? schema.columns[source.column].type : DataType{.kind = TypeKind::kString});
    if (is_column && schema.columns[source.column].is_key) keys_.push_back(i);
  }
  types_.resize(fields_.size());
}

DebeziumEvent DebeziumReader::read(std::string_view envelope) {
  if (envelope == kTombstone) return {};
  ondemand::document document = parse(envelope_parser_, envelope);
  std::string_view schema;
  std::string_view payload;
  bool has_payload = false;
  bool has_op = false;
  for (auto result : take_json(document.get_object())) {
    ondemand::field field = take_json(std::move(result));
    const std::string_view name = take_json(field.unescaped_key());
    if (name == "schema") {
      schema = object_or_null(field.value(), name);
    } else if (name == "payload") {
      has_payload = true;
      payload = object_or_null(field.value(), name);
    }
    has_op |= name == "op";
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) throw JsonFault{"there is more text after the event"};
  if (has_op || !has_payload) {
    follow_schema({});
    document.rewind();
    return read_payload(take_json(document.get_object()));
  }
  if (payload.empty()) return {};
  ondemand::document inner = parse(envelope_parser_, payload);
  const DebeziumEvent event = read_payload(take_json(inner.get_object()));
  if (event.kind == DebeziumEvent::Kind::kRow) follow_schema(schema);
  return event;
}

void DebeziumReader::follow_schema(std::string_view text) {
  if (text == schema_text_) return;
  std::vector<DebeziumType> types(fields_.size());
  if (!text.empty()) {
    for (DebeziumType& type : types) type.kind = Kind::kPlain;
    dom::parser parser;
    for (const dom::element field : row_schema(take_json(parser.parse(text)))) {
      std::string_view name;
      check_json(field["field"].get(name));
      const size_t source = fields_.find(name);
      if (source != JsonFields::kNoSource) types[source] = type_of(field);
    }
  }
  types_ = std::move(types);
  schema_text_ = text;
}

DebeziumEvent DebeziumReader::read_payload(ondemand::object payload) const {
  DebeziumEvent event;
  std::optional<std::string> op;
  size_t fields = 0;
  bool is_transaction = false;
  bool is_heartbeat = false;
  bool is_schema_change = false;
  for (auto result : payload) {
    ondemand::field field = take_json(std::move(result));
    const std::string_view name = take_json(field.unescaped_key());
    ++fields;
    if (name == "before") event.before = object_or_null(field.value(), name);
    if (name == "after") event.after = object_or_null(field.value(), name);
    if (name == "op") op = take_json(field.value().get_string());
    is_transaction |= name == "status";
    is_heartbeat |= name == "ts_ms";
    is_schema_change |= name == "ddl" || name == "tableChanges";
  }
  if (!op) {
    const bool is_known = is_schema_change || is_transaction || (is_heartbeat && fields == 1);
    if (is_known && event.after.empty() && event.before.empty()) return {};
    throw JsonFault{
        "this is no event of Debezium, which has an \"op\"; if it is flattened (ExtractNewRecordState), its format is json"};
  }
  if (*op == "m") return {};
  if (*op == "t") {
    event.kind = DebeziumEvent::Kind::kTruncate;
    return event;
  }
  event.is_delete = *op == "d";
  event.is_update = *op == "u";
  if (!event.is_delete && *op != "c" && *op != "u" && *op != "r") {
    throw JsonFault{fmt::format("\"op\" of a Debezium event is '{}', not one of c, r, u, d, t, m", *op)};
  }
  if (event.is_delete && event.before.empty()) {
    throw JsonFault{"a delete without \"before\" does not tell its key: set REPLICA IDENTITY of the source table"};
  }
  if (!event.is_delete && event.after.empty()) throw JsonFault{"a Debezium event that is no delete must have \"after\""};
  event.kind = DebeziumEvent::Kind::kRow;
  return event;
}

void DebeziumReader::fill(std::string_view image, bool is_delete, Cell* row, TextArena& texts) {
  std::fill_n(row, fields_.size(), Cell());
  ondemand::document document = parse(image_parser_, image);
  size_t position = 0;
  for (auto result : take_json(document.get_object())) {
    ondemand::field field = take_json(std::move(result));
    const size_t source = fields_.source_of(field, position++);
    if (source != JsonFields::kNoSource) fill_value(field.value(), source, row[source], texts);
  }
  row[sign_] = {is_delete ? "1" : "0", 1, Cell::Kind::kText};
}

void DebeziumReader::fill_value(ondemand::value value, size_t source, Cell& cell, TextArena& texts) const {
  const ondemand::json_type type = take_json(value.type());
  if (type == ondemand::json_type::array) throw JsonFault{column_name(source) + "arrays are not offered"};
  if (type != ondemand::json_type::null && fill_converted(value, source, cell, texts)) return;
  fields_.fill(value, source, cell, texts);
  const bool is_text = cell.kind == Cell::Kind::kText && type == ondemand::json_type::string;
  if (is_text && is_unavailable_value(cell.text())) cell = {&kNotTold, 0, Cell::Kind::kMissing};
}

bool DebeziumReader::fill_converted(ondemand::value& value, size_t source, Cell& cell, TextArena& texts) const {
  const DebeziumType& type = types_[source];
  const DataType& column = column_types_[source];
  const ondemand::json_type json = take_json(value.type());
  try {
    switch (type.kind) {
      case Kind::kPlain: return false;
      case Kind::kUnknown: {
        const bool is_time = column.kind == TypeKind::kDate || column.kind == TypeKind::kDateTime;
        if (json == ondemand::json_type::number && is_time) {
          const int64_t number = take_json(value.get_int64());
          const Kind kind = value_or_fault(debezium_kind_without_schema(number, column));
          JsonFields::set_text(value_or_fault(debezium_time_text(kind, number, column)), cell, texts);
          return true;
        }
        if (json != ondemand::json_type::object || column.kind != TypeKind::kDecimal) return false;
        JsonFields::set_text(*variable_decimal(value), cell, texts);
        return true;
      }
      case Kind::kIsoDate: {
        std::string_view text = take_json(value.get_string());
        if (text.ends_with('Z')) text.remove_suffix(1);
        JsonFields::set_text(text, cell, texts);
        return true;
      }
      case Kind::kDecimal: {
        if (json != ondemand::json_type::string) return false;
        const std::string bytes = bytes_of(take_json(value.get_string()));
        JsonFields::set_text(value_or_fault(debezium_decimal_text(bytes, type.scale)), cell, texts);
        return true;
      }
      case Kind::kVariableDecimal: JsonFields::set_text(*variable_decimal(value), cell, texts); return true;
      case Kind::kBits: {
        const std::optional<uint64_t> bits = debezium_bits(bytes_of(take_json(value.get_string())));
        if (!bits) throw JsonFault{"more than 64 bits are not offered"};
        JsonFields::set_text(fmt::to_string(*bits), cell, texts);
        return true;
      }
      default: {
        const int64_t number = take_json(value.get_int64());
        JsonFields::set_text(value_or_fault(debezium_time_text(type.kind, number, column)), cell, texts);
        return true;
      }
    }
  } catch (const JsonFault& fault) {
    throw JsonFault{column_name(source) + fault.text};
  }
}

void DebeziumReader::complete(const DebeziumEvent& event, Cell* after, const Cell* before) const {
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (!is_not_told(after[i])) continue;
    if (before != nullptr && before[i].kind != Cell::Kind::kMissing) {
      after[i] = before[i];
    } else if (is_flexible_ && event.is_update) {
      after[i] = Cell();
    } else {
      throw JsonFault{column_name(i) +
                      "the event does not tell the unchanged value: set REPLICA IDENTITY FULL of the source table, or "
                      "unique_key_update_mode to UPDATE_FLEXIBLE_COLUMNS"};
    }
  }
}

bool DebeziumReader::same_key(const Cell* before, const Cell* after) const {
  if (!keys_.empty()) {
    // Of a replica identity without the key, its columns are null.
    return std::all_of(keys_.begin(), keys_.end(), [&](size_t i) {
      return before[i].kind != Cell::Kind::kText ||
             (after[i].kind == Cell::Kind::kText && before[i].text() == after[i].text());
    });
  }
  for (size_t i = 0; i < fields_.size(); ++i) {
    const bool is_same = before[i].kind == after[i].kind && before[i].text() == after[i].text();
    if (i != sign_ && !is_same) return false;
  }
  return true;
}

}  // namespace freshet::ingest
