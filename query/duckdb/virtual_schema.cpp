#include "query/duckdb/virtual_schema.h"

#include <duckdb/catalog/catalog_entry/table_catalog_entry.hpp>
#include <duckdb/function/table_function.hpp>
#include <duckdb/parser/parsed_data/create_table_info.hpp>
#include <duckdb/storage/statistics/base_statistics.hpp>
#include <duckdb/storage/table_storage_info.hpp>

#include "query/duckdb/query_state.h"
#include "query/duckdb/types.h"

namespace freshet::query {
namespace {

/// What a scan of one table needs.
struct VirtualScan final : duckdb::TableFunctionData {
  VirtualScan(const CatalogueTable& scanned, storage::ServerSnapshotPtr pinned, const CatalogueSources& facts)
      : table(scanned), snapshot(std::move(pinned)), sources(facts) {}
  const CatalogueTable& table;
  const storage::ServerSnapshotPtr snapshot;
  const CatalogueSources& sources;
};

struct VirtualScanState final : duckdb::GlobalTableFunctionState {
  std::vector<CatalogueRow> rows;
  duckdb::vector<duckdb::column_t> columns;
  size_t next = 0;
};

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> begin_scan(duckdb::ClientContext& context,
                                                                duckdb::TableFunctionInitInput& input) {
  const auto& scan = input.bind_data->Cast<VirtualScan>();
  auto state = duckdb::make_uniq<VirtualScanState>();
  storage::ServerSnapshotPtr snapshot = scan.snapshot;
  CatalogueSources sources = scan.sources;
  if (const EngineAccess* access = QueryState::of(context)->access()) access->narrow(snapshot, sources);
  state->rows = scan.table.rows(*snapshot, sources);
  state->columns = input.column_ids;
  return state;
}

void scan_chunk(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& chunk) {
  auto& state = input.global_state->Cast<VirtualScanState>();
  const size_t count = std::min<size_t>(STANDARD_VECTOR_SIZE, state.rows.size() - state.next);
  for (size_t i = 0; i < state.columns.size(); ++i) {
    if (duckdb::IsVirtualColumn(state.columns[i])) continue;  // asked for the number of rows alone
    const duckdb::LogicalType& type = chunk.data[i].GetType();
    for (size_t row = 0; row < count; ++row) {
      const TextCell& cell = state.rows[state.next + row][state.columns[i]];
      chunk.data[i].SetValue(row, cell ? duckdb::Value(*cell).DefaultCastAs(type) : duckdb::Value(type));
    }
  }
  state.next += count;
  chunk.SetCardinality(count);
}

duckdb::TableFunction virtual_scan_function() {
  duckdb::TableFunction function("freshet_catalogue_scan", {}, scan_chunk, nullptr, begin_scan);
  function.projection_pushdown = true;
  return function;
}

class VirtualTableEntry final : public duckdb::TableCatalogEntry {
 public:
  VirtualTableEntry(duckdb::Catalog& catalog, duckdb::SchemaCatalogEntry& schema, duckdb::CreateTableInfo& info,
                    const CatalogueTable& table, storage::ServerSnapshotPtr snapshot, const CatalogueSources& sources)
      : TableCatalogEntry(catalog, schema, info), table_(table), snapshot_(std::move(snapshot)), sources_(sources) {}

  duckdb::unique_ptr<duckdb::BaseStatistics> GetStatistics(duckdb::ClientContext&, duckdb::column_t) override {
    return nullptr;
  }
  duckdb::TableFunction GetScanFunction(duckdb::ClientContext&,
                                        duckdb::unique_ptr<duckdb::FunctionData>& bind_data) override {
    bind_data = duckdb::make_uniq<VirtualScan>(table_, snapshot_, sources_);
    return virtual_scan_function();
  }
  duckdb::TableStorageInfo GetStorageInfo(duckdb::ClientContext&) override { return {}; }
  duckdb::virtual_column_map_t GetVirtualColumns() const override {
    duckdb::virtual_column_map_t columns;
    columns.emplace(duckdb::COLUMN_IDENTIFIER_EMPTY, duckdb::TableColumn("", duckdb::LogicalType::BOOLEAN));
    return columns;
  }
  duckdb::vector<duckdb::column_t> GetRowIdColumns() const override { return {}; }

 private:
  const CatalogueTable& table_;
  const storage::ServerSnapshotPtr snapshot_;
  const CatalogueSources& sources_;
};

}  // namespace

VirtualSchema::VirtualSchema(duckdb::Catalog& catalog, duckdb::CreateSchemaInfo& info, storage::ServerSnapshotPtr snapshot,
                             const CatalogueSources& sources)
    : ReadOnlySchema(catalog, info), snapshot_(std::move(snapshot)), sources_(sources) {}
VirtualSchema::~VirtualSchema() = default;

duckdb::optional_ptr<duckdb::CatalogEntry> VirtualSchema::find_table(const duckdb::EntryLookupInfo& lookup) {
  if (lookup.GetAtClause()) throw duckdb::BinderException("Tables of information_schema have no versions");
  const CatalogueTable* table = find_catalogue_table(lookup.GetEntryName());
  return table == nullptr ? nullptr : &entry_of(*table);
}

void VirtualSchema::for_each_table(const std::function<void(duckdb::CatalogEntry&)>& visit) {
  for (const CatalogueTable& table : information_schema()) visit(entry_of(table));
}

duckdb::CatalogEntry& VirtualSchema::entry_of(const CatalogueTable& table) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::unique_ptr<duckdb::CatalogEntry>& entry = entries_[&table];
  if (entry == nullptr) {
    duckdb::CreateTableInfo info(*this, table.name);
    for (const CatalogueColumn& column : table.columns) {
      info.columns.AddColumn(duckdb::ColumnDefinition(column.name, logical_type(DataType{column.kind})));
    }
    entry = std::make_unique<VirtualTableEntry>(catalog, *this, info, table, snapshot_, sources_);
  }
  return *entry;
}

}  // namespace freshet::query
