#include "connectors/mysql/error_map.h"

namespace freshet::connectors::mysql {

namespace {

struct Rule {
  StatusCode code;
  std::string_view phrase;  ///< must be in the message; empty matches all
  MySqlError error;
};

/// The first rule that matches wins.
constexpr Rule kRules[] = {
    {StatusCode::kInvalidArgument, "You have an error in your SQL syntax", {1064, "42000"}},
    {StatusCode::kInvalidArgument, "Query was empty", {1065, "42000"}},
    {StatusCode::kInvalidArgument, "Unknown database", {1049, "42000"}},
    {StatusCode::kInvalidArgument, "Unknown table", {1146, "42S02"}},
    {StatusCode::kInvalidArgument, "Unknown column", {1054, "42S22"}},
    {StatusCode::kInvalidArgument, "No database selected", {1046, "3D000"}},
    {StatusCode::kInvalidArgument, "Column count doesn't match value count", {1136, "21S01"}},
    {StatusCode::kInvalidArgument, "Unknown system variable", {1193, "HY000"}},
    {StatusCode::kInvalidArgument, "Incorrect usage of DB GRANT", {1221, "HY000"}},
    {StatusCode::kInvalidArgument, "Password hash should be", {1372, "HY000"}},
    {StatusCode::kInvalidArgument, "Incorrect parameter count in the call to", {1582, "42000"}},
    {StatusCode::kInvalidArgument, "specified twice", {1110, "42000"}},
    {StatusCode::kInvalidArgument, "cannot be null", {1048, "23000"}},
    {StatusCode::kInvalidArgument, "is NOT NULL and has no default", {1364, "HY000"}},
    {StatusCode::kInvalidArgument, "doesn't have a default value", {1364, "HY000"}},
    {StatusCode::kInvalidArgument, "must appear in the GROUP BY clause", {1055, "42000"}},
    {StatusCode::kInvalidArgument, "Ambiguous reference to column", {1052, "23000"}},
    {StatusCode::kInvalidArgument, "Unknown or incorrect time zone", {1298, "HY000"}},
    {StatusCode::kInvalidArgument, "Data too long for column", {1406, "22001"}},
    {StatusCode::kInvalidArgument, "DEFAULT of column '", {1067, "42000"}},
    {StatusCode::kInvalidArgument, "Invalid default value for", {1067, "42000"}},
    {StatusCode::kInvalidArgument, " bytes, but ", {1406, "22001"}},
    {StatusCode::kInvalidArgument, " is out of range for ", {1264, "22003"}},
    {StatusCode::kInvalidArgument, " is not a valid date", {1292, "22007"}},
    {StatusCode::kInvalidArgument, " is not a valid ", {1366, "22007"}},
    {StatusCode::kInvalidArgument, "Function '", {1305, "42000"}},
    {StatusCode::kInvalidArgument, "value is out of range", {1690, "22003"}},
    {StatusCode::kInvalidArgument, "is a read only variable", {1238, "HY000"}},
    {StatusCode::kInvalidArgument, "can't be set to the value of", {1231, "42000"}},
    {StatusCode::kInvalidArgument, "Incorrect argument type to variable", {1232, "42000"}},
    {StatusCode::kInvalidArgument, "Incorrect arguments to ", {1210, "HY000"}},
    {StatusCode::kInvalidArgument, "Operand should contain 1 column", {1241, "21000"}},
    {StatusCode::kInvalidArgument, " columns - expected 1", {1241, "21000"}},
    {StatusCode::kInvalidArgument, "Subquery returns more than 1 row", {1242, "21000"}},
    {StatusCode::kInvalidArgument, "More than one row returned by a subquery", {1242, "21000"}},
    {StatusCode::kInvalidArgument, "Set operations can only apply to", {1222, "21000"}},
    {StatusCode::kInvalidArgument, "aggregate function calls cannot be nested", {1111, "HY000"}},
    {StatusCode::kInvalidArgument, "clause cannot contain aggregates", {1111, "HY000"}},
    {StatusCode::kInvalidArgument, "ORDER term out of range", {1054, "42S22"}},
    {StatusCode::kInvalidArgument, "Referenced table ", {1054, "42S22"}},
    {StatusCode::kInvalidArgument, "A table must have at least 1 column", {1113, "42000"}},
    {StatusCode::kInvalidArgument, "", {1105, "HY000"}},
    {StatusCode::kNotFound, "Unknown database", {1049, "42000"}},
    {StatusCode::kNotFound, "Unknown column", {1054, "42S22"}},
    {StatusCode::kNotFound, "Unknown table", {1146, "42S02"}},
    {StatusCode::kNotFound, "SAVEPOINT ", {1305, "42000"}},
    {StatusCode::kNotFound, "Can't drop database", {1008, "HY000"}},
    {StatusCode::kNotFound, "doesn't exist", {1146, "42S02"}},
    {StatusCode::kNotFound, "Can't DROP '", {1091, "42000"}},
    {StatusCode::kNotFound, "Unknown prepared statement", {1243, "HY000"}},
    {StatusCode::kNotFound, "Unknown thread id", {1094, "HY000"}},
    {StatusCode::kNotFound, "There is no such grant defined", {1141, "42000"}},
    {StatusCode::kNotFound, "Operation ", {1396, "HY000"}},
    {StatusCode::kNotFound, "Unknown role", {3523, "HY000"}},
    {StatusCode::kNotFound, "has no open cursor", {1421, "HY000"}},
    {StatusCode::kNotFound, "", {1105, "HY000"}},
    {StatusCode::kAlreadyExists, "Operation CREATE", {1396, "HY000"}},
    {StatusCode::kAlreadyExists, "database exists", {1007, "HY000"}},
    {StatusCode::kAlreadyExists, "Can't create database", {1007, "HY000"}},
    {StatusCode::kAlreadyExists, "Duplicate column name", {1060, "42S21"}},
    {StatusCode::kAlreadyExists, "", {1050, "42S01"}},
    {StatusCode::kConflict, "", {1213, "40001"}},
    {StatusCode::kOutOfSpace, "", {1021, "HY000"}},
    {StatusCode::kResourceExhausted, "Can't create more than max_prepared_stmt_count", {1461, "42000"}},
    {StatusCode::kResourceExhausted, "", {1041, "HY000"}},
    {StatusCode::kUnknownOutcome, "", {1180, "HY000"}},
    {StatusCode::kCancelled, "", {1317, "70100"}},
    {StatusCode::kTimeout, "", {3024, "HY000"}},
    {StatusCode::kNotAuthorized, "Connections using insecure transport", {3159, "HY000"}},
    {StatusCode::kNotAuthorized, "Access denied; you need", {1227, "42000"}},
    {StatusCode::kNotAuthorized, "command denied to user", {1142, "42000"}},
    {StatusCode::kNotAuthorized, "to database '", {1044, "42000"}},
    {StatusCode::kNotAuthorized, "You are not owner of thread", {1095, "HY000"}},
    {StatusCode::kNotAuthorized, "", {1045, "28000"}},
    {StatusCode::kUnsupported, "is not supported in the prepared statement protocol", {1295, "HY000"}},
    {StatusCode::kUnsupported, "", {1235, "42000"}},
};

constexpr MySqlError kUnknownError{1105, "HY000"};

}  // namespace

MySqlError map_error(const Status& status) {
  for (const Rule& rule : kRules) {
    if (rule.code == status.code() && status.message().find(rule.phrase) != std::string::npos) return rule.error;
  }
  return kUnknownError;
}

}  // namespace freshet::connectors::mysql
