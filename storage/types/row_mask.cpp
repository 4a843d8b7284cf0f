#include "storage/types/row_mask.h"

namespace freshet {

SchemaPtr keeping_all_rows(const TableSchema& schema) {
  auto copy = std::make_shared<TableSchema>(schema);
  copy->model = TableModel::kDuplicate;
  return copy;
}

}  // namespace freshet
