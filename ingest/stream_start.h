#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingest/routine_load.h"
#include "ingest/stream_history.h"
#include "ingest/stream_source.h"

namespace freshet::ingest {

/// Where a job reads on: its stored positions, and for partitions without one what its properties say. All of a partition
/// that appeared since the job began is read.
Result<StreamPositions> starting_positions(StreamSource& stream, const RoutineLoadSpec& spec, StreamPositions stored);

/// What stands between a job and the records at its positions.
struct StartFindings {
  /// Why the topic is not the one that was read, so that its records are not what follows; empty when it is.
  std::string refusal;
  /// What is gone between the positions and the first records that are there.
  std::vector<StreamGap> gaps;
};

/// Compares the stored positions and the history with what the broker has. Reads the anchors' records, so the stream has to
/// be assigned anew afterwards. A topic made again is noticed by its partitions, by its end below a position, or by another
/// record in an anchor's place; not when the anchor's record was removed by retention or by compaction.
Result<StartFindings> compare_with_broker(StreamSource& stream, const StreamPositions& positions,
                                          const StreamHistory& history);

}  // namespace freshet::ingest
