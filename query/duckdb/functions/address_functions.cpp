#include "query/duckdb/functions/function_tables.h"
#include "query/functions/addresses.h"

namespace freshet::query {
namespace {

void inet_aton(const Row& row, Answer& answer) {
  if (const auto number = number_of_address(row.text(0))) answer.number(*number);
}
void inet_ntoa(const Row& row, Answer& answer) { answer.text_or_null(address_of_number(row.number(0))); }
void inet6_aton(const Row& row, Answer& answer) { answer.text_or_null(bytes_of_address(row.text(0))); }
void inet6_ntoa(const Row& row, Answer& answer) { answer.text_or_null(address_of_bytes(row.text(0))); }

/// NULL is no address.
template <bool (*kIs)(std::string_view)>
void test(const Row& row, Answer& answer) {
  answer.truth(!row.is_null(0) && kIs(row.text(0)));
}

constexpr RowFunctionEntry kRows[] = {
    {"inet_aton", "t>u", inet_aton},
    {"inet_ntoa", "u>t", inet_ntoa},
    {"inet6_aton", "t>y", inet6_aton},
    {"inet6_ntoa", "y>t", inet6_ntoa},
    {"is_ipv4", "!t>b", test<is_ipv4>},
    {"is_ipv6", "!t>b", test<is_ipv6>},
    {"is_ipv4_compat", "!y>b", test<is_ipv4_compatible>},
    {"is_ipv4_mapped", "!y>b", test<is_ipv4_mapped>},
};

}  // namespace

std::span<const RowFunctionEntry> address_row_functions() { return kRows; }

}  // namespace freshet::query
