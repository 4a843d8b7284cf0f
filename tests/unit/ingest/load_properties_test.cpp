#include <gtest/gtest.h>

#include "ingest/load_request.h"

namespace freshet::ingest {
namespace {

using Properties = std::vector<std::pair<std::string, std::string>>;

Status apply(const Properties& properties, LoadRequest* request = nullptr) {
  LoadRequest own;
  return apply_load_properties(properties, request != nullptr ? *request : own);
}

/// A property with a value, and what it is answered: nothing when it is taken.
struct Case {
  Properties properties;
  std::string refusal;
};

TEST(LoadProperties, EachHeaderIsTakenOrRefusedWithAReason) {
  const std::string good = "";
  const std::vector<Case> cases = {
      {{{"label", "a-B_9:c.d"}}, good},
      {{{"label", "a b"}}, "label must match"},
      {{{"label", ""}, {"group_commit", "async_mode"}}, good},
      {{{"format", "CSV"}}, good},
      {{{"format", "Csv_With_Names"}}, good},
      {{{"format", "csv_with_names_and_types"}}, good},
      {{{"format", "json"}}, good},
      {{{"format", "csv_gz"}}, good},
      {{{"format", "debezium_json"}}, good},
      {{{"format", "debezium_json"}, {"jsonpaths", "[\"$.a\"]"}}, "jsonpaths: not with format debezium_json"},
      {{{"format", "csv_zip"}}, "format: 'csv_zip' is not offered"},
      {{{"format", "ORC"}}, "format: ORC files are not read; send the rows as parquet, arrow, csv or json"},
      {{{"format", "Parquet"}}, good},
      {{{"format", "parquet"}, {"column_separator", "\n"}}, good},
      {{{"format", "ARROW"}}, good},
      {{{"format", "hive_text"}}, "format: 'hive_text' is not offered"},
      {{{"column_separator", "\\x01"}}, good},
      {{{"column_separator", "||"}}, good},
      {{{"column_separator", "\\x1"}}, "needs two hex digits"},
      {{{"column_separator", "\\x010"}}, "needs two hex digits"},
      {{{"column_separator", "\n"}}, "must differ"},
      {{{"line_delimiter", "\\r\\n"}}, good},
      {{{"enclose", "\""}, {"escape", "\\"}}, good},
      {{{"enclose", "ab"}}, "enclose must be single-char, actually is ab"},
      {{{"escape", "ab"}}, "escape must be single-char, actually is ab"},
      {{{"trim_double_quotes", "true"}}, good},
      {{{"trim_double_quotes", "yes"}}, "must be true or false"},
      {{{"skip_lines", "3"}}, good},
      {{{"skip_lines", "-1"}}, "skip_lines must be a whole number"},
      {{{"empty_field_as_null", "TRUE"}}, good},
      {{{"columns", "a, `b c`, d = concat(a, ',', `b c`)"}}, good},
      {{{"columns", "a,,b"}}, "there is an empty name"},
      {{{"columns", "a, `b"}}, "a backquote is not closed"},
      {{{"columns", "a, b = 'x"}}, "a string is not closed"},
      {{{"columns", "a, b = (1"}}, "a parenthesis is not closed"},
      {{{"columns", "a, b = "}}, "there is no expression"},
      {{{"where", "a > 1"}}, good},
      {{{"max_filter_ratio", "0.25"}}, good},
      {{{"max_filter_ratio", "1.5"}}, "max_filter_ratio must be a number from 0 to 1"},
      {{{"max_filter_ratio", "nan"}}, "max_filter_ratio must be a number from 0 to 1"},
      {{{"partitions", "p1, p2"}}, good},
      {{{"temporary_partitions", "p1"}}, "temporary_partitions: not offered"},
      {{{"partitions", "p"}, {"temporary_partitions", "q"}}, "Can not specify both partitions and temporary partitions"},
      {{{"strict_mode", "true"}}, good},
      {{{"strict_mode", "maybe"}}, "Invalid strict mode format. Must be bool type"},
      {{{"timezone", "Asia/Shanghai"}}, good},
      {{{"time_zone", "+08:00"}}, good},
      {{{"timezone", "a zone"}}, "'a zone' is no time zone"},
      {{{"timeout", "60"}}, good},
      {{{"timeout", "soon"}}, "timeout must be a whole number"},
      {{{"exec_mem_limit", "2147483648"}}, good},
      {{{"exec_mem_limit", "2G"}}, "exec_mem_limit must be a whole number"},
      {{{"load_mem_limit", "0"}}, "load_mem_limit must be a whole number"},
      {{{"merge_type", "append"}}, good},
      {{{"merge_type", "DELETE"}}, good},
      {{{"merge_type", "MERGE"}, {"delete", "a = 1"}}, good},
      {{{"merge_type", "MERGE"}}, "Excepted DELETE ON clause when merge type is MERGE."},
      {{{"delete", "a = 1"}}, "Not support DELETE ON clause when merge type is not MERGE."},
      {{{"merge_type", "UPSERT"}}, "merge_type must be APPEND, DELETE or MERGE"},
      {{{"merge_type", "DELETE"}, {"hidden_columns", "__DORIS_DELETE_SIGN__"}}, "hidden_columns cannot be set beside it"},
      {{{"hidden_columns", "__DORIS_DELETE_SIGN__"}}, good},
      {{{"function_column.sequence_col", "ts"}}, good},
      {{{"jsonpaths", "[\"$.a\", \"$.b[0]\"]"}}, good},
      {{{"jsonpaths", "$.a"}}, "jsonpaths must be a JSON array"},
      {{{"jsonpaths", "[\"a\"]"}}, "is not a JSON path"},
      {{{"json_root", "$.data"}}, good},
      {{{"json_root", "data"}}, "is not a JSON path"},
      {{{"strip_outer_array", "true"}}, good},
      {{{"read_json_by_line", "1"}}, "must be true or false"},
      {{{"num_as_string", "true"}}, good},
      {{{"fuzzy_parse", "true"}, {"strip_outer_array", "true"}}, good},
      {{{"compress_type", "GZ"}}, good},
      {{{"compress_type", "lz4frame"}}, good},
      {{{"compress_type", "ZSTD"}}, good},
      {{{"compress_type", "snappy"}}, good},
      {{{"compress_type", "bz2"}}, good},
      {{{"compress_type", "deflate"}}, good},
      {{{"compress_type", "LZO"}}, "compress_type: LZO is not offered"},
      {{{"compress_type", "SNAPPYBLOCK"}}, "compress_type: SNAPPYBLOCK is not offered"},
      {{{"send_batch_parallelism", "4"}}, good},
      {{{"send_batch_parallelism", "0"}}, "send_batch_parallelism must be a whole number"},
      {{{"load_to_single_tablet", "true"}}, good},
      {{{"load_to_single_tablet", "one"}}, "load_to_single_tablet must be true or false"},
      {{{"partial_columns", "true"}}, good},
      {{{"unique_key_update_mode", "UPDATE_FIXED_COLUMNS"}}, good},
      {{{"unique_key_update_mode", "x"}},
       "Invalid unique_key_partial_mode x, must be one of 'UPSERT', 'UPDATE_FIXED_COLUMNS' or 'UPDATE_FLEXIBLE_COLUMNS'"},
      {{{"unique_key_update_mode", "UPDATE_FLEXIBLE_COLUMNS"}},
       "flexible partial update only support json format as input file currently"},
      {{{"partial_update_new_key_behavior", "ERROR"}}, good},
      {{{"partial_update_new_key_behavior", "x"}}, "must be one of ['APPEND', 'ERROR']"},
      {{{"two_phase_commit", "true"}}, good},
      {{{"two_phase_commit", "x"}}, "two_phase_commit must be true or false"},
      {{{"group_commit", "sync_mode"}}, good},
      {{{"group_commit", "on"}}, "group_commit can only be [async_mode, sync_mode, off_mode]"},
      {{{"memtable_on_sink_node", "false"}}, good},
      {{{"load_stream_per_node", "2"}}, good},
      {{{"cloud_cluster", "c"}, {"compute_group", "g"}, {"auth_code", "1"}, {"wal_id", "1"}}, good},
      {{{"negative", "true"}}, "negative loads are not offered"},
      {{{"negative", "false"}}, good},
      {{{"enable_profile", "true"}, {"skip_record_to_audit_log_table", "true"}}, good},
      {{{"sql", "INSERT INTO t"}}, "sql: not offered"},
      {{{"comment", "any text; 'of all' kinds"}}, good},
      {{{"User-Agent", "curl"}, {"no_such_header", "x"}}, good},
  };
  for (const Case& test : cases) {
    const Status status = apply(test.properties);
    const auto& [name, value] = test.properties.front();
    if (test.refusal.empty()) {
      EXPECT_TRUE(status.ok()) << name << ": " << value << " -> " << status.to_string();
    } else {
      EXPECT_NE(status.message().find(test.refusal), std::string::npos)
          << name << ": " << value << " -> " << status.to_string();
    }
  }
}

TEST(LoadProperties, ColumnsMayHoldExpressions) {
  LoadRequest request;
  ASSERT_TRUE(apply({{"columns", "k , `t,mp`,v = if(`t,mp` = 'a=b', 1, f(2, \"x)\")), w=k"}}, &request).ok());
  EXPECT_EQ(request.columns, (std::vector<std::string>{"k", "t,mp"}));
  ASSERT_EQ(request.expressions.size(), 2u);
  EXPECT_EQ(request.expressions[0].column, "v");
  EXPECT_EQ(request.expressions[0].expression, "if(`t,mp` = 'a=b', 1, f(2, \"x)\"))");
  EXPECT_EQ(request.expressions[1].column, "w");
  EXPECT_EQ(request.expressions[1].expression, "k");
}

TEST(LoadProperties, TheDefaultsAreThoseOfDoris) {
  LoadRequest request;
  ASSERT_TRUE(apply({}, &request).ok());
  EXPECT_EQ(request.format, LoadFormat::kCsv);
  EXPECT_EQ(request.column_separator, "\t");
  EXPECT_EQ(request.line_delimiter, "\n");
  EXPECT_EQ(request.max_filter_ratio, 0);
  EXPECT_FALSE(request.strict_mode);
  EXPECT_EQ(request.merge_type, MergeType::kAppend);
  EXPECT_EQ(request.compression, Compression::kNone);
  EXPECT_TRUE(request.read_json_by_line);
  LoadRequest array;
  ASSERT_TRUE(apply({{"format", "json"}, {"strip_outer_array", "true"}}, &array).ok());
  EXPECT_FALSE(array.read_json_by_line);
  LoadRequest both;
  ASSERT_TRUE(apply({{"format", "csv_gz"}, {"compress_type", "zstd"}}, &both).ok());
  EXPECT_EQ(both.compression, Compression::kZstd);
}

}  // namespace
}  // namespace freshet::ingest
