#pragma once

#include <duckdb.hpp>
#include <map>
#include <memory>
#include <mutex>

#include "query/catalogue/catalogue_table.h"
#include "query/duckdb/read_only_schema.h"

namespace freshet::query {

/// information_schema as DuckDB sees it: the tables of catalogue/, whose rows are made when a scan begins. Any thread.
class VirtualSchema final : public ReadOnlySchema {
 public:
  /// `sources` must outlive it.
  VirtualSchema(duckdb::Catalog& catalog, duckdb::CreateSchemaInfo& info, storage::ServerSnapshotPtr snapshot,
                const CatalogueSources& sources);
  ~VirtualSchema() override;

  duckdb::optional_ptr<duckdb::CatalogEntry> find_table(const duckdb::EntryLookupInfo& lookup) override;
  void for_each_table(const std::function<void(duckdb::CatalogEntry&)>& visit) override;

 private:
  duckdb::CatalogEntry& entry_of(const CatalogueTable& table);

  const storage::ServerSnapshotPtr snapshot_;
  const CatalogueSources& sources_;
  std::mutex mutex_;
  std::map<const CatalogueTable*, std::unique_ptr<duckdb::CatalogEntry>> entries_;  ///< guarded by mutex_
};

}  // namespace freshet::query
