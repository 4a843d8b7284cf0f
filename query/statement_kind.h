#pragma once

#include "query/ddl/statement.h"
#include "query/journal/statement_journal.h"

namespace freshet::query {

/// What the journal calls a statement before it runs; kOther is not about rows.
StatementClass class_of(const Statement& statement);

/// As in MySQL, a statement that is about tables rather than rows ends the transaction first.
bool ends_transaction(const Statement& statement);

/// SHOW WARNINGS and the like leave what they show.
bool tells_of_warnings(const Statement& statement);

}  // namespace freshet::query
