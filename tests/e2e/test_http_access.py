"""The HTTP side under the same accounts: every route with no, wrong and too few credentials; odd paths and names."""
import base64
import json
import socket

import pytest

from support.accounts import PASSWORD, logged_in, make_user
from support.routine_loads import create_job, job, wait_for

# (method, path, headers, what a reader of d.t, a loader of d.t may do). Every route is open to root.
ROUTES = [
    ("PUT", "/api/d/t/_stream_load", {"column_separator": ","}, False, True),
    ("PUT", "/api/d/t/_load", {"column_separator": ","}, False, True),
    ("PUT", "/api/d/other/_stream_load", {"column_separator": ","}, False, False),
    ("PUT", "/api/_http_stream", {"sql": "INSERT INTO d.t SELECT * FROM http_stream('format' = 'csv', 'column_separator' = ',')"}, False, True),
    ("PUT", "/api/_http_stream", {"sql": "INSERT INTO d.t (id, v) SELECT c1, c2 FROM http_stream('format' = 'csv', 'column_separator' = ',')"}, False, True),
    ("PUT", "/api/_http_stream", {"sql": "INSERT INTO d.other (id, v) SELECT c1, c2 FROM http_stream('format' = 'csv', 'column_separator' = ',')"}, False, False),
    ("GET", "/api/d/get_load_state?label=x", {}, False, True),
    ("GET", "/api/d/t/_schema", {}, True, False),
    ("GET", "/api/internal/d/t/_schema", {}, True, False),
    ("GET", "/api/d/other/_schema", {}, False, False),
    ("GET", "/api/nothing/there/_schema", {}, False, False),
    ("GET", "/api/d/t/_count", {}, True, False),
    ("POST", "/api/d/t/_query_plan", {}, True, False),
    ("GET", "/api/enable_light_schema_change/d/t", {}, True, True),
    ("GET", "/api/enable_light_schema_change/d/other", {}, False, False),
    ("GET", "/api/backends", {}, True, True),
    ("POST", "/rest/v1/login", {}, True, True),
    ("GET", "/rest/v2/manager/node/frontends", {}, True, True),
    ("GET", "/rest/v2/manager/node/backends", {}, True, True),
    ("GET", "/metrics", {}, False, False),
    ("POST", "/api/compaction/run?tablet_id=1&compact_type=full", {}, False, False),
    ("GET", "/api/compaction/show?tablet_id=1", {}, False, False),
    ("GET", "/api/compaction/run_status?tablet_id=1", {}, False, False),
]
OPEN = ["/", "/api/health", "/api/bootstrap"]


@pytest.fixture(scope="module")
def world(server):
    server.sql("CREATE DATABASE d")
    for table in ("t", "other"):
        server.sql(f"CREATE TABLE d.{table} (id BIGINT, v VARCHAR(20)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    make_user(server, "reader", "SELECT ON d.t")
    make_user(server, "loader", "LOAD_PRIV ON d.t")
    make_user(server, "boss", "ADMIN_PRIV ON *.*")
    return server


def asked(server, method, path, headers, user, password):
    """Whether the request was let in."""
    body = b"9,x\n" if method == "PUT" else b"{}" if method == "POST" else None
    status, answered, text = server.http(method, path, body, headers, user=user, password=password, port=server.load_port)
    assert PASSWORD not in text.decode(errors="replace")
    if method == "PUT":
        assert status == 200, "whatever becomes of a load"
        answer = json.loads(text)
        if answer["Status"] == "Success":
            return True
        assert "[NOT_AUTHORIZED]" in answer["Message"], answer
        return False
    if status == 401:
        assert answered["www-authenticate"].startswith("Basic")
    return status not in (401, 403)


def test_each_route_for_each_caller(world):
    for method, path, headers, reader, loader in ROUTES:
        rows = world.value("SELECT count(*) FROM d.t")
        case = (method, path, headers)
        assert not asked(world, method, path, headers, "reader", "wrong"), case
        assert not asked(world, method, path, headers, "nobody", PASSWORD), case
        assert not asked(world, method, path, headers, "root", "wrong"), case
        assert world.value("SELECT count(*) FROM d.t") == rows, f"nothing was done by {case}"
        assert asked(world, method, path, headers, "reader", PASSWORD) == reader, case
        assert asked(world, method, path, headers, "loader", PASSWORD) == loader, case
        assert asked(world, method, path, headers, "root", ""), case  # and its failed logins are forgotten
        world.sql("DELETE FROM d.t WHERE id = 9")
    for method, path, headers, *_ in ROUTES:
        if "nothing" not in path and method != "PUT":
            assert asked(world, method, path, headers, "boss", PASSWORD), (method, path)


def raw_status(server, target, header=""):
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=30) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n".encode("utf-8", "surrogateescape"))
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    return int(answer.split()[1]), answer


def test_nothing_but_health_is_open(world):
    for path in OPEN:
        assert raw_status(world, path)[0] == 200, path
    for method, path, _, *_ in ROUTES:
        if method == "GET":
            assert raw_status(world, path)[0] == 401, path
    for header in ("auth_code: 0\r\n", "token: x\r\n", "Auth-Token: x\r\n", "X-Forwarded-For: 127.0.0.1\r\n", "Authorization: Bearer x\r\n",
                   "Authorization: Basic\r\n", "Authorization: Basic !!!\r\n", "Authorization: Digest username=root\r\n", "Cookie: user=root\r\n"):
        assert raw_status(world, "/metrics", header)[0] == 401, header


def test_odd_paths_are_the_same_route_or_none(world):
    for path in ("/metrics;.", "/metrics/.", "/metrics/", "//metrics", "/./metrics", "/api/../metrics", "/api/health/../../metrics", "/%6detrics",
                 "/metrics%2f", "/METRICS", "/metrics%00", "/api/health;/../metrics", "/api/health/..;/compaction/show", "/api/d/t/_schema;.",
                 "/api/d/t;x/_schema", "/api/d/%74/_schema", "/api/%64/t/_count", "/api//d/t/_schema", "/api/d/t/_schema/", "/api/d/../d/t/_schema",
                 "/api/compaction/show/", "/API/compaction/show", "/api/compaction/%73how", "/..%2f..%2fetc/passwd", "/api/_load_error_log/../../metrics"):
        status, answer = raw_status(world, path)
        assert status in (400, 401, 404), (path, status)
        assert b"freshet_commits_total" not in answer and b"passwd" not in answer.split(b"\r\n\r\n", 1)[1], path
    for name in ("../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "%2fetc%2fpasswd", ".", "..", "a%00b", "log%2f..", "a" * 5000, "%F0%9F%98%80"):
        status, answer = raw_status(world, f"/api/_load_error_log?file={name}")
        assert status in (400, 404, 414) and b"root:" not in answer, name


def test_odd_names_go_through_every_way(world):
    names = ["a'b", "a\"b", "a;b", "a b", "a--b", "ä😀", "a%b", "' OR 1=1 --", "x" * 64]
    auth = "Authorization: Basic " + base64.b64encode(f"boss:{PASSWORD}".encode()).decode() + "\r\n"
    for name in names:
        quoted = "`" + name.replace("`", "``") + "`"
        world.sql(f"CREATE DATABASE {quoted}")
        world.sql(f"CREATE TABLE {quoted}.{quoted} (id BIGINT, v VARCHAR(20)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
        encoded = "".join(f"%{byte:02X}" for byte in name.encode())
        _, _, body = world.http("PUT", f"/api/{encoded}/{encoded}/_stream_load", b"1,a\n", {"column_separator": ","}, port=world.load_port)
        assert json.loads(body)["Status"] == "Success", (name, body)
        assert world.sql(f"SELECT * FROM {quoted}.{quoted}") == [(1, "a")]
        assert raw_status(world, f"/api/{encoded}/{encoded}/_schema", auth)[0] == 200, name
        with logged_in(world, "reader") as user:
            assert user.error(f"SELECT * FROM {quoted}.{quoted}")[0] == 1142
            level = quoted.replace("%", "\\%")
            world.sql(f"GRANT SELECT ON {level}.{level} TO reader")
            assert user(f"SELECT * FROM {quoted}.{quoted}") == [(1, "a")]
        assert world.sql("SELECT count(*) FROM information_schema.tables WHERE table_schema = %s", name) == [(1,)]
        world.sql(f"DROP DATABASE {quoted}")
    make_user(world, "reader", "SELECT ON d.t")
    for label in ("a'b", "a;b", "../x", "a b", "😀".encode().decode("latin-1"), "x" * 10_000, "a\"b"):
        _, _, body = world.http("PUT", "/api/d/t/_stream_load", b"9,x\n", {"column_separator": ",", "label": label}, port=world.load_port)
        assert json.loads(body)["Status"] == "Fail", label


def test_the_second_phase_is_for_who_may_load_into_that_table(world):
    make_user(world, "other_loader", "LOAD_PRIV ON d.other")
    answer = world.stream_load("d", "t", "7,x\n", column_separator=",", two_phase_commit="true", label="held")
    assert answer["Status"] == "Success", answer
    for path in ("/api/d/_stream_load_2pc", "/api/d/t/_stream_load_2pc", "/api/d/other/_stream_load_2pc"):
        for header in ({"label": "held"}, {"txn_id": str(answer["TxnId"])}):
            for operation in ("commit", "abort"):
                _, _, body = world.http("PUT", path, None, {**header, "txn_operation": operation}, user="other_loader", password=PASSWORD)
                assert "denied" in json.loads(body)["msg"], body
    assert world.value("SELECT count(*) FROM d.t WHERE id = 7") == 0
    _, _, body = world.http("PUT", "/api/d/_stream_load_2pc", None, {"label": "held", "txn_operation": "commit"}, user="loader", password=PASSWORD)
    assert json.loads(body)["status"] == "Success", body
    assert world.value("SELECT count(*) FROM d.t WHERE id = 7") == 1


def test_loads_are_listed_for_who_may_load(world):
    world.load("d", "t", "8,x\n", column_separator=",", label="listed")
    with logged_in(world, "loader", "d") as user:
        for statement in ("SHOW LOAD WHERE Label = 'listed'", "SHOW TRANSACTION WHERE Label = 'listed'", "SHOW STREAM LOAD WHERE Label = 'listed'"):
            assert len(user(statement)) == 1, statement
    with logged_in(world, "reader", "d") as user:
        for statement in ("SHOW LOAD", "SHOW TRANSACTION", "SHOW STREAM LOAD", "SHOW ALL ROUTINE LOAD"):
            assert user(statement) == [], statement


def test_sql_over_http_has_the_rights_of_its_user(world):
    def ask(statement, user):
        _, _, body = world.http("POST", "/api/query/default_cluster/d", json.dumps({"stmt": statement}), user=user, password=PASSWORD)
        return json.loads(body)

    assert ask("SELECT count(*) FROM t", "reader")["code"] == 0
    for statement in ("SELECT * FROM other", "INSERT INTO t VALUES (1, 'a')", "DROP TABLE t", "CREATE USER x", "SHOW CREATE TABLE other"):
        answer = ask(statement, "reader")
        assert answer["code"] != 0 and ("denied" in json.dumps(answer)), (statement, answer)
    assert ask("SELECT 1", "nobody")["code"] == 401


def test_metrics_can_be_opened_and_given(make_server, world):
    world.sql("CREATE USER prometheus IDENTIFIED BY 'p'")
    assert world.http("GET", "/metrics", user="prometheus", password="p")[0] == 403
    world.sql("GRANT PROCESS ON *.* TO prometheus")
    assert b"freshet_commits_total" in world.http("GET", "/metrics", user="prometheus", password="p")[2]
    server = make_server({"http.open_metrics": "true"})
    assert raw_status(server, "/metrics")[0] == 200


def test_a_routine_load_has_the_rights_of_its_user(world, kafka):
    topic = "access"
    kafka.create_topic(topic)
    make_user(world, "streamer", "LOAD_PRIV, SELECT ON d.t")
    source = f'FROM KAFKA ("kafka_broker_list" = "{kafka.address}", "kafka_topic" = "{topic}", "property.kafka_default_offsets" = "OFFSET_BEGINNING")'
    with logged_in(world, "streamer", "d") as user:
        assert user.error(f'CREATE ROUTINE LOAD d.k ON other COLUMNS TERMINATED BY "," {source}')[0] == 1142
        assert user.error(f'CREATE ROUTINE LOAD d.k COLUMNS TERMINATED BY "," {source}')[0] == 1044
        user(f'CREATE ROUTINE LOAD d.j ON t COLUMNS TERMINATED BY "," {source}')
        create_job(world, kafka, topic, job="roots", table="other")
        for statement in ("PAUSE ROUTINE LOAD FOR d.roots", "STOP ROUTINE LOAD FOR d.roots", "PAUSE ALL ROUTINE LOAD", "STOP ROUTINE LOAD FOR d.nothing"):
            assert user.error(statement)[0] in (1142, 1044), statement
        assert [row[1] for row in user("SHOW ALL ROUTINE LOAD")] == ["j"]
        kafka.produce(topic, ["101,a"])
        wait_for(lambda: world.value("SELECT count(*) FROM d.t WHERE id = 101") == 1, lambda: job(world))
        world.sql("REVOKE INSERT ON d.t FROM streamer")
        kafka.produce(topic, ["102,b"])
        wait_for(lambda: job(world)["state"] == "PAUSED", lambda: job(world))
        assert "LOAD command denied to user 'streamer'@'%' for table 'd.t'" in job(world)["reason"]
        assert world.value("SELECT count(*) FROM d.t WHERE id = 102") == 0
        assert user.error("RESUME ROUTINE LOAD FOR d.j")[0] in (1142, 1044)
        world.sql("GRANT INSERT ON d.t TO streamer")
        user("RESUME ROUTINE LOAD FOR d.j")
        wait_for(lambda: world.value("SELECT count(*) FROM d.t WHERE id = 102") == 1, lambda: job(world))
        user("STOP ROUTINE LOAD FOR d.j")
    world.sql("STOP ROUTINE LOAD FOR d.roots")
