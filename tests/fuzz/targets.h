#pragma once

#include <string_view>

/// What is fuzzed: one function for each target, which takes any bytes, and aborts when a promise does not hold.
///
/// Under libFuzzer (`scripts/fuzz TARGET`) the bytes are made up; in the unit tests they are the files of corpus/TARGET/, so
/// that what was found once stays mended. Each remembers nothing from call to call. One thread.
namespace freshet::fuzz {

void csv(std::string_view input);          ///< options and a body -> rows, the same for every split of the body
void json(std::string_view input);         ///< as csv, and as a message of a stream
void arrow(std::string_view input);        ///< an Arrow stream -> rows, as csv
void debezium(std::string_view input);     ///< change events -> rows, as json
void compression(std::string_view input);  ///< a compressed body -> its text, the same for every split, within its bounds
void http_head(std::string_view input);    ///< the bytes of a connection -> route and headers -> a load request and columns
void mysql_packets(std::string_view input);  ///< the bytes of a connection -> packets -> logins, parameters
void sql(std::string_view input);            ///< a statement -> tokens, parsed DDL and DML, schemas, DuckDB's dialect

}  // namespace freshet::fuzz
