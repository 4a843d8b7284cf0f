#pragma once

#include <duckdb.hpp>
#include <duckdb/parser/parsed_expression.hpp>
#include <duckdb/parser/query_node/select_node.hpp>

/// MySQL's meaning for parsed expressions: operators and functions become calls of ours (functions/), which are bound by the
/// types of their arguments.
namespace freshet::query {

using ParsedSlot = duckdb::unique_ptr<duckdb::ParsedExpression>;

/// One expression, whose children have their meaning already. Its alias stays.
void give_meaning(ParsedSlot& expression);
/// The same for a whole tree without subqueries.
void give_meaning_below(ParsedSlot& expression);
/// What WHERE, HAVING and ON take: a number is true when it is not 0. REQUIRES: the expression has its meaning.
void give_truth(ParsedSlot& condition);
/// HAVING without groups and aggregates filters rows.
void move_having(duckdb::SelectNode& select);

}  // namespace freshet::query
