#pragma once

#include <duckdb/catalog/catalog_entry/schema_catalog_entry.hpp>
#include <duckdb/parser/parsed_data/create_schema_info.hpp>

namespace freshet::query {

/// Every change of a catalog ends here.
[[noreturn]] void refuse_write();

/// A schema of tables alone, which nobody changes through DuckDB.
class ReadOnlySchema : public duckdb::SchemaCatalogEntry {
 public:
  using SchemaCatalogEntry::SchemaCatalogEntry;

  /// The table of that name as the lookup asks for it; null when there is none.
  virtual duckdb::optional_ptr<duckdb::CatalogEntry> find_table(const duckdb::EntryLookupInfo& lookup) = 0;
  virtual void for_each_table(const std::function<void(duckdb::CatalogEntry&)>& visit) = 0;

  duckdb::optional_ptr<duckdb::CatalogEntry> LookupEntry(duckdb::CatalogTransaction,
                                                         const duckdb::EntryLookupInfo& lookup) final {
    if (lookup.GetCatalogType() != duckdb::CatalogType::TABLE_ENTRY) return nullptr;
    return find_table(lookup);
  }
  void Scan(duckdb::ClientContext&, duckdb::CatalogType type,
            const std::function<void(duckdb::CatalogEntry&)>& callback) final {
    Scan(type, callback);
  }
  void Scan(duckdb::CatalogType type, const std::function<void(duckdb::CatalogEntry&)>& callback) final {
    if (type == duckdb::CatalogType::TABLE_ENTRY) for_each_table(callback);
  }

  duckdb::optional_ptr<duckdb::CatalogEntry> CreateIndex(duckdb::CatalogTransaction, duckdb::CreateIndexInfo&,
                                                         duckdb::TableCatalogEntry&) final {
    refuse_write();
  }
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateFunction(duckdb::CatalogTransaction, duckdb::CreateFunctionInfo&) final {
    refuse_write();
  }
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateTable(duckdb::CatalogTransaction, duckdb::BoundCreateTableInfo&) final {
    refuse_write();
  }
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateView(duckdb::CatalogTransaction, duckdb::CreateViewInfo&) final {
    refuse_write();
  }
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateSequence(duckdb::CatalogTransaction, duckdb::CreateSequenceInfo&) final {
    refuse_write();
  }
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateTableFunction(duckdb::CatalogTransaction,
                                                                 duckdb::CreateTableFunctionInfo&) final {
    refuse_write();
  }
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateCopyFunction(duckdb::CatalogTransaction,
                                                                duckdb::CreateCopyFunctionInfo&) final {
    refuse_write();
  }
  duckdb::optional_ptr<duckdb::CatalogEntry> CreatePragmaFunction(duckdb::CatalogTransaction,
                                                                  duckdb::CreatePragmaFunctionInfo&) final {
    refuse_write();
  }
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateCollation(duckdb::CatalogTransaction,
                                                             duckdb::CreateCollationInfo&) final {
    refuse_write();
  }
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateType(duckdb::CatalogTransaction, duckdb::CreateTypeInfo&) final {
    refuse_write();
  }
  void DropEntry(duckdb::ClientContext&, duckdb::DropInfo&) final { refuse_write(); }
  void Alter(duckdb::CatalogTransaction, duckdb::AlterInfo&) final { refuse_write(); }
};

}  // namespace freshet::query
