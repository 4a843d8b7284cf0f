#include "ingest/decode/named_columns.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace freshet::ingest {

NamedColumns::NamedColumns(BlockAssembler assembler)
    : assembler_(std::move(assembler)), batch_(assembler_.mapping().sources.size()) {}

Result<std::optional<size_t>> NamedColumns::find(const std::vector<std::string>& names, const std::string& source) const {
  const auto exact = std::find(names.begin(), names.end(), source);
  if (exact != names.end()) return std::optional<size_t>(exact - names.begin());
  const auto is_same = [&](const std::string& name) { return same_name(name, source); };
  const auto first = std::find_if(names.begin(), names.end(), is_same);
  if (first == names.end()) return std::optional<size_t>();
  const auto second = std::find_if(first + 1, names.end(), is_same);
  if (second == names.end()) return std::optional<size_t>(first - names.begin());
  return Status::InvalidArgument("the body has the columns '{}' and '{}': which of them is '{}'?", *first, *second, source);
}

Status NamedColumns::match(const std::vector<std::string>& names) {
  for (const SourceColumn& source : assembler_.mapping().sources) {
    use_of_source_.emplace_back();
    if (source.use == SourceColumn::Use::kIgnored) continue;
    FRESHET_ASSIGN_OR_RETURN(const std::optional<size_t> column, find(names, source.name));
    if (!column) continue;
    const bool is_sign = source.use == SourceColumn::Use::kDeleteSign;
    use_of_source_.back() = uses_.size();
    uses_.push_back(
        {*column, is_sign ? DataType{.kind = TypeKind::kTinyInt} : assembler_.schema().columns[source.column].type});
  }
  if (!uses_.empty()) return Status::OK();
  return Status::InvalidArgument("the body has none of the columns of the load; its columns are: {}",
                                 fmt::join(names, ", "));
}

Status NamedColumns::add(const CellColumns& columns, size_t rows) {
  for (size_t row = 0; row < rows; ++row) {
    Cell* cells = batch_.next_row();
    for (size_t source = 0; source < use_of_source_.size(); ++source) {
      const std::optional<size_t> use = use_of_source_[source];
      cells[source] = use ? columns[*use][row] : Cell();
    }
    batch_.add_row({});
    if (batch_.is_full()) FRESHET_RETURN_IF_ERROR(assembler_.add(batch_, false));
  }
  return batch_.has_work() ? assembler_.add(batch_, false) : Status::OK();
}

}  // namespace freshet::ingest
