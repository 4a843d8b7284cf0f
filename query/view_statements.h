#pragma once

#include "query/ddl/statement.h"
#include "query/dml/read_write.h"
#include "query/duckdb/engine.h"
#include "query/views.h"

namespace freshet::query {

/// CREATE [OR REPLACE] VIEW and ALTER VIEW: the query must be one that runs now.
Status run_create_view(const CreateView& statement, const WriteContext& context, ResultWriter& out);
Status run_drop_view(const DropView& statement, const WriteContext& context, ResultWriter& out);

/// The statement that makes the view again.
std::string show_create_view(const View& view);

/// The columns of the view's answer; none when its query can no longer be bound.
std::vector<ResultColumn> view_columns(DuckConnection& connection, const View& view);

/// How the engine reads views: their text in its dialect. `views` must outlive it.
EngineViews engine_views(const Views& views, std::string version);

}  // namespace freshet::query
