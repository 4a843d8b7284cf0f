#include "ingest/decode/debezium_reader.h"

#include <gtest/gtest.h>

#include "unit/ingest/decode_support.h"

namespace freshet::ingest {
namespace {

const storage::TableSnapshotPtr kCustomers =
    make_table({"id bigint key not null", "name string not null", "amount decimal", "seen datetime", "born date"});

LoadRequest events() {
  LoadRequest request;
  EXPECT_TRUE(apply_load_properties({{"format", "debezium_json"}}, request).ok());
  return request;
}

/// A message with its schema, as value.converter.schemas.enable=true writes it. `fields` is the schema of the rows.
std::string with_schema(const std::string& fields, const std::string& payload) {
  const auto row = [&](const std::string& name) {
    return R"({"type":"struct","fields":[)" + fields + R"(],"optional":true,"name":"db.public.customers.Value","field":")" +
           name + "\"}";
  };
  return R"({"schema":{"type":"struct","fields":[)" + row("before") + "," + row("after") +
         R"(,{"type":"struct","fields":[{"type":"string","optional":false,"field":"version"}],"optional":false,)"
         R"("name":"io.debezium.connector.postgresql.Source","field":"source"},{"type":"string","optional":false,"field":"op"},)"
         R"({"type":"int64","optional":true,"field":"ts_ms"}],"optional":false,"name":"db.public.customers.Envelope",)"
         R"("version":2},"payload":)" +
         payload + "}";
}

const std::string kFields =
    R"({"type":"int64","optional":false,"field":"id"},{"type":"string","optional":false,"field":"name"},)"
    R"({"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,)"
    R"("parameters":{"scale":"2","connect.decimal.precision":"10"},"field":"amount"},)"
    R"({"type":"int64","optional":true,"name":"io.debezium.time.MicroTimestamp","version":1,"field":"seen"},)"
    R"({"type":"int32","optional":true,"name":"io.debezium.time.Date","version":1,"field":"born"})";

const std::string kSource =
    R"("source":{"version":"2.7.4.Final","connector":"postgresql","name":"db","ts_ms":1700000000000,"snapshot":"false",)"
    R"("db":"shop","sequence":"[null,\"26500000\"]","schema":"public","table":"customers","txId":750,"lsn":26500000,)"
    R"("xmin":null},"transaction":null,)";

std::string payload(const std::string& before, const std::string& after, const std::string& op) {
  return R"({"before":)" + before + R"(,"after":)" + after + "," + kSource + R"("op":")" + op +
         R"(","ts_ms":1700000000123})";
}

const std::string kAnn = R"({"id":1,"name":"Ann","amount":"AfQ=","seen":1665791731989360,"born":19279})";

TEST(DebeziumReader, ReadsCreateUpdateDeleteAndSnapshotWithSchema) {
  const std::string body = with_schema(kFields, payload("null", kAnn, "r")) + "\n" +
                           with_schema(kFields, payload("null", R"({"id":2,"name":"B\u00e9","amount":null})", "c")) + "\n" +
                           with_schema(kFields, payload("null", R"({"id":1,"name":"Anne","amount":"/w=="})", "u")) + "\n" +
                           with_schema(kFields, payload(R"({"id":2,"name":"","amount":null})", "null", "d")) + "\n";
  const auto decoded = decode(kCustomers, events(), body);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.to_string();
  EXPECT_EQ(decoded.error_text, "");
  EXPECT_EQ(decoded.rows, (Rows{"1|Ann|5.00|2022-10-14 23:55:32|2022-10-14", "2|B\u00e9|NULL|NULL|NULL",
                                "1|Anne|-0.01|NULL|NULL", "-2||NULL|NULL|NULL"}));
}

TEST(DebeziumReader, ReadsEventsWithoutSchemaAtAnySplit) {
  const std::string after = R"({"id":1,"name":"Ann","amount":"5.25","seen":1665791731989,"born":19279})";
  const auto decoded =
      decode_any_split(kCustomers, events(), payload("null", after, "c") + "\n" + payload(after, "null", "d"));
  EXPECT_EQ(decoded.error_text, "");
  EXPECT_EQ(decoded.rows, (Rows{"1|Ann|5.25|2022-10-14 23:55:32|2022-10-14", "-1|Ann|5.25|2022-10-14 23:55:32|2022-10-14"}));
}

TEST(DebeziumReader, WhatIsAboutNoRowIsLeftOut) {
  const std::string body =
      R"({"ts_ms":1700000000000})"
      "\n"
      R"({"schema":{"type":"struct"},"payload":{"ts_ms":1700000000000}})"
      "\n"
      R"({"status":"BEGIN","id":"750:26500000","event_count":null,"data_collections":null,"ts_ms":1700000000000})"
      "\n"
      R"({"status":"END","id":"750:26500000","event_count":1,"data_collections":[{"data_collection":"a","event_count":1}]})"
      "\n"
      R"({"source":{"file":"b.1"},"ts_ms":1,"databaseName":"shop","schemaName":null,"ddl":"DROP TABLE x","tableChanges":[]})"
      "\n"
      R"({"op":"m","ts_ms":1,"source":{},"message":{"prefix":"p","content":"Zm9v"}})"
      "\n"
      R"({"schema":null,"payload":null})"
      "\nnull\n";
  const auto decoded = decode(kCustomers, events(), body);
  EXPECT_EQ(decoded.error_text, "");
  EXPECT_EQ(decoded.unselected, 8u);
  EXPECT_EQ(decoded.rows, Rows{});
}

TEST(DebeziumReader, AnUpdateThatChangesTheKeyDeletesTheOldRow) {
  const std::string before = R"({"id":1,"name":"Ann"})";
  const auto decoded = decode(kCustomers, events(),
                              payload(before, R"({"id":7,"name":"Ann"})", "u") + "\n" +
                                  payload(before, R"({"id":1,"name":"Bob"})", "u") + "\n" +
                                  // A replica identity that is another index tells nothing of the key.
                                  payload(R"({"id":null,"name":"Ann"})", R"({"id":9,"name":"Cid"})", "u"));
  EXPECT_EQ(decoded.error_text, "");
  EXPECT_EQ(decoded.rows,
            (Rows{"-1|Ann|NULL|NULL|NULL", "7|Ann|NULL|NULL|NULL", "1|Bob|NULL|NULL|NULL", "9|Cid|NULL|NULL|NULL"}));
}

TEST(DebeziumReader, ManyKeyChangesFillBatchAfterBatch) {
  const auto table = make_table({"id bigint key not null"});
  std::string body;
  for (int i = 0; i < 2000; ++i) {
    body += payload(fmt::format(R"({{"id":{}}})", i), fmt::format(R"({{"id":{}}})", i + 1), "u") + "\n";
    if (i % 3 == 0) body += payload("null", fmt::format(R"({{"id":{}}})", i), "c") + "\n";
  }
  const auto decoded = decode(table, events(), body);
  EXPECT_EQ(decoded.error_text, "");
  ASSERT_EQ(decoded.rows.size(), 4667u);
  EXPECT_EQ(decoded.rows[0], "-0");
  EXPECT_EQ(decoded.rows.back(), "2000");
}

TEST(DebeziumReader, UnchangedToastValuesAreNeverStored) {
  const std::string toast = R"({"id":1,"name":"__debezium_unavailable_value"})";
  const auto alone = decode(kCustomers, events(), payload("null", toast, "u"));
  EXPECT_EQ(alone.rows, Rows{});
  EXPECT_NE(
      alone.error_text.find("column_name[name], the event does not tell the unchanged value: set REPLICA IDENTITY FULL"),
      std::string::npos)
      << alone.error_text;
  const auto told = decode(kCustomers, events(), payload(R"({"id":1,"name":"Ann"})", toast, "u"));
  EXPECT_EQ(told.error_text, "");
  EXPECT_EQ(told.rows, (Rows{"1|Ann|NULL|NULL|NULL"}));
  const auto as_bytes =
      decode(kCustomers, events(), payload("null", R"({"id":1,"name":"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="})", "u"));
  EXPECT_EQ(as_bytes.rejected, 1u);
}

TEST(DebeziumReader, LogicalTypesBecomeTheirTexts) {
  const auto table = make_table({"id bigint key not null", "a string", "b string", "c string", "d string", "e datetime",
                                 "f boolean", "g json", "h double", "i bigint", "j date"});
  const auto field = [](const std::string& name, const std::string& type, const std::string& logical) {
    const std::string logical_name = logical.empty() ? "" : R"("name":")" + logical + R"(","version":1,)";
    return R"({"type":")" + type + R"(","optional":true,)" + logical_name + R"("field":")" + name + R"("})";
  };
  const std::string fields =
      field("id", "int32", "") + "," + field("a", "int64", "io.debezium.time.MicroTime") + "," + field("b", "bytes", "") +
      "," + field("c", "struct", "io.debezium.data.VariableScaleDecimal") + "," +
      field("d", "string", "io.debezium.data.Enum") + "," + field("e", "string", "io.debezium.time.ZonedTimestamp") + "," +
      field("f", "boolean", "") + "," + field("g", "string", "io.debezium.data.Json") + "," + field("h", "double", "") +
      "," + field("i", "bytes", "io.debezium.data.Bits") + "," + field("j", "string", "io.debezium.time.IsoDate");
  const auto decoded =
      decode(table, events(),
             with_schema(fields, payload("null",
                                         R"({"id":1,"a":86131989360,"b":"3q2+7w==","c":{"scale":3,"value":"AfQ="},)"
                                         R"("d":"small","e":"2020-01-02T03:04:05.5+01:00","f":true,)"
                                         R"("g":"{\"k\": [1]}","h":1.5,"i":"AQE=","j":"2020-02-29Z"})",
                                         "c")));
  EXPECT_EQ(decoded.error_text, "");
  EXPECT_EQ(decoded.rows,
            (Rows{R"(1|23:55:31.989360|3q2+7w==|0.500|small|2020-01-02 02:04:06|1|{"k": [1]}|1.5|257|2020-02-29)"}));
}

TEST(DebeziumReader, EachSchemaCountsForItsEvents) {
  const auto table = make_table({"id bigint key not null", "v string"});
  const std::string id = R"({"type":"int64","optional":false,"field":"id"},)";
  const std::string days = R"({"type":"int32","optional":true,"name":"io.debezium.time.Date","version":1,"field":"v"})";
  const std::string plain = R"({"type":"int32","optional":true,"field":"v"})";
  const std::string row = payload("null", R"({"id":1,"v":1})", "c");
  const auto decoded = decode(
      table, events(),
      with_schema(id + days, row) + "\n" + with_schema(id + plain, row) + "\n" + row + "\n" + with_schema(id + days, row));
  EXPECT_EQ(decoded.error_text, "");
  EXPECT_EQ(decoded.rows, (Rows{"1|1970-01-02", "1|1", "1|1", "1|1970-01-02"}));
}

TEST(DebeziumReader, WhatIsWrongIsARejectedRowWithItsReason) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"id":1,"name":"flat"})", "if it is flattened (ExtractNewRecordState), its format is json"},
      {R"({"before":null,"after":{"id":1}})", "which has an \"op\""},
      {payload("null", "null", "c"), "must have \"after\""},
      {payload("null", "null", "d"), "a delete without \"before\""},
      {payload("null", kAnn, "x"), "is 'x', not one of c, r, u, d, t, m"},
      {payload("null", "[1]", "c"), "\"after\" of a Debezium event must be an object or null"},
      {payload("null", R"("{\"_id\": 1}")", "c"), "\"after\" of a Debezium event must be an object or null"},
      {payload("null", R"({"id":1,"name":["a"]})", "c"), "column_name[name], arrays are not offered"},
      {payload("null", R"({"id":1,"name":"a","seen":"x"})", "c"), "column_name[seen]"},
      {payload("null", R"({"id":1,"name":"a","amount":"AfQ="})", "c"), "column_name[amount]"},
      {payload("null", R"({"id":1,"name":"a","born":9223372036854775807})", "c"), "column_name[born], the time"},
      {payload("null", R"({"id":1,"name":null})", "c"), "null value for not null column"},
      {with_schema(kFields, payload("null", R"({"id":1,"name":"a","amount":"*"})", "c")),
       "column_name[amount], '*' is no base64"},
      {R"({"schema":{"type":"struct","fields":[]},"payload":)" + payload("null", kAnn, "c") + "}",
       "must have the fields of"},
      {payload("null", kAnn, "t"), "only a routine load can do that"},
      {payload("null", kAnn, "c") + " x", "Debezium event: "},
      {"[" + payload("null", kAnn, "c") + "]", "Debezium event: "},
      {"{", "Debezium event: "},
      {R"({"op":1})", "Debezium event: "},
  };
  for (const auto& [message, reason] : cases) {
    const std::string body = message + "\n" + payload("null", R"({"id":5,"name":"ok"})", "c") + "\n";
    const auto decoded = decode(kCustomers, events(), body);
    ASSERT_TRUE(decoded.status.ok()) << message;
    EXPECT_EQ(decoded.rejected, 1u) << message;
    EXPECT_NE(decoded.first_error.find(reason), std::string::npos) << message << "\n" << decoded.first_error;
    EXPECT_EQ(decoded.rows, (Rows{"5|ok|NULL|NULL|NULL"})) << message;
  }
}

TEST(DebeziumReader, TablesWithoutUpsertsRefuseEvents) {
  const auto table = make_table({"id bigint key not null"}, 1, TableModel::kDuplicate);
  EXPECT_EQ(decode(table, events(), "").status.message(), "load by MERGE or DELETE is only supported in unique tables.");
}

}  // namespace
}  // namespace freshet::ingest
