#include "query/duckdb/parquet_files.h"

#include <duckdb.hpp>
#include <duckdb/main/valid_checker.hpp>
#include <mutex>

#include "query/dialect/mysql_rewrite.h"
#include "query/duckdb/error_text.h"

namespace freshet::query {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using ingest::Cell;
using ingest::target_is_integer;
using ingest::target_is_text;

std::string replaced(std::string text, const std::string& what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

/// The expression for the text of a column, by the rules of ingest::CellColumns; empty when it cannot fill the target.
std::string text_expression(const std::string& column, const LogicalType& type, const DataType& target) {
  const std::string as_written = "CAST(" + column + " AS VARCHAR)";
  switch (type.id()) {
    case LogicalTypeId::BLOB: return column;
    case LogicalTypeId::BOOLEAN:
      return target_is_text(target) ? as_written : "CAST(CAST(" + column + " AS TINYINT) AS VARCHAR)";
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE:
    case LogicalTypeId::DECIMAL: {
      if (!target_is_integer(target)) return as_written;
      // What no integer can hold stays as it is written, and is told as such.
      const std::string whole = "CAST(TRY_CAST(trunc(" + column + ") AS HUGEINT) AS VARCHAR)";
      return "coalesce(" + whole + ", " + as_written + ")";
    }
    case LogicalTypeId::TIMESTAMP_TZ:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS: return "CAST(CAST(" + column + " AS TIMESTAMP) AS VARCHAR)";
    case LogicalTypeId::LIST:
    case LogicalTypeId::ARRAY:
    case LogicalTypeId::STRUCT:
    case LogicalTypeId::MAP:
    case LogicalTypeId::UNION: return target_is_text(target) ? "CAST(to_json(" + column + ") AS VARCHAR)" : std::string();
    default: return as_written;
  }
}

class ParquetFile final : public ingest::ColumnFile {
 public:
  ParquetFile(std::shared_ptr<duckdb::DuckDB> instance, const std::string& path)
      : instance_(std::move(instance)),
        connection_(*instance_),
        path_(path),
        source_("read_parquet(" + duckdb_string(path) + ", hive_partitioning = false)") {}

  Status open() {
    const auto prepared = connection_.Prepare("SELECT * FROM " + source_);
    if (prepared->HasError()) return status(prepared->GetErrorObject());
    for (const std::string& name : prepared->GetNames()) names_.push_back(name);
    types_ = prepared->GetTypes();
    return Status::OK();
  }

  const std::vector<std::string>& names() const override { return names_; }

  Status select(std::span<const ingest::ColumnUse> uses) override {
    std::string columns;
    for (const ingest::ColumnUse& use : uses) {
      const std::string& name = names_[use.column];
      const std::string expression = text_expression(duckdb_name(name), types_[use.column], use.target);
      if (expression.empty()) {
        return Status::Unsupported("column '{}' of the body is a {}, which cannot be loaded as {}", name,
                                   types_[use.column].ToString(), use.target.to_string());
      }
      columns += (columns.empty() ? "" : ", ") + expression;
    }
    return guarded([&] {
      result_ = connection_.SendQuery("SELECT " + columns + " FROM " + source_);
      return result_->HasError() ? status(result_->GetErrorObject()) : Status::OK();
    });
  }

  Result<size_t> next(ingest::CellColumns& columns) override {
    FRESHET_RETURN_IF_ERROR(guarded([&] {
      chunk_ = result_->Fetch();
      return result_->HasError() ? status(result_->GetErrorObject()) : Status::OK();
    }));
    if (chunk_ == nullptr) return size_t{0};
    columns.resize(chunk_->ColumnCount());
    for (size_t i = 0; i < columns.size(); ++i) read_column(chunk_->data[i], columns[i]);
    return static_cast<size_t>(chunk_->size());
  }

  /// Runs what may throw.
  template <typename Work>
  Status guarded(const Work& work) const {
    try {
      return work();
    } catch (const std::exception& error) {
      return status(duckdb::ErrorData(error));
    }
  }

 private:
  void read_column(duckdb::Vector& vector, std::vector<Cell>& cells) const {
    const duckdb::idx_t count = chunk_->size();
    duckdb::UnifiedVectorFormat format;
    vector.ToUnifiedFormat(count, format);
    const auto* texts = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
    cells.resize(count);
    for (duckdb::idx_t row = 0; row < count; ++row) {
      const duckdb::idx_t index = format.sel->get_index(row);
      if (format.validity.RowIsValid(index)) {
        cells[row] = {texts[index].GetData(), static_cast<uint32_t>(texts[index].GetSize()), Cell::Kind::kText};
      } else {
        cells[row] = {nullptr, 0, Cell::Kind::kNull};
      }
    }
  }

  Status status(const duckdb::ErrorData& error) const {
    const Status read = status_of(error, {});
    if (read.code() == StatusCode::kResourceExhausted) {
      return Status::ResourceExhausted(
          "reading the Parquet body needs more memory than ingest.parquet_memory_bytes; raise it, or write smaller row "
          "groups");
    }
    return Status::InvalidArgument("the body cannot be read as Parquet: {}", replaced(read.message(), path_, "the body"));
  }

  std::shared_ptr<duckdb::DuckDB> instance_;
  duckdb::Connection connection_;
  const std::string path_;
  const std::string source_;
  std::vector<std::string> names_;
  duckdb::vector<LogicalType> types_;
  duckdb::unique_ptr<duckdb::QueryResult> result_;
  duckdb::unique_ptr<duckdb::DataChunk> chunk_;  ///< the cells point into it
};

class ParquetFiles final : public ingest::ColumnFiles {
 public:
  explicit ParquetFiles(ParquetFilesOptions options) : options_(std::move(options)) {}

  Result<std::unique_ptr<ingest::ColumnFile>> open_parquet(const std::string& path) override {
    FRESHET_ASSIGN_OR_RETURN(auto instance, get());
    auto file = std::make_unique<ParquetFile>(std::move(instance), path);
    FRESHET_RETURN_IF_ERROR(file->guarded([&] { return file->open(); }));
    return std::unique_ptr<ingest::ColumnFile>(std::move(file));
  }

 private:
  /// The instance, opened anew when a defect has made it refuse everything.
  Result<std::shared_ptr<duckdb::DuckDB>> get() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (instance_ != nullptr && !duckdb::ValidChecker::IsInvalidated(*instance_->instance)) return instance_;
    try {
      duckdb::DBConfig config;
      config.options.maximum_memory = options_.memory_bytes;
      // Every load reads in its own thread.
      config.options.maximum_threads = 1;
      config.options.use_temporary_directory = false;
      // Each file is read once.
      config.SetOptionByName("enable_external_file_cache", false);
      config.SetOptionByName("autoinstall_known_extensions", false);
      config.SetOptionByName("autoload_known_extensions", false);
      auto opened = std::make_shared<duckdb::DuckDB>(nullptr, &config);
      FRESHET_RETURN_IF_ERROR(close_world(*opened));
      instance_ = std::move(opened);
      return instance_;
    } catch (const std::exception& error) {
      return status_of(duckdb::ErrorData(error), {}).with_context("cannot open the reader of Parquet files");
    }
  }

  Status close_world(duckdb::DuckDB& database) const {
    duckdb::Connection connection(database);
    for (const std::string& statement :
         {std::string("SET GLOBAL TimeZone = 'UTC'"),
          "SET GLOBAL allowed_directories = [" + duckdb_string(options_.directory + "/") + "]",
          std::string("SET GLOBAL enable_external_access = false"), std::string("SET GLOBAL lock_configuration = true")}) {
      const auto result = connection.Query(statement);
      if (result->HasError()) return status_of(result->GetErrorObject(), {}).with_context(statement);
    }
    return Status::OK();
  }

  const ParquetFilesOptions options_;
  std::mutex mutex_;
  std::shared_ptr<duckdb::DuckDB> instance_;  ///< guarded by mutex_
};

}  // namespace

std::unique_ptr<ingest::ColumnFiles> make_parquet_files(const ParquetFilesOptions& options) {
  return std::make_unique<ParquetFiles>(options);
}

}  // namespace freshet::query
