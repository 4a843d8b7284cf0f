#include "query/access/statement_access.h"

#include <algorithm>
#include <bit>

#include "query/accounts/denied.h"
#include "query/catalogue/catalogue_table.h"
#include "query/connection_admin.h"
#include "query/ddl/parser.h"
#include "query/dialect/tokenizer.h"
#include "query/views.h"
#include "storage/types/schema.h"

namespace freshet::query {
namespace {

bool is_catalogue(std::string_view database) { return equals_word(database, to_upper(kInformationSchema)); }

// Privileges go with names: under another one the rows may be open to others.
constexpr Privileges kRenamed = Privilege::kAlter | Privilege::kDrop;
constexpr Privileges kNamed = Privilege::kCreate | Privilege::kInsert;

/// One overload for each kind of statement: a kind without one does not compile.
class AccessRules {
 public:
  AccessRules(const SessionState& session, const QueryServices& services)
      : session_(session), services_(services), rights_(*session.rights) {}

  /// What queries read is checked where it is bound.
  Status operator()(const Query&) const { return Status::OK(); }

  Status operator()(const Insert& insert) const {
    Privileges needed = Privilege::kInsert;
    const bool deletes = insert.mode != InsertMode::kInsert ||
                         std::any_of(insert.columns.begin(), insert.columns.end(),
                                     [](const std::string& column) { return same_name(column, kDeleteSignColumn); });
    if (deletes) needed |= Privilege::kDelete;
    if (!insert.on_duplicate.empty()) needed |= Privilege::kUpdate;
    return table(insert.table, needed);
  }
  Status operator()(const Delete& deleted) const {
    return table(deleted.rows.table, Privilege::kSelect | Privilege::kDelete);
  }
  Status operator()(const Update& update) const { return table(update.rows.table, Privilege::kSelect | Privilege::kUpdate); }
  Status operator()(const Merge& merge) const {
    Privileges needed = Privilege::kSelect;
    for (const MergeClause& clause : merge.clauses) {
      switch (clause.kind) {
        case MergeClause::Kind::kUpdate: needed |= Privilege::kUpdate; break;
        case MergeClause::Kind::kDelete: needed |= Privilege::kDelete; break;
        case MergeClause::Kind::kInsert: needed |= Privilege::kInsert; break;
      }
    }
    return table(merge.table, needed);
  }

  Status operator()(const CreateDatabase& create) const { return database(create.name, Privilege::kCreate); }
  Status operator()(const DropDatabase& drop) const { return database(drop.name, Privilege::kDrop); }
  Status operator()(const CreateTable& create) const {
    return table(create.name,
                 create.query.empty() ? Privileges(Privilege::kCreate) : Privilege::kCreate | Privilege::kInsert);
  }
  Status operator()(const CreateTableLike& create) const {
    FRESHET_RETURN_IF_ERROR(table(create.source, Privilege::kSelect));
    return table(create.name, Privilege::kCreate);
  }
  Status operator()(const DropTable& drop) const { return tables(drop.names, Privilege::kDrop); }
  Status operator()(const CreateView& create) const {
    if (create.must_exist) return table(create.name, Privilege::kAlter);
    return table(create.name, create.or_replace ? Privilege::kCreate | Privilege::kDrop : Privileges(Privilege::kCreate));
  }
  Status operator()(const DropView& drop) const { return tables(drop.names, Privilege::kDrop); }
  /// Who may delete all rows, or drop the table, may empty it.
  Status operator()(const TruncateTable& truncate) const {
    const Status dropping = table(truncate.name, Privilege::kDrop);
    return dropping.ok() ? dropping : table(truncate.name, Privilege::kDelete);
  }
  Status operator()(const CreateIndex& create) const { return table(create.table, Privilege::kAlter); }
  Status operator()(const DropIndex& drop) const { return table(drop.table, Privilege::kAlter); }
  Status operator()(const AlterTable& alter) const {
    FRESHET_RETURN_IF_ERROR(table(alter.name, Privilege::kAlter));
    for (const AlterClause& clause : alter.clauses) {
      if (clause.kind == AlterKind::kDropPartition || clause.kind == AlterKind::kTruncatePartition) {
        FRESHET_RETURN_IF_ERROR(table(alter.name, Privilege::kDrop));
      }
      if (clause.kind == AlterKind::kRenameTable) {
        FRESHET_RETURN_IF_ERROR(table(alter.name, kRenamed));
        FRESHET_RETURN_IF_ERROR(table({alter.name.database, clause.new_name}, kNamed));
      }
    }
    return Status::OK();
  }

  Status operator()(const RenameTables& rename) const {
    for (const auto& [name, new_name] : rename.renames) {
      FRESHET_RETURN_IF_ERROR(table(name, kRenamed));
      FRESHET_RETURN_IF_ERROR(table(new_name, kNamed));
    }
    return Status::OK();
  }
  Status operator()(const ReplaceTable& replace) const {
    const TableName by{replace.name.database, replace.by};
    FRESHET_RETURN_IF_ERROR(table(replace.name, kRenamed | kNamed));
    return table(by, replace.swap ? kRenamed | kNamed : kRenamed);
  }

  Status operator()(const Show& show) const {
    switch (show.kind) {
      case ShowKind::kTables:
      case ShowKind::kTableStatus:
      case ShowKind::kViews:
      case ShowKind::kTransaction:
      case ShowKind::kLoad:
      case ShowKind::kStreamLoad:
      case ShowKind::kRoutineLoad:
      case ShowKind::kRoutineLoadTask:
      case ShowKind::kCreateRoutineLoad:
      case ShowKind::kAlterTableColumn: return seen_database(show.database);
      case ShowKind::kCreateDatabase: return seen_database(show.name);
      case ShowKind::kColumns:
      case ShowKind::kIndex:
      case ShowKind::kTablets:
      case ShowKind::kPartitions:
      case ShowKind::kVersions: return seen_table(show.database, show.name);
      case ShowKind::kData: return show.name.empty() ? seen_database(show.database) : seen_table(show.database, show.name);
      case ShowKind::kCreateTable: return shown_definition(show);
      // These tell of the server as such, or show what the account sees.
      case ShowKind::kDatabases:
      case ShowKind::kVariables:
      case ShowKind::kStatus:
      case ShowKind::kWarnings:
      case ShowKind::kErrors:
      case ShowKind::kEngines:
      case ShowKind::kCollation:
      case ShowKind::kCharset:
      case ShowKind::kProcesslist:
      case ShowKind::kFrontends:
      case ShowKind::kBackends:
      case ShowKind::kLastInsert:
      case ShowKind::kCatalogs:
      case ShowKind::kPlugins:
      case ShowKind::kPrivileges:
      case ShowKind::kWorkloadGroups:
      case ShowKind::kCountWarnings:
      case ShowKind::kCountErrors:
      case ShowKind::kProc:
      case ShowKind::kOther: return Status::OK();
    }
    return denied_operation("ADMIN_PRIV");
  }
  Status operator()(const Explain& explain) const {
    FRESHET_ASSIGN_OR_RETURN(const Statement inner, parse_statement(explain.inner));
    return std::visit(*this, inner);
  }

  Status operator()(const CreateRoutineLoad& create) const { return load(create.database, create.table); }
  Status operator()(const AlterRoutineLoad& alter) const { return job(alter.database, alter.job); }
  Status operator()(const ControlRoutineLoad& control) const {
    return control.all ? load(control.database, {}) : job(control.database, control.job);
  }

  /// The names are of loads into any table of the database.
  Status operator()(const CleanLabel& clean) const { return load(clean.database, {}); }

  Status operator()(const Use& use) const { return seen_database(use.database); }
  Status operator()(const Set& set) const {
    const bool is_global = std::any_of(set.assignments.begin(), set.assignments.end(),
                                       [](const SetAssignment& one) { return one.scope == SetScope::kGlobal; });
    return is_global && !rights_.is_admin() ? denied_operation("ADMIN_PRIV") : Status::OK();
  }
  Status operator()(const ChangeWorkloadGroup&) const {
    return rights_.is_admin() ? Status::OK() : denied_operation("ADMIN_PRIV");
  }
  /// What a user's queries may use is not for that user to say.
  Status operator()(const SetUserProperties&) const {
    return rights_.is_admin() ? Status::OK() : denied_operation("ADMIN_PRIV");
  }
  Status operator()(const Transaction&) const { return Status::OK(); }
  /// What it runs is checked as a statement of its own.
  Status operator()(const NamedStatement&) const { return Status::OK(); }
  Status operator()(const Sync&) const { return Status::OK(); }
  Status operator()(const Do&) const { return Status::OK(); }
  /// One's own connections, or any.
  Status operator()(const Kill& kill) const {
    if (rights_.is_admin()) return Status::OK();
    const std::vector<ConnectionInfo> connections = services_.connections.list();
    const bool is_own = std::any_of(connections.begin(), connections.end(), [&](const ConnectionInfo& info) {
      return info.id == kill.connection_id && info.user == session_.identity.user;
    });
    return is_own ? Status::OK() : Status::NotAuthorized("You are not owner of thread {}", kill.connection_id);
  }
  /// Its own rules need the accounts as they are then.
  Status operator()(const AccountStatement&) const { return Status::OK(); }
  Status operator()(const MaintainTables& statement) const {
    const bool only_reads = statement.work == TableMaintenance::kCheck || statement.work == TableMaintenance::kChecksum;
    return tables(statement.tables, only_reads ? Privileges(Privilege::kSelect) : Privilege::kSelect | Privilege::kInsert);
  }
  Status operator()(const NoOperation&) const { return Status::OK(); }

 private:
  Status table(const TableName& name, Privileges needed) const {
    FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session_, name.database));
    return table(database, name.table, needed);
  }
  Status table(const std::string& database, const std::string& table, Privileges needed) const {
    if (rights_.may(database, table, needed)) return Status::OK();
    for (uint32_t bits = needed.bits(); bits != 0; bits &= bits - 1) {
      const Privileges one = Privileges::of_bits(1u << std::countr_zero(bits));
      if (!rights_.may(database, table, one))
        return denied_command(session_.identity.account, mysql_names(one), database, table);
    }
    return Status::OK();
  }
  Status tables(const std::vector<TableName>& names, Privileges needed) const {
    for (const TableName& name : names) FRESHET_RETURN_IF_ERROR(table(name, needed));
    return Status::OK();
  }
  Status database(const std::string& name, Privileges needed) const {
    return rights_.may(name, needed) ? Status::OK() : denied_database(session_.identity.account, name);
  }
  Status seen_database(const std::string& named) const {
    FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session_, named));
    return is_catalogue(database) || rights_.sees(database) ? Status::OK()
                                                            : denied_database(session_.identity.account, database);
  }
  Status seen_table(const std::string& named, const std::string& table) const {
    FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session_, named));
    if (is_catalogue(database) || rights_.sees(database, table)) return Status::OK();
    return denied_command(session_.identity.account, "SHOW", database, table);
  }
  Status shown_definition(const Show& show) const {
    FRESHET_RETURN_IF_ERROR(seen_table(show.database, show.name));
    FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session_, show.database));
    const bool is_view = services_.views != nullptr && services_.views->find(database, show.name).has_value();
    return is_view ? table(database, show.name, Privilege::kShowView) : Status::OK();
  }
  /// `into` empty: rows may be for any table of the database.
  Status load(const std::string& named, const std::string& into) const {
    FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session_, named));
    if (!into.empty()) return check_load(session_, database, into);
    return rights_.may(database, kLoad) ? Status::OK() : denied_database(session_.identity.account, database);
  }
  /// Who may load into its table may control a job. One that is not there is refused like one that is not theirs.
  Status job(const std::string& named, const std::string& name) const {
    FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session_, named));
    if (rights_.may(database, kLoad)) return Status::OK();
    for (const ingest::RoutineLoadStatus& known : services_.routine_loads.list(database, true)) {
      if (known.spec.name == name && !known.spec.is_multi_table())
        return check_load(session_, database, known.spec.load.table);
    }
    return denied_database(session_.identity.account, database);
  }

  const SessionState& session_;
  const QueryServices& services_;
  const Rights& rights_;
};

}  // namespace

Status check_access(const Statement& statement, const SessionState& session, const QueryServices& services) {
  return session.rights->is_admin() ? Status::OK() : std::visit(AccessRules(session, services), statement);
}

Status check_load(const SessionState& session, const std::string& database, const std::string& table) {
  return session.rights->may(database, table, kLoad) ? Status::OK()
                                                     : denied_command(session.identity.account, "LOAD", database, table);
}

}  // namespace freshet::query
