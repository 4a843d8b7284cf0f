#include "query/duckdb/scan_function.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <duckdb/planner/operator/logical_get.hpp>
#include <duckdb/planner/table_filter.hpp>
#include <optional>

#include "query/duckdb/query_state.h"
#include "query/duckdb/row_filter.h"
#include "query/duckdb/scan_filter.h"
#include "query/duckdb/types.h"
#include "query/duckdb/vector_bridge.h"
#include "query/scan/scan_plan.h"
#include "storage/base/thread_priority.h"
#include "storage/types/schema_mapping.h"

namespace freshet::query {
namespace {

using duckdb::ClientContext;
using duckdb::column_t;
using duckdb::DataChunk;
using duckdb::idx_t;
using duckdb::optional_ptr;

struct ScanBinding final : public duckdb::TableFunctionData {
  ScanBinding(storage::TableSnapshotPtr snapshot, duckdb::TableCatalogEntry& catalog_entry)
      : table(std::move(snapshot)), entry(catalog_entry) {}

  duckdb::unique_ptr<FunctionData> Copy() const override {
    auto copy = duckdb::make_uniq<ScanBinding>(table, entry);
    copy->conditions = conditions;
    return copy;
  }
  bool Equals(const FunctionData& other) const override { return table == other.Cast<ScanBinding>().table; }

  storage::TableSnapshotPtr table;
  duckdb::TableCatalogEntry& entry;
  std::vector<ColumnCondition> conditions;  ///< known when the query was planned; what EXPLAIN shows
};

const ColumnSchema* stored_column(const storage::TableSnapshot& table, column_t column) {
  const std::optional<size_t> position = column_position(*table.schema, column);
  return position ? &table.schema->columns[*position] : nullptr;
}

struct ScanGlobalState final : public duckdb::GlobalTableFunctionState {
  idx_t MaxThreads() const override { return std::max<idx_t>(plan.morsels.size(), 1); }

  ScanPlan plan;
  std::atomic<size_t> next_morsel = 0;
  std::shared_ptr<ScanProgress> progress = std::make_shared<ScanProgress>();
  std::atomic<uint64_t> pages_skipped = 0;  ///< by filters that were found while the query ran
  std::atomic<uint64_t> rows_skipped = 0;   ///< in them
  std::atomic<uint64_t> rows_dead = 0;
  std::atomic<uint64_t> rows_given = 0;  ///< live, and passed all filters
};

/// A column that a scan reads: for its result, for a filter, or both.
struct ScanColumn {
  explicit ScanColumn(const ColumnSchema& column, duckdb::Value default_value)
      : id(column.id), source(column.type, std::move(default_value)), type(logical_type(column.type)) {}

  /// Whether every row of the page that holds `row` passes the filter, as far as the zone maps tell.
  bool whole_page_passes(RowOrdinal row, uint32_t row_count) {
    const storage::ColumnReader* reader = source.reader();
    if (reader == nullptr || row_filter->is_dynamic()) return false;
    const uint32_t page = row / reader->page_rows();
    if (page != judged_page) {
      const uint32_t rows = std::min(reader->page_rows(), row_count - page * reader->page_rows());
      judged_page = page;
      judged_passes = all_match(reader->page_zone(page), rows, reader->type(), condition);
    }
    return judged_passes;
  }

  ColumnId id;
  ColumnSource source;
  duckdb::LogicalType type;
  std::optional<idx_t> output;  ///< position in the result
  const duckdb::TableFilter* filter = nullptr;
  std::unique_ptr<RowFilter> row_filter;
  ZoneCondition condition;  ///< what zone maps know of the filter, unless it is dynamic
  bool is_read = false;     ///< the output has all rows of the vector already

  static constexpr uint32_t kNoPage = UINT32_MAX;
  uint32_t judged_page = kNoPage;  ///< the last page of which whole_page_passes() was asked
  bool judged_passes = false;
};

duckdb::Value default_of(const ColumnSchema& column) {
  Column values(column.type);
  append_missing_column(column, 1, values);
  return stored_value(values, 0);
}

/// One worker's scan: morsel after morsel, vector after vector.
class ScanLocalState final : public duckdb::LocalTableFunctionState {
 public:
  ScanLocalState(ClientContext& context, const ScanBinding& binding, duckdb::TableFunctionInitInput& input)
      : context_(context), state_(QueryState::of(context)), table_(*binding.table) {
    const bool has_projection = input.CanRemoveFilterColumns();
    const size_t outputs = has_projection ? input.projection_ids.size() : input.column_ids.size();
    std::vector<std::optional<idx_t>> output_of(input.column_ids.size());
    for (size_t i = 0; i < outputs; ++i) output_of[has_projection ? input.projection_ids[i] : i] = i;
    for (size_t i = 0; i < input.column_ids.size(); ++i) add_column(input, i, output_of[i]);
  }

  void scan(ScanGlobalState& global, DataChunk& output) {
    for (;;) {
      storage::give_way();
      if (context_.interrupted) throw duckdb::InterruptException();
      if (position_ == end_ && !next_morsel(global)) return output.SetCardinality(0);
      if (skip_pages(global)) continue;
      const uint32_t count = std::min(kVectorRows, end_ - position_);
      const idx_t rows = read_vector(position_, count, output);
      position_ += count;
      global.progress->rows_done.fetch_add(count, std::memory_order_relaxed);
      global.rows_dead.fetch_add(rows_dead_, std::memory_order_relaxed);
      global.rows_given.fetch_add(rows, std::memory_order_relaxed);
      if (rows != 0) {
        for (const idx_t empty : empty_outputs_) set_empty(output.data[empty]);
        return output.SetCardinality(rows);
      }
      if (is_output_touched_) output.Reset();
    }
  }

 private:
  void add_column(duckdb::TableFunctionInitInput& input, size_t position, std::optional<idx_t> output) {
    const ColumnSchema* schema = stored_column(table_, input.column_ids[position]);
    if (schema == nullptr) {
      const bool is_row_id = input.column_ids[position] == row_id_column();
      if (is_row_id && input.filters && input.filters->filters.contains(position)) {
        state_->fail(Status::Unsupported("Conditions on {} are not offered", kRowIdColumn));
      }
      if (output) (is_row_id ? row_id_outputs_ : empty_outputs_).push_back(*output);
      return;
    }
    auto column = std::make_unique<ScanColumn>(*schema, default_of(*schema));
    column->output = output;
    if (input.filters) {
      const auto filter = input.filters->filters.find(position);
      if (filter != input.filters->filters.end()) {
        column->filter = filter->second.get();
        column->row_filter = std::make_unique<RowFilter>(context_, column->type, *filter->second);
        if (!column->row_filter->is_dynamic()) column->condition = zone_condition(*filter->second);
        has_dynamic_filter_ |= column->row_filter->is_dynamic();
      }
    }
    columns_.push_back(std::move(column));
    std::stable_sort(columns_.begin(), columns_.end(), [](const auto& a, const auto& b) { return cost(*a) < cost(*b); });
  }

  /// Filters first, and of them the ones on narrow values.
  static int cost(const ScanColumn& column) {
    if (column.filter == nullptr) return 2;
    return column.type.InternalType() == duckdb::PhysicalType::VARCHAR ? 1 : 0;
  }

  bool next_morsel(ScanGlobalState& global) {
    const size_t index = global.next_morsel.fetch_add(1, std::memory_order_relaxed);
    if (index >= global.plan.morsels.size()) return false;
    const ScanMorsel& morsel = global.plan.morsels[index];
    const storage::TabletSnapshot& tablet = *table_.tablets[morsel.tablet];
    const Status status =
        morsel.is_delta ? open_delta(tablet.deltas[morsel.view]) : open_segment(tablet.segments[morsel.view]);
    if (!status.ok()) state_->fail(status);
    if (!row_id_outputs_.empty()) row_ids_.emplace(table_, morsel.tablet, morsel.is_delta, morsel.view);
    position_ = morsel.first;
    end_ = morsel.first + morsel.count;
    return true;
  }

  Status open_segment(const storage::SegmentView& view) {
    FRESHET_ASSIGN_OR_RETURN(reader_, view.segment->reader());
    dead_ = view.dead;
    for (const auto& column : columns_) {
      FRESHET_RETURN_IF_ERROR(column->source.open(reader_->column(column->id)));
      column->judged_page = ScanColumn::kNoPage;
    }
    return Status::OK();
  }

  Status open_delta(const storage::DeltaView& view) {
    reader_.reset();
    dead_ = view.dead;
    for (const auto& column : columns_) {
      FRESHET_RETURN_IF_ERROR(column->source.open(view.buffer, view.buffer->schema()->find(column->id)));
    }
    return Status::OK();
  }

  /// Passes over the rest of a page that a filter found at run time rules out.
  bool skip_pages(ScanGlobalState& global) {
    if (!has_dynamic_filter_ || reader_ == nullptr) return false;
    for (const auto& column : columns_) {
      const storage::ColumnReader* reader = column->source.reader();
      if (column->filter == nullptr || !column->row_filter->is_dynamic() || reader == nullptr) continue;
      const uint32_t page_rows = reader->page_rows();
      const uint32_t page = position_ / page_rows;
      const uint32_t rows = std::min(page_rows, reader_->row_count() - page * page_rows);
      if (may_match(reader->page_zone(page), rows, reader->type(), zone_condition(*column->filter))) continue;
      const uint32_t next = std::min(end_, (page + 1) * page_rows);
      global.progress->rows_done.fetch_add(next - position_, std::memory_order_relaxed);
      global.rows_skipped.fetch_add(next - position_, std::memory_order_relaxed);
      global.pages_skipped.fetch_add(1, std::memory_order_relaxed);
      position_ = next;
      return true;
    }
    return false;
  }

  /// Reads `count` rows; returns how many of them are live and pass the filters.
  idx_t read_vector(RowOrdinal first, uint32_t count, DataChunk& output) {
    is_output_touched_ = false;
    rows_.assign(dead_.count() == 0 ? storage::RowBits::first(count) : dead_.live_bits(first, count));
    rows_dead_ = count - static_cast<uint32_t>(rows_.count());
    for (const auto& column : columns_) {
      if (rows_.count() == 0) return 0;
      column->is_read = false;
      if (column->filter == nullptr || column->row_filter->is_trivial()) continue;
      if (reader_ != nullptr && column->whole_page_passes(first, reader_->row_count())) continue;
      auto has_read = column->source.select(first, count, *column->row_filter, rows_,
                                            column->output ? &output.data[*column->output] : nullptr);
      check(has_read.status());
      column->is_read = has_read.value();
      is_output_touched_ |= column->is_read;
    }
    const bool is_whole = rows_.count() == count;
    for (const auto& column : columns_) {
      if (!column->output || rows_.count() == 0) continue;
      duckdb::Vector& target = output.data[*column->output];
      if (column->is_read) {
        if (!is_whole) compact_vector(target, rows_);
      } else {
        check(is_whole ? column->source.read(first, count, target)
                       : column->source.read_selected(first, count, rows_, target));
      }
    }
    for (const idx_t output_column : row_id_outputs_) {
      auto* ids = duckdb::FlatVector::GetData<int64_t>(output.data[output_column]);
      for (const uint32_t row : rows_.rows()) *ids++ = row_ids_->of(first + row);
    }
    return rows_.count();
  }

  void check(const Status& status) {
    if (!status.ok()) state_->fail(status);
  }

  static void set_empty(duckdb::Vector& vector) {
    vector.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
    duckdb::ConstantVector::SetNull(vector, true);
  }

  ClientContext& context_;
  duckdb::shared_ptr<QueryState> state_;
  const storage::TableSnapshot& table_;
  std::vector<std::unique_ptr<ScanColumn>> columns_;  ///< those with filters first
  std::vector<idx_t> empty_outputs_;                  ///< the empty column that count(*) asks for
  std::vector<idx_t> row_id_outputs_;
  bool has_dynamic_filter_ = false;
  bool is_output_touched_ = false;               ///< by the vector that was read last
  RowSelection rows_{storage::RowBits::none()};  ///< of that vector: live, and passing

  std::shared_ptr<const storage::SegmentReader> reader_;  ///< null while a delta buffer is read
  storage::DeadRows dead_;
  std::optional<RowIds> row_ids_;  ///< of the view that is read, when they are asked for
  RowOrdinal position_ = 0;
  RowOrdinal end_ = 0;
  uint32_t rows_dead_ = 0;  ///< of the vector that was read last
};

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> init_global(ClientContext& context,
                                                                 duckdb::TableFunctionInitInput& input) {
  const auto& binding = input.bind_data->Cast<ScanBinding>();
  std::vector<ColumnCondition> conditions;
  if (input.filters) {
    for (const auto& [position, filter] : input.filters->filters) {
      const ColumnSchema* column = stored_column(*binding.table, input.column_ids[position]);
      if (column != nullptr) conditions.push_back({column->id, zone_condition(*filter)});
    }
  }
  auto plan = plan_scan(*binding.table, conditions);
  if (!plan.ok()) QueryState::of(context)->fail(plan.status());
  auto state = duckdb::make_uniq<ScanGlobalState>();
  state->plan = std::move(plan).value();
  state->progress->rows_to_scan = state->plan.counts.rows_planned;
  QueryState::of(context)->add_scan(state->progress);
  return state;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> init_local(duckdb::ExecutionContext& context,
                                                               duckdb::TableFunctionInitInput& input,
                                                               duckdb::GlobalTableFunctionState*) {
  return duckdb::make_uniq<ScanLocalState>(context.client, input.bind_data->Cast<ScanBinding>(), input);
}

void scan(ClientContext&, duckdb::TableFunctionInput& input, DataChunk& output) {
  input.local_state->Cast<ScanLocalState>().scan(input.global_state->Cast<ScanGlobalState>(), output);
}

duckdb::unique_ptr<duckdb::BaseStatistics> statistics(ClientContext&, const duckdb::FunctionData* binding, column_t column) {
  return column_statistics(*binding->Cast<ScanBinding>().table, column);
}

duckdb::unique_ptr<duckdb::NodeStatistics> cardinality(ClientContext&, const duckdb::FunctionData* binding) {
  const idx_t rows = binding->Cast<ScanBinding>().table->live_rows();
  return duckdb::make_uniq<duckdb::NodeStatistics>(rows, rows);
}

duckdb::vector<duckdb::PartitionStatistics> partition_statistics(ClientContext&, duckdb::GetPartitionStatsInput& input) {
  duckdb::PartitionStatistics all;
  all.row_start = 0;
  all.count = input.bind_data->Cast<ScanBinding>().table->live_rows();
  all.count_type = duckdb::CountType::COUNT_EXACT;
  return {all};
}

double progress(ClientContext&, const duckdb::FunctionData*, const duckdb::GlobalTableFunctionState* state) {
  const auto& global = state->Cast<ScanGlobalState>();
  if (global.plan.counts.rows_planned == 0) return 100.0;
  return 100.0 * static_cast<double>(global.progress->rows_done) / static_cast<double>(global.plan.counts.rows_planned);
}

/// Remembers what the filters say of the columns, for EXPLAIN. The filters themselves come as a TableFilterSet. The
/// optimizer calls this more than once; filters that became table filters before are not among `filters` again.
void note_filters(ClientContext&, duckdb::LogicalGet& get, duckdb::FunctionData* data,
                  duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) {
  auto& binding = data->Cast<ScanBinding>();
  auto conditions = conditions_of(filters, [&](const duckdb::ColumnBinding& column) {
    if (column.table_index != get.table_index || column.column_index >= get.GetColumnIds().size()) return ColumnId{};
    const ColumnSchema* schema = stored_column(*binding.table, get.GetColumnIds()[column.column_index].GetPrimaryIndex());
    return schema != nullptr ? schema->id : ColumnId{};
  });
  for (const auto& [index, filter] : get.table_filters.filters) {
    const ColumnSchema* schema = stored_column(*binding.table, index);
    if (schema != nullptr) conditions.push_back({schema->id, zone_condition(*filter)});
  }
  binding.conditions = std::move(conditions);
}

bool accept_expression(ClientContext&, const duckdb::LogicalGet&, duckdb::Expression&) { return true; }

void add_counts(duckdb::InsertionOrderPreservingMap<std::string>& text, const ScanCounts& counts) {
  if (counts.partitions > 1 || counts.partitions_pruned != 0) {
    text["Partitions"] = describe_pruning(counts.partitions, counts.partitions_pruned);
  }
  text["Segments"] = describe_pruning(counts.segments, counts.segments_pruned);
  text["Pages"] = describe_pruning(counts.blocks, counts.blocks_pruned);
  if (counts.deltas != 0) text["Delta buffers"] = fmt::format("{}", counts.deltas);
}

duckdb::InsertionOrderPreservingMap<std::string> explain(duckdb::TableFunctionToStringInput& input) {
  const auto& binding = input.bind_data->Cast<ScanBinding>();
  duckdb::InsertionOrderPreservingMap<std::string> text;
  text["Table"] = binding.table->database_name + "." + binding.table->name;
  const auto plan = plan_scan(*binding.table, binding.conditions);
  if (plan.ok()) add_counts(text, plan.value().counts);
  return text;
}

duckdb::InsertionOrderPreservingMap<std::string> explain_run(duckdb::TableFunctionDynamicToStringInput& input) {
  const auto& global = input.global_state->Cast<ScanGlobalState>();
  duckdb::InsertionOrderPreservingMap<std::string> text;
  const ScanCounts& counts = global.plan.counts;
  add_counts(text, counts);
  if (global.pages_skipped != 0) text["Pages skipped at run time"] = fmt::format("{}", global.pages_skipped.load());
  const uint64_t read = global.progress->rows_done - global.rows_skipped;
  const uint64_t live = read - global.rows_dead;
  text["Rows stored"] = fmt::format("{}", counts.rows);
  text["Rows pruned by partition"] = fmt::format("{}", counts.rows_pruned_by_partition);
  text["Rows pruned by bucket"] = fmt::format("{}", counts.rows_pruned_by_bucket);
  text["Rows pruned by zone map"] = fmt::format("{}", counts.rows_pruned_by_zone_map + global.rows_skipped);
  text["Rows pruned by bloom filter"] = fmt::format("{}", counts.rows_pruned_by_bloom_filter);
  text["Rows pruned by key index"] = fmt::format("{}", counts.rows_pruned_by_key_index);
  text["Rows dead by bitmap"] = fmt::format("{}", counts.rows_pruned_by_bitmap + global.rows_dead);
  text["Rows filtered"] = fmt::format("{}", live - global.rows_given);
  text["Rows given"] = fmt::format("{}", global.rows_given.load());
  return text;
}

duckdb::BindInfo bind_info(const optional_ptr<duckdb::FunctionData> binding) {
  return duckdb::BindInfo(binding->Cast<ScanBinding>().entry);
}

constexpr column_t kHiddenColumns = 1u << 20;  ///< above the first virtual column, away from those that the engine uses

}  // namespace

column_t row_id_column() { return duckdb::VIRTUAL_COLUMN_START + kHiddenColumns - 1; }
column_t hidden_column_id(size_t position) { return duckdb::VIRTUAL_COLUMN_START + kHiddenColumns + position; }

std::optional<size_t> column_position(const TableSchema& schema, column_t column) {
  if (column < schema.columns.size()) return column;
  const column_t first = hidden_column_id(0);
  if (column >= first && column - first < schema.columns.size()) return column - first;
  return std::nullopt;
}

duckdb::unique_ptr<duckdb::FunctionData> bind_scan(storage::TableSnapshotPtr table, duckdb::TableCatalogEntry& entry) {
  return duckdb::make_uniq<ScanBinding>(std::move(table), entry);
}

const storage::TableSnapshot* scanned_table(const duckdb::TableFunction& function, const duckdb::FunctionData* binding) {
  return function.function == scan && binding != nullptr ? binding->Cast<ScanBinding>().table.get() : nullptr;
}

std::optional<uint64_t> planned_rows(const duckdb::TableFunction& function, const duckdb::FunctionData* binding) {
  if (scanned_table(function, binding) == nullptr) return std::nullopt;
  const auto& scan = binding->Cast<ScanBinding>();
  const auto plan = plan_scan(*scan.table, scan.conditions);
  // What cannot be planned fails when it runs.
  return plan.ok() ? plan->counts.rows_planned : 0;
}

duckdb::TableFunction scan_function() {
  duckdb::TableFunction function("freshet_scan", {}, scan, nullptr, init_global, init_local);
  function.statistics = statistics;
  function.cardinality = cardinality;
  function.get_partition_stats = partition_statistics;
  function.table_scan_progress = progress;
  function.pushdown_complex_filter = note_filters;
  function.pushdown_expression = accept_expression;
  function.to_string = explain;
  function.dynamic_to_string = explain_run;
  function.get_bind_info = bind_info;
  function.projection_pushdown = true;
  function.filter_pushdown = true;
  function.filter_prune = true;
  function.verify_serialization = false;
  return function;
}

}  // namespace freshet::query
