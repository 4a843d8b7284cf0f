#include "query/statement_kind.h"

namespace freshet::query {

StatementClass class_of(const Statement& statement) {
  if (std::holds_alternative<Query>(statement) || std::holds_alternative<Do>(statement)) return StatementClass::kSmall;
  const bool is_write = std::holds_alternative<Insert>(statement) || std::holds_alternative<Update>(statement) ||
                        std::holds_alternative<Delete>(statement) || std::holds_alternative<Merge>(statement);
  return is_write ? StatementClass::kWrite : StatementClass::kOther;
}

bool tells_of_warnings(const Statement& statement) {
  const Show* show = std::get_if<Show>(&statement);
  if (show == nullptr) return false;
  return show->kind == ShowKind::kWarnings || show->kind == ShowKind::kErrors || show->kind == ShowKind::kCountWarnings ||
         show->kind == ShowKind::kCountErrors;
}

bool ends_transaction(const Statement& statement) {
  const MaintainTables* maintain = std::get_if<MaintainTables>(&statement);
  if (maintain != nullptr) return maintain->work != TableMaintenance::kChecksum;
  return std::visit(
      [](const auto& kind) {
        using Kind = std::decay_t<decltype(kind)>;
        return std::is_same_v<Kind, CreateDatabase> || std::is_same_v<Kind, DropDatabase> ||
               std::is_same_v<Kind, CreateTable> || std::is_same_v<Kind, CreateTableLike> ||
               std::is_same_v<Kind, DropTable> || std::is_same_v<Kind, TruncateTable> || std::is_same_v<Kind, CreateView> ||
               std::is_same_v<Kind, DropView> || std::is_same_v<Kind, AlterTable> || std::is_same_v<Kind, RenameTables> ||
               std::is_same_v<Kind, ReplaceTable>;
      },
      statement);
}

}  // namespace freshet::query
