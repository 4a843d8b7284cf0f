#include "query/duckdb/functions/sleep_function.h"

#include <algorithm>
#include <chrono>
#include <duckdb/common/vector_operations/unary_executor.hpp>
#include <duckdb/execution/expression_executor_state.hpp>
#include <duckdb/main/client_context.hpp>
#include <thread>

#include "query/duckdb/functions/row_function.h"

namespace freshet::query {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kInterruptPoll{10};
constexpr double kMostSeconds = 365.0 * 86400;

void sleep(duckdb::DataChunk& arguments, duckdb::ExpressionState& state, duckdb::Vector& result) {
  const duckdb::ClientContext& context = state.GetContext();
  arguments.Flatten();
  duckdb::UnaryExecutor::Execute<double, int64_t>(arguments.data[0], result, arguments.size(), [&](double seconds) {
    const std::chrono::duration<double> wanted(std::clamp(seconds, 0.0, kMostSeconds));
    const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(wanted);
    for (auto now = Clock::now(); now < until; now = Clock::now()) {
      if (context.interrupted) throw duckdb::InterruptException();
      std::this_thread::sleep_for(std::min<Clock::duration>(kInterruptPoll, until - now));
    }
    return int64_t{0};
  });
}

}  // namespace

duckdb::ScalarFunction sleep_function() {
  duckdb::ScalarFunction function(std::string(kMysqlPrefix) + "sleep", {duckdb::LogicalType::DOUBLE},
                                  duckdb::LogicalType::BIGINT, sleep);
  function.stability = duckdb::FunctionStability::VOLATILE;
  return function;
}

}  // namespace freshet::query
