#include "query/ddl/hidden_columns.h"

#include <algorithm>
#include <array>

#include "storage/types/sequence.h"
#include "storage/types/table_options.h"

namespace freshet::query {
namespace {

constexpr std::array<std::pair<std::string_view, TypeKind>, 10> kSequenceTypes = {{{"tinyint", TypeKind::kTinyInt},
                                                                                   {"smallint", TypeKind::kSmallInt},
                                                                                   {"int", TypeKind::kInt},
                                                                                   {"integer", TypeKind::kInt},
                                                                                   {"bigint", TypeKind::kBigInt},
                                                                                   {"largeint", TypeKind::kLargeInt},
                                                                                   {"date", TypeKind::kDate},
                                                                                   {"datev2", TypeKind::kDate},
                                                                                   {"datetime", TypeKind::kDateTime},
                                                                                   {"datetimev2", TypeKind::kDateTime}}};

Status wrong_type() { return Status::InvalidArgument("Sequence type only support integer types and date types"); }

const std::string* find_property(const Properties& properties, std::string_view name) {
  const auto found = std::find_if(properties.begin(), properties.end(), [&](const auto& one) { return one.first == name; });
  return found == properties.end() ? nullptr : &found->second;
}

}  // namespace

Status add_hidden_columns(const Properties& properties, TableSchema& schema) {
  const std::string* column = find_property(properties, kSequenceColProperty);
  const std::string* type = find_property(properties, kSequenceTypeProperty);
  if (column != nullptr && type != nullptr) {
    return Status::InvalidArgument("The sequence_col and sequence_type cannot be set at the same time");
  }
  if (column != nullptr) {
    const std::optional<size_t> position = schema.find(*column);
    if (!position) return Status::InvalidArgument("The specified sequence column[{}] not exists", *column);
    if (*position < schema.key_count) {
      return Status::InvalidArgument("The sequence column[{}] is a key column: rows of one key cannot differ in it",
                                     *column);
    }
    if (!may_be_sequence(schema.columns[*position].type)) return wrong_type();
    add_sequence(schema, position, {});
  }
  if (type != nullptr) {
    FRESHET_ASSIGN_OR_RETURN(const DataType sequence_type, parse_sequence_type(*type));
    add_sequence(schema, std::nullopt, sequence_type);
  }
  const std::string* flexible = find_property(properties, kSkipBitmapProperty);
  if (flexible != nullptr && same_name(*flexible, "true")) {
    add_hidden_column(schema, kSkipBitmapColumn, {TypeKind::kString});
  } else if (flexible != nullptr && !same_name(*flexible, "false")) {
    return Status::InvalidArgument("Property '{}' takes true or false, not '{}'", kSkipBitmapProperty, *flexible);
  }
  return Status::OK();
}

Result<DataType> parse_sequence_type(std::string_view text) {
  const auto known = std::find_if(kSequenceTypes.begin(), kSequenceTypes.end(),
                                  [&](const auto& one) { return same_name(one.first, text); });
  if (known == kSequenceTypes.end()) return wrong_type();
  return DataType{known->second};
}

}  // namespace freshet::query
