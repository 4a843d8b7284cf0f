#pragma once

#include <cstdint>

#include "connectors/mysql/payload.h"
#include "query/session.h"

namespace freshet::connectors::mysql {

/// The flag beside a parameter's type that says its integer has no sign.
inline constexpr uint16_t kUnsignedParameter = 0x8000;

/// Reads one binary value as COM_STMT_EXECUTE carries it. `type` is a ColumnType in the low byte and kUnsignedParameter.
/// False when the type is unknown or the value malformed; a value that is cut off shows in in.ok().
bool read_parameter(PayloadReader& in, uint16_t type, query::Parameter& out);

}  // namespace freshet::connectors::mysql
