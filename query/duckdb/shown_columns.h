#pragma once

#include <atomic>
#include <duckdb.hpp>
#include <duckdb/main/client_context_state.hpp>

namespace freshet::query {

/// Whether `*` means hidden columns too in one connection's queries. Any thread.
class ShownColumns final : public duckdb::ClientContextState {
 public:
  static ShownColumns& of(duckdb::ClientContext& context) {
    return *context.registered_state->GetOrCreate<ShownColumns>("freshet shown columns");
  }

  std::atomic<bool> with_hidden{false};
};

}  // namespace freshet::query
