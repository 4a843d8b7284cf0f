#include "connectors/http/load_answer.h"

#include <gtest/gtest.h>

#include "connectors/http/json_text.h"

namespace freshet::connectors::http {
namespace {

TEST(LoadAnswer, HasDorisFieldsInDorisOrder) {
  ingest::LoadReport report;
  report.transaction_id = 3;
  report.label = "123";
  report.total_rows = 12;
  report.loaded_rows = 10;
  report.filtered_rows = 2;
  report.load_bytes = 118;
  report.load_ms = 173;
  report.begin_ms = 1;
  report.plan_ms = 70;
  report.read_ms = 2;
  report.write_ms = 48;
  report.receive_ms = 5;
  report.commit_ms = 52;
  report.first_error = "column 'a': \"x\" is no INT";
  EXPECT_EQ(load_answer(report, "http://h:8030/api/_load_error_log?file=e1"), R"({
    "TxnId": 3,
    "Label": "123",
    "Comment": "",
    "TwoPhaseCommit": "false",
    "Status": "Success",
    "Message": "OK",
    "NumberTotalRows": 12,
    "NumberLoadedRows": 10,
    "NumberFilteredRows": 2,
    "NumberUnselectedRows": 0,
    "LoadBytes": 118,
    "LoadTimeMs": 173,
    "BeginTxnTimeMs": 1,
    "StreamLoadPutTimeMs": 70,
    "ReadDataTimeMs": 2,
    "WriteDataTimeMs": 48,
    "ReceiveDataTimeMs": 5,
    "CommitAndPublishTimeMs": 52,
    "ErrorURL": "http://h:8030/api/_load_error_log?file=e1",
    "FirstErrorMsg": "column 'a': \"x\" is no INT"
}
)");
}

TEST(LoadAnswer, NamesTheLabelThatIsTaken) {
  ingest::LoadReport report;
  report.transaction_id = 8;
  report.label = "l1";
  report.comment = "again";
  report.status = Status::LabelExists("Label [l1] has already been used, relate to txn [7]");
  report.existing_job_status = "FINISHED";
  EXPECT_EQ(load_answer(report, ""), R"({
    "TxnId": 8,
    "Label": "l1",
    "Comment": "again",
    "TwoPhaseCommit": "false",
    "Status": "Label Already Exists",
    "ExistingJobStatus": "FINISHED",
    "Message": "[LABEL_ALREADY_EXISTS]TStatus: errCode = 2, detailMessage = Label [l1] has already been used, relate to txn [7]",
    "NumberTotalRows": 0,
    "NumberLoadedRows": 0,
    "NumberFilteredRows": 0,
    "NumberUnselectedRows": 0,
    "LoadBytes": 0,
    "LoadTimeMs": 0,
    "BeginTxnTimeMs": 0,
    "StreamLoadPutTimeMs": 0,
    "ReadDataTimeMs": 0,
    "WriteDataTimeMs": 0,
    "ReceiveDataTimeMs": 0,
    "CommitAndPublishTimeMs": 0
}
)");
}

TEST(LoadAnswer, SaysWhyALoadFailed) {
  ingest::LoadReport report;
  report.status = Status::DataQuality("too many filtered rows");
  const std::string answer = load_answer(report, "");
  EXPECT_NE(answer.find("\"TxnId\": -1,"), std::string::npos);
  EXPECT_NE(answer.find("\"Status\": \"Fail\","), std::string::npos);
  EXPECT_NE(answer.find("\"Message\": \"[DATA_QUALITY_ERROR]too many filtered rows\","), std::string::npos);
}

}  // namespace
}  // namespace freshet::connectors::http
