"""Debezium's change events, from a real Kafka broker and by Stream Load."""
import base64
import decimal
import json
import time

import pytest

from support.routine_loads import job, wait_for

FIELDS = [("id", "int64", None), ("name", "string", None), ("amount", "bytes", ("org.apache.kafka.connect.data.Decimal", {"scale": "2"})),
          ("seen", "int64", ("io.debezium.time.MicroTimestamp", None))]


def with_schema(payload):
    def row(name):
        fields = []
        for field, kind, logical in FIELDS:
            fields.append({"type": kind, "optional": field != "id", "field": field})
            if logical:
                fields[-1].update(name=logical[0], version=1, **({"parameters": logical[1]} if logical[1] else {}))
        return {"type": "struct", "fields": fields, "optional": True, "name": "db.public.t.Value", "field": name}

    return {"schema": {"type": "struct", "fields": [row("before"), row("after"), {"type": "string", "optional": False, "field": "op"}],
                       "optional": False, "name": "db.public.t.Envelope"}, "payload": payload}


def event(op, before=None, after=None):
    """The key and value of a message, as Debezium's connector for PostgreSQL sends them."""
    source = {"version": "2.7.4.Final", "connector": "postgresql", "name": "db", "ts_ms": 1700000000000, "snapshot": "false",
              "db": "shop", "sequence": "[null,\"26500000\"]", "schema": "public", "table": "t", "txId": 750, "lsn": 26500000}
    key = (after or before or {}).get("id", 0)
    return str(key), {"before": before, "after": after, "source": source, "transaction": None, "op": op, "ts_ms": 1700000000123}


def create_table(server, properties=""):
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, name VARCHAR(100), amount DECIMAL(10,2), seen DATETIME(6)) UNIQUE KEY(id) "
               f"DISTRIBUTED BY HASH(id) BUCKETS 2 {properties}")


def create_job(server, kafka, topic, clauses="", **properties):
    given = ", ".join(f'"{name}" = "{value}"' for name, value in ({"format": "debezium_json"} | properties).items())
    server.sql(f'CREATE ROUTINE LOAD d.j ON t {clauses} PROPERTIES ({given}) FROM KAFKA ("kafka_broker_list" = "{kafka.address}", '
               f'"kafka_topic" = "{topic}", "property.kafka_default_offsets" = "OFFSET_BEGINNING")')


def content(server):
    return {row[0]: row[1] for row in server.sql("SELECT id, name FROM d.t")}


@pytest.mark.parametrize("schemas", [True, False], ids=["with_schema", "without_schema"])
def test_mirrors_random_changes(make_server, kafka, rng, schemas):
    server = make_server()
    create_table(server)
    topic = f"changes_{schemas}"
    kafka.create_topic(topic, partitions=3)
    create_job(server, kafka, topic)
    rows, messages = {}, []

    def send(change):
        key, payload = change
        messages.append((key, json.dumps(with_schema(payload) if schemas else payload)))

    for step in range(3000):
        row_id = rng.randrange(200)
        amount, seen = rng.randrange(-10**9, 10**9), rng.randrange(10**14, 2 * 10**15)
        encoded = base64.b64encode(amount.to_bytes(5, "big", signed=True)).decode() if schemas else f"{amount / 100:.2f}"
        new = {"id": row_id, "name": f"é{step}", "amount": encoded, "seen": seen}
        if row_id not in rows:
            send(event(rng.choice("cr"), None, new))
        elif rng.random() < 0.3:
            send(event("d", {"id": row_id, "name": None, "amount": None, "seen": 0}))
            messages.append((str(row_id), None))
            del rows[row_id]
            continue
        else:
            send(event("u", rng.choice([None, new]), new))
        rows[row_id] = (f"é{step}", amount, seen)
    messages.append(("heartbeat", json.dumps({"ts_ms": 1})))
    kafka.produce(topic, messages)
    wait_for(lambda: job(server)["statistic"]["totalRows"] == len(messages), "all messages")
    found = server.sql("SELECT id, name, amount, timestampdiff(MICROSECOND, '1970-01-01 00:00:00', seen) FROM d.t ORDER BY id")
    assert [(row[0], row[1], int(row[2] * 100), int(row[3])) for row in found] == [(key, *rows[key]) for key in sorted(rows)]
    now = job(server)
    assert now["state"] == "RUNNING" and now["statistic"]["errorRows"] == 0
    assert now["statistic"]["unselectedRows"] == sum(value is None for _, value in messages) + 1


def test_key_changes_in_one_event_or_in_two(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("keys", partitions=1)
    create_job(server, kafka, "keys")
    changes = [event("c", None, {"id": 1, "name": "a"}), event("c", None, {"id": 2, "name": "b"}),
               event("u", {"id": 1, "name": "a"}, {"id": 11, "name": "a"}),
               event("d", {"id": 2, "name": "b"}), event("c", None, {"id": 12, "name": "b"})]
    kafka.produce("keys", [(key, json.dumps(payload)) for key, payload in changes])
    wait_for(lambda: content(server) == {11: "a", 12: "b"}, "both rows under their new keys")


def test_truncate_removes_what_came_before_it_and_nothing_after(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("truncate", partitions=1)
    create_job(server, kafka, "truncate")
    changes = [event("c", None, {"id": i, "name": "old"}) for i in range(100)] + [event("t")]
    changes += [event("c", None, {"id": i, "name": "new"}) for i in range(50, 60)]
    kafka.produce("truncate", [(key, json.dumps(payload)) for key, payload in changes])
    wait_for(lambda: job(server)["progress"] == {"0": "110"}, "all messages")
    assert content(server) == {i: "new" for i in range(50, 60)}
    server.kill()
    server.start()
    kafka.produce("truncate", [json.dumps(event("c", None, {"id": 7, "name": "later"})[1])])
    wait_for(lambda: content(server).get(7) == "later", "the message after the restart")
    assert len(content(server)) == 11


def test_truncate_of_several_partitions_pauses_the_job(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("truncate2", partitions=2)
    create_job(server, kafka, "truncate2")
    kafka.produce("truncate2", [json.dumps(event("c", None, {"id": 1, "name": "a"})[1]), json.dumps(event("t")[1])], partition=1)
    wait_for(lambda: job(server)["state"] == "PAUSED", "the job pauses")
    assert "offset 1 of partition 1 truncates the source table" in job(server)["reason"]
    assert content(server) == {1: "a"}
    time.sleep(0.2)
    server.sql("RESUME ROUTINE LOAD FOR d.j")
    wait_for(lambda: job(server)["state"] == "PAUSED", "the event is not skipped")


def test_unchanged_toast_values_keep_what_is_stored(make_server, kafka):
    server = make_server()
    create_table(server, 'PROPERTIES ("enable_unique_key_skip_bitmap_column" = "true")')
    kafka.create_topic("toast", partitions=1)
    create_job(server, kafka, "toast", unique_key_update_mode="UPDATE_FLEXIBLE_COLUMNS")
    changes = [event("c", None, {"id": 1, "name": "long", "amount": "1.00", "seen": None}),
               event("u", None, {"id": 1, "name": "__debezium_unavailable_value", "amount": "2.00", "seen": None})]
    kafka.produce("toast", [(key, json.dumps(payload)) for key, payload in changes])
    wait_for(lambda: server.sql("SELECT name, amount FROM d.t") == [("long", decimal.Decimal("2.00"))], "both changes")


def test_an_event_that_cannot_be_read_pauses_the_job_with_its_reason(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("debezium_poison", partitions=1)
    create_job(server, kafka, "debezium_poison")
    kafka.produce("debezium_poison", [json.dumps(event("c", None, {"id": 1, "name": "a", "amount": "x"})[1])])
    wait_for(lambda: job(server)["state"] == "PAUSED", "the job pauses")
    assert "column_name[amount]" in job(server)["reason"]


def test_stream_load_takes_a_file_of_events(make_server):
    server = make_server()
    create_table(server)
    changes = [event("c", None, {"id": 1, "name": "a"}), event("c", None, {"id": 2, "name": "b"}), event("d", {"id": 1})]
    body = "\n".join(json.dumps(payload) for _, payload in changes)
    answer = server.load("d", "t", body, format="debezium_json")
    assert answer["Status"] == "Success" and answer["NumberLoadedRows"] == 3
    assert content(server) == {2: "b"}
    refused = server.stream_load("d", "t", json.dumps(event("t")[1]), format="debezium_json")
    assert refused["Status"] == "Fail" and "only a routine load can do that" in refused["FirstErrorMsg"]
