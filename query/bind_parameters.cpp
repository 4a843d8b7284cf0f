#include "query/bind_parameters.h"

#include "query/dialect/tokenizer.h"

namespace freshet::query {
namespace {

void append_literal(const InputValue& value, std::string& out) {
  switch (value.kind) {
    case InputValue::Kind::kNull: out += "NULL"; return;
    case InputValue::Kind::kDefault: out += "DEFAULT"; return;
    case InputValue::Kind::kNumber: out += value.text; return;
    case InputValue::Kind::kString: break;
  }
  out += '\'';
  for (char c : value.text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  out += '\'';
}

}  // namespace

Result<std::string> bind_parameters(std::string_view statement, std::span<const InputValue> parameters) {
  FRESHET_ASSIGN_OR_RETURN(const std::vector<size_t> offsets, placeholder_offsets(statement));
  if (offsets.size() != parameters.size()) {
    return Status::InvalidArgument("the statement has {} parameters, {} were given", offsets.size(), parameters.size());
  }
  std::string bound;
  size_t begin = 0;
  for (size_t i = 0; i < offsets.size(); ++i) {
    bound.append(statement.substr(begin, offsets[i] - begin));
    append_literal(parameters[i], bound);
    begin = offsets[i] + 1;
  }
  bound.append(statement.substr(begin));
  return bound;
}

}  // namespace freshet::query
