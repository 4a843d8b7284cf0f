#include "query/show/show_empty.h"

#include "query/dialect/token_cursor.h"

namespace freshet::query {
namespace {

struct EmptyForm {
  std::string_view words;
  std::string_view columns;  ///< between bars
};

constexpr std::string_view kRoutineColumns =
    "Db|Name|Type|Definer|Modified|Created|Security_type|Comment|character_set_client|collation_connection|Database "
    "Collation";
constexpr std::string_view kReplicaColumns = "Server_Id|Host|Port|Source_Id|Replica_UUID";
constexpr std::string_view kLogColumns = "Log_name|File_size|Encrypted";
constexpr std::string_view kLogStatusColumns = "File|Position|Binlog_Do_DB|Binlog_Ignore_DB|Executed_Gtid_Set";

/// Longer forms before their prefixes.
constexpr EmptyForm kEmptyForms[] = {
    // MySQL's
    {"TRIGGERS",
     "Trigger|Event|Table|Statement|Timing|Created|sql_mode|Definer|character_set_client|collation_connection|Database "
     "Collation"},
    {"EVENTS",
     "Db|Name|Definer|Time zone|Type|Execute at|Interval value|Interval field|Starts|Ends|Status|Originator|"
     "character_set_client|collation_connection|Database Collation"},
    {"FUNCTION STATUS", kRoutineColumns},
    {"PROCEDURE STATUS", kRoutineColumns},
    {"PACKAGE STATUS", kRoutineColumns},
    {"PACKAGE BODY STATUS", kRoutineColumns},
    {"OPEN TABLES", "Database|Table|In_use|Name_locked"},
    {"MASTER STATUS", kLogStatusColumns},
    {"BINARY LOG STATUS", kLogStatusColumns},
    {"BINARY LOGS", kLogColumns},
    {"MASTER LOGS", kLogColumns},
    {"BINLOG EVENTS", "Log_name|Pos|Event_type|Server_id|End_log_pos|Info"},
    {"SLAVE STATUS", "Slave_IO_State|Master_Host|Slave_IO_Running|Slave_SQL_Running|Seconds_Behind_Master"},
    {"REPLICA STATUS", "Replica_IO_State|Source_Host|Replica_IO_Running|Replica_SQL_Running|Seconds_Behind_Source"},
    {"SLAVE HOSTS", kReplicaColumns},
    {"REPLICAS", kReplicaColumns},
    {"ENGINE", "Type|Name|Status"},
    {"PROFILES", "Query_ID|Duration|Query"},
    {"PROFILE", "Status|Duration"},
    // Doris's
    {"GLOBAL FUNCTIONS", "Function Name"},
    {"BUILTIN FUNCTIONS", "Function Name"},
    {"FUNCTIONS", "Function Name"},
    {"ALTER TABLE ROLLUP",
     "JobId|TableName|CreateTime|FinishTime|BaseIndexName|RollupIndexName|RollupId|TransactionId|State|Msg|Progress|"
     "Timeout"},
    {"ALTER TABLE MATERIALIZED VIEW",
     "JobId|TableName|CreateTime|FinishTime|BaseIndexName|RollupIndexName|RollupId|TransactionId|State|Msg|Progress|"
     "Timeout"},
    {"BACKUP",
     "JobId|SnapshotName|DbName|State|BackupObjs|CreateTime|SnapshotFinishedTime|UploadFinishedTime|FinishedTime|"
     "UnfinishedTasks|"
     "Progress|TaskErrMsg|Status|Timeout"},
    {"RESTORE",
     "JobId|Label|Timestamp|DbName|State|AllowLoad|ReplicationNum|RestoreObjs|CreateTime|MetaPreparedTime|"
     "SnapshotFinishedTime|DownloadFinishedTime|FinishedTime|UnfinishedTasks|Progress|TaskErrMsg|Status|Timeout"},
    {"BROKER", "Name|Host|Port|Alive|LastStartTime|LastUpdateTime|ErrMsg"},
    {"COPY",
     "Id|Copy Id|Label|State|Progress|Type|EtlInfo|TaskInfo|ErrorMsg|CreateTime|EtlStartTime|EtlFinishTime|LoadStartTime|"
     "LoadFinishTime|URL|JobDetails|TransactionId|ErrorTablets|Files"},
    {"DELETE", "TableName|PartitionName|CreateTime|DeleteCondition|State"},
    {"DYNAMIC PARTITION TABLES",
     "TableName|Enable|TimeUnit|Start|End|Prefix|Buckets|ReplicationNum|ReplicaAllocation|StartOf|LastUpdateTime|"
     "LastSchedulerTime|State|LastCreatePartitionMsg|LastDropPartitionMsg|ReservedHistoryPeriods"},
    {"ENCRYPTKEYS", "EncryptKey Name"},
    {"EXPORT", "JobId|Label|State|Progress|TaskInfo|Path|CreateTime|StartTime|FinishTime|Timeout|ErrorMsg|OutfileInfo"},
    {"FILE", "Id|DbName|GlobalName|FileName|FileSize|IsContent|MD5"},
    {"REPOSITORIES", "RepoId|RepoName|CreateTime|IsReadOnly|Location|Broker|Type|ErrMsg"},
    {"RESOURCES", "Name|ResourceType|Item|Value"},
    {"SNAPSHOT", "Snapshot|Timestamp|Status"},
    {"SQL_BLOCK_RULE", "Name|Sql|SqlHash|PartitionNum|TabletNum|Cardinality|Global|Enable"},
    {"STORAGE POLICY", "PolicyName|Id|Version|Type|StorageResource|CooldownDatetime|CooldownTtl|Properties"},
    {"SYNC JOB", "JobId|JobName|Type|State|Channel|Status|JobConfig|CreateTime|LastStartTime|LastStopTime|FinishTime|Msg"},
    {"TRASH", "Backend|TrashUsedCapacity"},
};

std::vector<std::string> split(std::string_view columns) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin <= columns.size();) {
    const size_t end = std::min(columns.find('|', begin), columns.size());
    names.emplace_back(columns.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

}  // namespace

std::optional<std::vector<std::string>> columns_of_empty_form(std::string_view text) {
  auto cursor = TokenCursor::open(text);
  if (!cursor.ok() || !cursor->accept("SHOW")) return std::nullopt;
  for (const std::string_view modifier : {"FULL", "ALL", "EXTENDED"}) cursor->accept(modifier);
  for (const EmptyForm& form : kEmptyForms) {
    if (cursor->at(form.words)) return split(form.columns);
  }
  return std::nullopt;
}

}  // namespace freshet::query
