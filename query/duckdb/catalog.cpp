#include "query/duckdb/catalog.h"

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/schema_catalog_entry.hpp>
#include <duckdb/catalog/catalog_entry/table_catalog_entry.hpp>
#include <duckdb/common/reference_map.hpp>
#include <duckdb/common/string_util.hpp>
#include <duckdb/main/attached_database.hpp>
#include <duckdb/parser/constraints/not_null_constraint.hpp>
#include <duckdb/parser/parsed_data/create_schema_info.hpp>
#include <duckdb/parser/parsed_data/create_table_info.hpp>
#include <duckdb/planner/operator/logical_get.hpp>
#include <duckdb/planner/tableref/bound_at_clause.hpp>
#include <duckdb/storage/database_size.hpp>
#include <duckdb/storage/storage_extension.hpp>
#include <duckdb/storage/table_storage_info.hpp>
#include <duckdb/transaction/meta_transaction.hpp>
#include <duckdb/transaction/transaction.hpp>
#include <duckdb/transaction/transaction_manager.hpp>
#include <map>
#include <mutex>

#include "query/dialect/mysql_rewrite.h"
#include "query/duckdb/query_state.h"
#include "query/duckdb/read_only_schema.h"
#include "query/duckdb/scan_function.h"
#include "query/duckdb/shown_columns.h"
#include "query/duckdb/types.h"
#include "query/duckdb/virtual_schema.h"

namespace freshet::query {
namespace {

using duckdb::CatalogEntry;
using duckdb::CatalogTransaction;
using duckdb::CatalogType;
using duckdb::ClientContext;
using duckdb::EntryLookupInfo;
using duckdb::optional_ptr;
using duckdb::PhysicalOperator;
using duckdb::PhysicalPlanGenerator;

class TableEntry final : public duckdb::TableCatalogEntry {
 public:
  TableEntry(duckdb::Catalog& catalog, duckdb::SchemaCatalogEntry& schema, duckdb::CreateTableInfo& info,
             storage::TableSnapshotPtr table)
      : TableCatalogEntry(catalog, schema, info), table_(std::move(table)) {}

  duckdb::unique_ptr<duckdb::BaseStatistics> GetStatistics(ClientContext&, duckdb::column_t column) override {
    return column_statistics(*table_, column);
  }
  duckdb::TableFunction GetScanFunction(ClientContext&, duckdb::unique_ptr<duckdb::FunctionData>& bind_data) override {
    bind_data = bind_scan(table_, *this);
    return scan_function();
  }
  duckdb::TableStorageInfo GetStorageInfo(ClientContext&) override {
    duckdb::TableStorageInfo info;
    info.cardinality = table_->live_rows();
    return info;
  }
  /// Hidden columns have names, but `*` does not mean them. No row ids of the engine's kind; count(*) over a filter asks for
  /// the empty column.
  duckdb::virtual_column_map_t GetVirtualColumns() const override {
    duckdb::virtual_column_map_t columns;
    columns.emplace(duckdb::COLUMN_IDENTIFIER_EMPTY, duckdb::TableColumn("", duckdb::LogicalType::BOOLEAN));
    columns.emplace(row_id_column(), duckdb::TableColumn(std::string(kRowIdColumn), duckdb::LogicalType::BIGINT));
    const TableSchema& schema = *table_->schema;
    for (size_t i = GetColumns().LogicalColumnCount(); i < schema.columns.size(); ++i) {
      columns.emplace(hidden_column_id(i),
                      duckdb::TableColumn(schema.columns[i].name, logical_type(schema.columns[i].type)));
    }
    const std::optional<size_t> sequence = schema.sequence_column();
    if (sequence && *sequence < schema.visible_count()) {
      columns.emplace(hidden_column_id(*sequence),
                      duckdb::TableColumn(std::string(kSequenceColumn), logical_type(schema.columns[*sequence].type)));
    }
    return columns;
  }
  duckdb::vector<duckdb::column_t> GetRowIdColumns() const override { return {}; }

 private:
  storage::TableSnapshotPtr table_;
};

/// What an AT clause of a statement that began at `moment` (unix microseconds) asks for.
VersionPoint version_point(const duckdb::BoundAtClause& at, int64_t moment) {
  duckdb::Value value;
  if (duckdb::StringUtil::CIEquals(at.Unit(), "version")) {
    if (at.GetValue().DefaultTryCastAs(duckdb::LogicalType::UBIGINT, value, nullptr, true) && !value.IsNull()) {
      return CommitNumber(duckdb::UBigIntValue::Get(value));
    }
    throw duckdb::BinderException("'%s' is not a version: SHOW VERSIONS FROM the table lists its numbers",
                                  at.GetValue().ToString());
  }
  if (duckdb::StringUtil::CIEquals(at.Unit(), "timestamp")) {
    if (at.GetValue().DefaultTryCastAs(duckdb::LogicalType::TIMESTAMP, value, nullptr, true) && !value.IsNull()) {
      const int64_t micros = duckdb::TimestampValue::Get(value).value;
      // now() knows no fractions: the second in which the statement began is its beginning.
      return micros == moment - moment % duckdb::Interval::MICROS_PER_SEC ? moment : micros;
    }
    throw duckdb::BinderException("'%s' is not a time like '2026-01-31 12:00:00' (UTC)", at.GetValue().ToString());
  }
  throw duckdb::BinderException("Tables have a VERSION and a TIMESTAMP, no %s", at.Unit());
}

class SchemaEntry final : public ReadOnlySchema {
 public:
  SchemaEntry(duckdb::Catalog& catalog, duckdb::CreateSchemaInfo& info, storage::ServerSnapshotPtr snapshot,
              storage::ServerSnapshotPtr committed, const HistoryProvider& history, int64_t moment,
              bool shows_hidden_columns)
      : ReadOnlySchema(catalog, info),
        snapshot_(std::move(snapshot)),
        committed_(std::move(committed)),
        moment_(moment),
        history_(history),
        shows_hidden_columns_(shows_hidden_columns) {}

  optional_ptr<CatalogEntry> find_table(const EntryLookupInfo& lookup) override {
    return table(lookup.GetEntryName(), lookup.GetAtClause());
  }
  void for_each_table(const std::function<void(CatalogEntry&)>& visit) override {
    for (const auto& [names, id] : snapshot_->table_names) {
      if (names.first != name) continue;
      if (auto entry = table(names.second, nullptr)) visit(*entry);
    }
  }

 private:
  optional_ptr<CatalogEntry> table(const std::string& table_name, optional_ptr<duckdb::BoundAtClause> at) {
    const std::string point = at ? at->Unit() + " " + at->GetValue().ToString() : std::string();
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = tables_.find({table_name, point});
    if (found != tables_.end()) return found->second.get();
    storage::TableSnapshotPtr snapshot = snapshot_->find_table(name, table_name);
    if (snapshot == nullptr) return nullptr;
    if (at) snapshot = asked_for(*snapshot, *at);
    duckdb::CreateTableInfo info(*this, table_name);
    const TableSchema& schema = *snapshot->schema;
    // Columns of the entry are what `*` means; the others are virtual ones.
    const size_t shown = shows_hidden_columns_ ? schema.columns.size() : schema.visible_count();
    for (const ColumnSchema& column : std::span(schema.columns).first(shown)) {
      if (!column.nullable) {
        info.constraints.push_back(
            duckdb::make_uniq<duckdb::NotNullConstraint>(duckdb::LogicalIndex(info.columns.LogicalColumnCount())));
      }
      info.columns.AddColumn(duckdb::ColumnDefinition(column.name, logical_type(column.type)));
    }
    auto entry = std::make_unique<TableEntry>(catalog, *this, info, std::move(snapshot));
    return tables_.emplace(std::pair(table_name, point), std::move(entry)).first->second.get();
  }

  storage::TableSnapshotPtr asked_for(const storage::TableSnapshot& newest, const duckdb::BoundAtClause& at) const {
    const std::string value = at.GetValue().ToString();
    if (!value.starts_with(kPartitionsVersion)) return older_version(newest, at);
    auto part = newest.only_partitions(duckdb::StringUtil::Split(value.substr(kPartitionsVersion.size()), ','));
    if (!part.ok()) throw duckdb::BinderException("%s", part.status().message());
    return *std::move(part);
  }

  /// Versions are of commits: what a transaction has changed so far is in none.
  storage::TableSnapshotPtr older_version(const storage::TableSnapshot& seen, const duckdb::BoundAtClause& at) const {
    const storage::TableSnapshot& newest = *committed_->tables.at(seen.id);
    Result<storage::TableSnapshotPtr> older = history_(newest, committed_->commit, version_point(at, moment_));
    if (!older.ok()) throw duckdb::BinderException("%s", older.status().message());
    return *std::move(older);
  }

  storage::ServerSnapshotPtr snapshot_;
  storage::ServerSnapshotPtr committed_;  ///< the same without the changes of a transaction
  const int64_t moment_;                  ///< when the statement began: unix microseconds
  const HistoryProvider& history_;
  const bool shows_hidden_columns_;
  std::mutex mutex_;
  /// By name and the version asked for (empty = the newest). Guarded by mutex_.
  std::map<std::pair<std::string, std::string>, std::unique_ptr<TableEntry>> tables_;
};

/// One query's view of the server: the snapshot, and the catalog entries made from it.
class PinnedTransaction final : public duckdb::Transaction {
 public:
  PinnedTransaction(duckdb::TransactionManager& manager, ClientContext& context, storage::ServerSnapshotPtr snapshot,
                    storage::ServerSnapshotPtr committed, const HistoryProvider& history, const CatalogueSources& catalogue)
      : Transaction(manager, context),
        snapshot_(std::move(snapshot)),
        committed_(std::move(committed)),
        moment_(duckdb::MetaTransaction::Get(context).start_timestamp.value),
        history_(history),
        catalogue_(catalogue),
        shows_hidden_columns_(ShownColumns::of(context).with_hidden) {}

  /// Null when there is no such database.
  optional_ptr<ReadOnlySchema> schema(duckdb::Catalog& catalog, const std::string& name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = schemas_.find(name);
    if (found != schemas_.end()) return found->second.get();
    duckdb::CreateSchemaInfo info;
    info.schema = name;
    std::unique_ptr<ReadOnlySchema> entry;
    if (name == kInformationSchema) {
      entry = std::make_unique<VirtualSchema>(catalog, info, snapshot_, catalogue_);
    } else if (snapshot_->databases.contains(name)) {
      entry = std::make_unique<SchemaEntry>(catalog, info, snapshot_, committed_, history_, moment_, shows_hidden_columns_);
    } else {
      return nullptr;
    }
    return schemas_.emplace(name, std::move(entry)).first->second.get();
  }
  const storage::ServerSnapshot& snapshot() const { return *snapshot_; }

 private:
  storage::ServerSnapshotPtr snapshot_;
  storage::ServerSnapshotPtr committed_;
  const int64_t moment_;
  const HistoryProvider& history_;
  const CatalogueSources& catalogue_;
  const bool shows_hidden_columns_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<ReadOnlySchema>> schemas_;  ///< guarded by mutex_
};

class PinningTransactionManager final : public duckdb::TransactionManager {
 public:
  PinningTransactionManager(duckdb::AttachedDatabase& db, SnapshotProvider snapshots, HistoryProvider history,
                            CatalogueSources catalogue)
      : TransactionManager(db),
        snapshots_(std::move(snapshots)),
        history_(std::move(history)),
        catalogue_(std::move(catalogue)) {}

  duckdb::Transaction& StartTransaction(ClientContext& context) override {
    storage::ServerSnapshotPtr snapshot = QueryState::of(context)->snapshot();
    storage::ServerSnapshotPtr committed = QueryState::of(context)->committed();
    if (snapshot == nullptr) snapshot = snapshots_();
    if (committed == nullptr) committed = snapshot;
    auto transaction =
        std::make_unique<PinnedTransaction>(*this, context, std::move(snapshot), std::move(committed), history_, catalogue_);
    duckdb::Transaction& started = *transaction;
    const std::lock_guard<std::mutex> lock(mutex_);
    running_.emplace(started, std::move(transaction));
    return started;
  }
  duckdb::ErrorData CommitTransaction(ClientContext&, duckdb::Transaction& transaction) override {
    end(transaction);
    return duckdb::ErrorData();
  }
  void RollbackTransaction(duckdb::Transaction& transaction) override { end(transaction); }
  void Checkpoint(ClientContext&, bool) override {}

 private:
  void end(duckdb::Transaction& transaction) {
    std::unique_ptr<PinnedTransaction> ended;
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = running_.find(transaction);
    if (found == running_.end()) return;
    ended = std::move(found->second);
    running_.erase(found);
  }

  SnapshotProvider snapshots_;
  HistoryProvider history_;
  CatalogueSources catalogue_;
  std::mutex mutex_;
  duckdb::reference_map_t<duckdb::Transaction, std::unique_ptr<PinnedTransaction>> running_;  ///< guarded by mutex_
};

class SnapshotCatalog final : public duckdb::Catalog {
 public:
  explicit SnapshotCatalog(duckdb::AttachedDatabase& db) : Catalog(db) {}

  void Initialize(bool) override {}
  std::string GetCatalogType() override { return kCatalogName; }
  bool InMemory() override { return true; }
  bool SupportsTimeTravel() const override { return true; }
  std::string GetDBPath() override { return ""; }
  duckdb::DatabaseSize GetDatabaseSize(ClientContext&) override { return {}; }
  duckdb::CatalogLookupBehavior CatalogTypeLookupRule(CatalogType type) const override {
    return type == CatalogType::TABLE_ENTRY ? duckdb::CatalogLookupBehavior::STANDARD
                                            : duckdb::CatalogLookupBehavior::NEVER_LOOKUP;
  }

  optional_ptr<duckdb::SchemaCatalogEntry> LookupSchema(CatalogTransaction transaction, const EntryLookupInfo& lookup,
                                                        duckdb::OnEntryNotFound if_not_found) override {
    auto schema = transaction.transaction->Cast<PinnedTransaction>().schema(*this, lookup.GetEntryName());
    if (schema) return schema.get();
    if (if_not_found == duckdb::OnEntryNotFound::RETURN_NULL) return nullptr;
    throw duckdb::CatalogException("Unknown database '%s'", lookup.GetEntryName());
  }
  void ScanSchemas(ClientContext& context, std::function<void(duckdb::SchemaCatalogEntry&)> callback) override {
    auto& transaction = duckdb::Transaction::Get(context, *this).Cast<PinnedTransaction>();
    for (const auto& [name, id] : transaction.snapshot().databases) callback(*transaction.schema(*this, name));
  }

  optional_ptr<CatalogEntry> CreateSchema(CatalogTransaction, duckdb::CreateSchemaInfo&) override { refuse_write(); }
  PhysicalOperator& PlanCreateTableAs(ClientContext&, PhysicalPlanGenerator&, duckdb::LogicalCreateTable&,
                                      PhysicalOperator&) override {
    refuse_write();
  }
  PhysicalOperator& PlanInsert(ClientContext&, PhysicalPlanGenerator&, duckdb::LogicalInsert&,
                               optional_ptr<PhysicalOperator>) override {
    refuse_write();
  }
  PhysicalOperator& PlanDelete(ClientContext&, PhysicalPlanGenerator&, duckdb::LogicalDelete&, PhysicalOperator&) override {
    refuse_write();
  }
  PhysicalOperator& PlanUpdate(ClientContext&, PhysicalPlanGenerator&, duckdb::LogicalUpdate&, PhysicalOperator&) override {
    refuse_write();
  }

 private:
  void DropSchema(ClientContext&, duckdb::DropInfo&) override { refuse_write(); }
};

struct CatalogSource final : duckdb::StorageExtensionInfo {
  CatalogSource(SnapshotProvider snapshot_provider, HistoryProvider history_provider, CatalogueSources catalogue_sources)
      : snapshots(std::move(snapshot_provider)),
        history(std::move(history_provider)),
        catalogue(std::move(catalogue_sources)) {}
  SnapshotProvider snapshots;
  HistoryProvider history;
  CatalogueSources catalogue;
};

duckdb::unique_ptr<duckdb::Catalog> attach(optional_ptr<duckdb::StorageExtensionInfo>, ClientContext&,
                                           duckdb::AttachedDatabase& db, const std::string&, duckdb::AttachInfo&,
                                           duckdb::AttachOptions&) {
  return duckdb::make_uniq<SnapshotCatalog>(db);
}

duckdb::unique_ptr<duckdb::TransactionManager> make_transaction_manager(optional_ptr<duckdb::StorageExtensionInfo> info,
                                                                        duckdb::AttachedDatabase& db, duckdb::Catalog&) {
  const auto& source = static_cast<CatalogSource&>(*info);
  return duckdb::make_uniq<PinningTransactionManager>(db, source.snapshots, source.history, source.catalogue);
}

}  // namespace

void refuse_write() {
  throw duckdb::BinderException("Tables of Freshet are written by INSERT, loads and DDL of Freshet, not inside a query");
}

void register_catalog(duckdb::DBConfig& config, SnapshotProvider snapshots, HistoryProvider history,
                      CatalogueSources catalogue) {
  auto extension = duckdb::make_uniq<duckdb::StorageExtension>();
  extension->attach = attach;
  extension->create_transaction_manager = make_transaction_manager;
  extension->storage_info =
      duckdb::make_shared_ptr<CatalogSource>(std::move(snapshots), std::move(history), std::move(catalogue));
  config.storage_extensions[kCatalogName] = std::move(extension);
}

}  // namespace freshet::query
