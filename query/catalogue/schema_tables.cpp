#include "query/catalogue/schema_tables.h"

#include <fmt/format.h>

#include "query/ddl/table_definition.h"
#include "query/partition_text.h"
#include "query/table_facts.h"
#include "storage/base/limits.h"

namespace freshet::query {
namespace {

using storage::ServerSnapshot;
using storage::TableSnapshot;

constexpr const char* kCatalog = "internal";  // as Doris calls it
constexpr const char* kCharset = "utf8mb4";
constexpr const char* kCollation = "utf8mb4_bin";
constexpr const char* kPrimary = "PRIMARY";

using Rows = std::vector<CatalogueRow>;

/// Runs `visit` for each table by database and name.
template <typename Visit>
Rows for_each_table(const ServerSnapshot& server, Visit visit) {
  Rows rows;
  for (const auto& [names, id] : server.table_names) visit(*server.tables.at(id), rows);
  return rows;
}

TextCell average(uint64_t bytes, uint64_t rows) { return rows == 0 ? "0" : fmt::to_string(bytes / rows); }

Rows schemata_rows(const ServerSnapshot& server, const CatalogueSources&) {
  Rows rows;
  const auto add = [&](std::string_view name) {
    rows.push_back({kCatalog, std::string(name), kCharset, kCollation, std::nullopt, "NO"});
  };
  for (const auto& [name, id] : server.databases) add(name);
  add(kInformationSchema);
  return rows;
}

Rows tables_rows(const ServerSnapshot& server, const CatalogueSources& sources) {
  Rows rows = for_each_table(server, [](const TableSnapshot& table, Rows& out) {
    const uint64_t bytes = stored_bytes(table);
    const uint64_t live = table.live_rows();
    // Clients add INDEX_LENGTH to DATA_LENGTH, which has the indexes.
    out.push_back(
        {kCatalog,     table.database_name,  table.name,           "BASE TABLE",          "Freshet",    std::nullopt,
         std::nullopt, fmt::to_string(live), average(bytes, live), fmt::to_string(bytes), std::nullopt, "0",
         "0",          std::nullopt,         std::nullopt,         std::nullopt,          std::nullopt, kCollation,
         std::nullopt, std::nullopt,         table.schema->comment});
  });
  for (const CatalogueTable& table : information_schema()) {
    CatalogueRow row(21);
    row[0] = kCatalog;
    row[1] = std::string(kInformationSchema);
    row[2] = table.name;
    row[3] = "SYSTEM VIEW";
    row[4] = "MEMORY";
    row[17] = kCollation;
    row[20] = "";
    rows.push_back(std::move(row));
  }
  for (const View& view : sources.views ? sources.views() : std::vector<View>()) {
    CatalogueRow row(21);
    row[0] = kCatalog;
    row[1] = view.database;
    row[2] = view.name;
    row[3] = "VIEW";
    row[20] = view.comment;
    rows.push_back(std::move(row));
  }
  return rows;
}

/// DATA_TYPE and COLUMN_TYPE as Doris writes them for MySQL's clients.
std::pair<std::string, std::string> type_names(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return {"tinyint", "tinyint(1)"};
    case TypeKind::kTinyInt: return {"tinyint", "tinyint(4)"};
    case TypeKind::kSmallInt: return {"smallint", "smallint(6)"};
    case TypeKind::kInt: return {"int", "int(11)"};
    case TypeKind::kBigInt: return {"bigint", "bigint(20)"};
    case TypeKind::kLargeInt: return {"bigint unsigned", "bigint(20) unsigned"};
    default: break;
  }
  const std::string text = type.to_string();
  return {text.substr(0, text.find('(')), text};
}

TextCell numeric_precision(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kBoolean:
    case TypeKind::kTinyInt: return "3";
    case TypeKind::kSmallInt: return "5";
    case TypeKind::kInt: return "10";
    case TypeKind::kBigInt: return "19";
    case TypeKind::kLargeInt: return "39";
    case TypeKind::kFloat: return "7";
    case TypeKind::kDouble: return "15";
    case TypeKind::kDecimal: return fmt::to_string(type.precision);
    default: return std::nullopt;
  }
}

const char* key_name(TableModel model) {
  switch (model) {
    case TableModel::kUnique: return "UNI";
    case TableModel::kAggregate: return "AGG";
    case TableModel::kDuplicate: return "DUP";
  }
  return "";
}

/// The row of a column, without what only columns of tables have.
CatalogueRow column_row(const std::string& database, const std::string& table, size_t position, const std::string& name,
                        const DataType& type) {
  const auto [data_type, column_type] = type_names(type);
  const bool is_text = type.is_bytes() && type.kind != TypeKind::kBitmap;
  const TextCell length = is_text ? TextCell(fmt::to_string(type.length == 0 ? kMaxStringBytes : type.length)) : TextCell();
  const TextCell precision = numeric_precision(type);
  const TextCell decimals = type.kind == TypeKind::kDecimal ? TextCell(fmt::to_string(type.scale)) : TextCell();
  const TextCell fraction = type.kind == TypeKind::kDateTime ? TextCell(fmt::to_string(type.scale)) : TextCell();
  return {kCatalog,
          database,
          table,
          name,
          fmt::to_string(position + 1),
          std::nullopt,
          "YES",
          data_type,
          length,
          length,
          precision,
          decimals,
          fraction,
          is_text ? TextCell(kCharset) : std::nullopt,
          is_text ? TextCell(kCollation) : std::nullopt,
          column_type,
          "",
          "",
          "select",
          "",
          length ? length : precision,
          decimals ? decimals : fraction,
          std::nullopt,
          std::nullopt};
}

/// Positions in a row of information_schema.columns of what columns of tables add.
enum ColumnCell : size_t {
  kDefaultCell = 5,
  kNullableCell = 6,
  kKeyCell = 16,
  kExtraCell = 17,
  kPrivilegesCell = 18,
  kCommentCell = 19
};

std::string extra_of(const ColumnSchema& column) {
  if (column.auto_increment) return "auto_increment";
  return column.on_update_current_timestamp ? "DEFAULT_GENERATED on update CURRENT_TIMESTAMP" : "";
}

Rows columns_rows(const ServerSnapshot& server, const CatalogueSources& sources) {
  Rows rows = for_each_table(server, [](const TableSnapshot& table, Rows& out) {
    const std::vector<DescribeRow> described = describe_table(*table.schema, false);
    for (size_t i = 0; i < described.size(); ++i) {
      const ColumnSchema& column = table.schema->columns[i];
      CatalogueRow row = column_row(table.database_name, table.name, i, column.name, column.type);
      row[kDefaultCell] = described[i].default_value;
      row[kNullableCell] = column.nullable ? "YES" : "NO";
      row[kKeyCell] = column.is_key ? key_name(table.schema->model) : "";
      row[kExtraCell] = extra_of(column);
      row[kPrivilegesCell] = "select,insert,update";
      row[kCommentCell] = column.comment;
      out.push_back(std::move(row));
    }
  });
  for (const View& view : sources.views&& sources.view_columns ? sources.views() : std::vector<View>()) {
    const std::vector<ResultColumn> columns = sources.view_columns(view);
    for (size_t i = 0; i < columns.size(); ++i) {
      rows.push_back(column_row(view.database, view.name, i, columns[i].name, columns[i].type));
    }
  }
  for (const CatalogueTable& table : information_schema()) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const auto& [name, kind] = table.columns[i];
      rows.push_back(column_row(std::string(kInformationSchema), table.name, i, name, DataType{kind}));
    }
  }
  return rows;
}

/// A row for each key column of tables whose keys are unique.
template <typename MakeRow>
Rows key_column_rows(const ServerSnapshot& server, MakeRow make_row) {
  return for_each_table(server, [&](const TableSnapshot& table, Rows& out) {
    for (size_t i = 0; table.schema->is_unique() && i < table.schema->key_count; ++i) {
      out.push_back(make_row(table, table.schema->columns[i], i + 1));
    }
  });
}

Rows statistics_rows(const ServerSnapshot& server, const CatalogueSources&) {
  return key_column_rows(server, [](const TableSnapshot& table, const ColumnSchema& column, size_t position) {
    return CatalogueRow{kCatalog,
                        table.database_name,
                        table.name,
                        "0",
                        table.database_name,
                        kPrimary,
                        fmt::to_string(position),
                        column.name,
                        "A",
                        fmt::to_string(table.live_rows()),
                        std::nullopt,
                        std::nullopt,
                        column.nullable ? "YES" : "",
                        "BTREE",
                        "",
                        ""};
  });
}

Rows key_column_usage_rows(const ServerSnapshot& server, const CatalogueSources&) {
  return key_column_rows(server, [](const TableSnapshot& table, const ColumnSchema& column, size_t position) {
    return CatalogueRow{
        kCatalog,    table.database_name,      kPrimary,     kCatalog,     table.database_name, table.name,
        column.name, fmt::to_string(position), std::nullopt, std::nullopt, std::nullopt,        std::nullopt};
  });
}

Rows table_constraints_rows(const ServerSnapshot& server, const CatalogueSources&) {
  return for_each_table(server, [](const TableSnapshot& table, Rows& out) {
    if (!table.schema->is_unique()) return;
    out.push_back({kCatalog, table.database_name, kPrimary, table.database_name, table.name, "PRIMARY KEY"});
  });
}

Rows partitions_rows(const ServerSnapshot& server, const CatalogueSources&) {
  return for_each_table(server, [](const TableSnapshot& table, Rows& out) {
    const PartitionScheme& scheme = table.partitions->scheme();
    const std::vector<Partition>& partitions = table.partitions->partitions();
    const bool is_cut = scheme.kind != PartitionKind::kNone;
    for (size_t i = 0; i < partitions.size(); ++i) {
      uint64_t bytes = 0, live = 0;
      const uint32_t first = table.partitions->first_tablet(i);
      for (uint32_t position = first; position < first + partitions[i].tablets.size(); ++position) {
        live += table.tablets[position]->live_rows();
        bytes += stored_bytes(*table.tablets[position]);
      }
      CatalogueRow row(25);
      row[0] = kCatalog;
      row[1] = table.database_name;
      row[2] = table.name;
      row[3] = is_cut ? partitions[i].name : table.name;
      row[5] = fmt::to_string(i + 1);
      if (is_cut) {
        row[7] = scheme.kind == PartitionKind::kRange ? "RANGE" : "LIST";
        row[9] = column_list(*table.schema, scheme.columns);
        row[11] = doris_bounds_text(*table.schema, scheme, partitions[i].bounds);
      }
      row[12] = fmt::to_string(live);
      row[13] = average(bytes, live);
      row[14] = fmt::to_string(bytes);
      row[16] = "0";  // indexes are counted with the data: clients add the two
      row[22] = "";
      out.push_back(std::move(row));
    }
  });
}

}  // namespace

std::vector<CatalogueTable> schema_tables() {
  return {
      {"schemata",
       catalogue_columns("CATALOG_NAME SCHEMA_NAME DEFAULT_CHARACTER_SET_NAME DEFAULT_COLLATION_NAME SQL_PATH "
                         "DEFAULT_ENCRYPTION"),
       schemata_rows},
      {"tables",
       catalogue_columns("TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_TYPE ENGINE VERSION:int ROW_FORMAT TABLE_ROWS:int "
                         "AVG_ROW_LENGTH:int DATA_LENGTH:int MAX_DATA_LENGTH:int INDEX_LENGTH:int DATA_FREE:int "
                         "AUTO_INCREMENT:int CREATE_TIME:time UPDATE_TIME:time CHECK_TIME:time TABLE_COLLATION CHECKSUM:int "
                         "CREATE_OPTIONS TABLE_COMMENT"),
       tables_rows},
      {"columns",
       catalogue_columns("TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME ORDINAL_POSITION:int COLUMN_DEFAULT IS_NULLABLE "
                         "DATA_TYPE CHARACTER_MAXIMUM_LENGTH:int CHARACTER_OCTET_LENGTH:int NUMERIC_PRECISION:int "
                         "NUMERIC_SCALE:int DATETIME_PRECISION:int CHARACTER_SET_NAME COLLATION_NAME COLUMN_TYPE COLUMN_KEY "
                         "EXTRA PRIVILEGES COLUMN_COMMENT COLUMN_SIZE:int DECIMAL_DIGITS:int GENERATION_EXPRESSION "
                         "SRS_ID:int"),
       columns_rows},
      {"statistics",
       catalogue_columns("TABLE_CATALOG TABLE_SCHEMA TABLE_NAME NON_UNIQUE:int INDEX_SCHEMA INDEX_NAME SEQ_IN_INDEX:int "
                         "COLUMN_NAME COLLATION CARDINALITY:int SUB_PART:int PACKED NULLABLE INDEX_TYPE COMMENT "
                         "INDEX_COMMENT"),
       statistics_rows},
      {"key_column_usage",
       catalogue_columns("CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_CATALOG TABLE_SCHEMA TABLE_NAME "
                         "COLUMN_NAME ORDINAL_POSITION:int POSITION_IN_UNIQUE_CONSTRAINT:int REFERENCED_TABLE_SCHEMA "
                         "REFERENCED_TABLE_NAME REFERENCED_COLUMN_NAME"),
       key_column_usage_rows},
      {"table_constraints",
       catalogue_columns("CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_SCHEMA TABLE_NAME CONSTRAINT_TYPE"),
       table_constraints_rows},
      {"partitions",
       catalogue_columns("TABLE_CATALOG TABLE_SCHEMA TABLE_NAME PARTITION_NAME SUBPARTITION_NAME "
                         "PARTITION_ORDINAL_POSITION:int SUBPARTITION_ORDINAL_POSITION:int PARTITION_METHOD "
                         "SUBPARTITION_METHOD PARTITION_EXPRESSION SUBPARTITION_EXPRESSION PARTITION_DESCRIPTION "
                         "TABLE_ROWS:int AVG_ROW_LENGTH:int DATA_LENGTH:int MAX_DATA_LENGTH:int INDEX_LENGTH:int "
                         "DATA_FREE:int CREATE_TIME:time UPDATE_TIME:time CHECK_TIME:time CHECKSUM:int PARTITION_COMMENT "
                         "NODEGROUP TABLESPACE_NAME"),
       partitions_rows},
  };
}

}  // namespace freshet::query
