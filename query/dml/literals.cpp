#include "query/dml/literals.h"

namespace freshet::query {
namespace {

ingest::Literal to_load_value(const InputValue& value) {
  using Kind = ingest::Literal::Kind;
  switch (value.kind) {
    case InputValue::Kind::kNull: return {Kind::kNull, {}};
    case InputValue::Kind::kDefault: return {Kind::kDefault, {}};
    case InputValue::Kind::kNumber:
    case InputValue::Kind::kString: return {Kind::kText, value.text};
  }
  return {};
}

}  // namespace

ingest::Literal to_load_value(const Literal& literal, std::span<const InputValue> parameters) {
  using Kind = ingest::Literal::Kind;
  switch (literal.kind) {
    case LiteralKind::kNull: return {Kind::kNull, {}};
    case LiteralKind::kDefault: return {Kind::kDefault, {}};
    case LiteralKind::kNumber:
    case LiteralKind::kString: return {Kind::kText, literal.text};
    case LiteralKind::kPlaceholder: return to_load_value(parameters[literal.placeholder]);
  }
  return {};
}

Status check_parameters(uint32_t placeholders, std::span<const InputValue> parameters) {
  if (placeholders <= parameters.size()) return Status::OK();
  return Status::InvalidArgument("the statement has {} parameters, {} were given", placeholders, parameters.size());
}

}  // namespace freshet::query
