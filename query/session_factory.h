#pragma once

#include <memory>

#include "query/session.h"
#include "query/session_state.h"

namespace freshet::query {

/// Opens sessions over the services, which outlive the factory.
std::unique_ptr<SessionFactory> make_session_factory(QueryServices services);

}  // namespace freshet::query
