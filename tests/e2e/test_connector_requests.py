"""What Doris's connectors send before and beside their rows: the redirect to the load port, schema, query, nodes, login."""
import base64
import http.client
import json
import re
import socket
import subprocess
import time
import urllib.parse

import pytest

ROOT = "Basic " + base64.b64encode(b"root:").decode()


@pytest.fixture
def server(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL COMMENT 'the key', amount DECIMAL(9,2), s VARCHAR(20)) UNIQUE KEY(id) "
               "DISTRIBUTED BY HASH(id) BUCKETS 1")
    return server


def ask(server, method, path, body=None, **options):
    status, headers, answer = server.http(method, path, body if body is None else json.dumps(body).encode(), **options)
    assert status == 200, (status, answer)
    envelope = json.loads(answer)
    assert set(envelope) == {"msg", "code", "data", "count"}
    return envelope


def raw(port, head, body=b""):
    """Sends a head; the answer to it, and the connection."""
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
    return client


def read_head(client):
    received = b""
    while b"\r\n\r\n" not in received:
        piece = client.recv(65536)
        assert piece, received
        received += piece
    return received.split(b"\r\n\r\n", 1)[0].decode()


LOAD_HEAD = f"PUT /api/d/t/_stream_load?x=1 HTTP/1.1\nHost: 127.0.0.1:PORT\nAuthorization: {ROOT}\ncolumn_separator: ,\nTransfer-Encoding: chunked\n"


def test_who_asks_first_is_sent_to_the_load_port(server):
    """The order in which Doris's regression framework, Flink, Spark and Go clients do it."""
    head = LOAD_HEAD.replace("PORT", str(server.http_port))
    with raw(server.http_port, head + "Expect: 100-Continue\n") as client:
        answer = read_head(client)
    assert answer.startswith("HTTP/1.1 307 Temporary Redirect\r\n")
    assert f"\r\nLocation: http://127.0.0.1:{server.load_port}/api/d/t/_stream_load?x=1\r\n" in answer + "\r\n"
    with raw(server.load_port, head + "Expect: 100-continue\n") as client:
        assert read_head(client) == "HTTP/1.1 100 Continue"
        client.sendall(b"6\r\n1,1,a\n\r\n0\r\n\r\n")
        assert read_head(client).startswith("HTTP/1.1 200 OK\r\n")
    for port in (server.http_port, server.load_port):  # nobody waits: no redirect
        with raw(port, head, b"6\r\n2,1,b\n\r\n0\r\n\r\n") as client:
            assert read_head(client).startswith("HTTP/1.1 200 OK\r\n")
    wrong = head.replace(ROOT, "Basic " + base64.b64encode(b"root:no").decode())
    with raw(server.http_port, wrong + "Expect: 100-continue\n") as client:
        assert read_head(client).startswith("HTTP/1.1 200 OK\r\n"), "refused at once, as JSON"
    assert server.value("SELECT count(*) FROM d.t") == 2


@pytest.mark.parametrize("port", ["http_port", "load_port"])
def test_curl(server, port, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("".join(f"{i},{i}.50,text\n" for i in range(300_000)))
    done = subprocess.run(["curl", "-sS", "--location-trusted", "-u", "root:", "-H", "Expect: 100-continue", "-H", "column_separator: ,",
                           "-T", path, f"http://127.0.0.1:{getattr(server, port)}/api/d/t/_stream_load"],
                          capture_output=True, text=True, timeout=120)
    assert json.loads(done.stdout)["NumberLoadedRows"] == 300_000, done


def test_a_password_survives_the_redirect(make_server):
    password = "p@ss:w/rd %+?"
    server = make_server({"users.root_password": password, "http.redirects_with_credentials": "true"}, password=password)
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    done = subprocess.run(["curl", "-sS", "--location-trusted", "-u", f"root:{password}", "-H", "Expect: 100-continue", "-T", "-",
                           f"http://127.0.0.1:{server.http_port}/api/d/t/_stream_load"],
                          input="1\n2\n", capture_output=True, text=True, timeout=120)
    assert json.loads(done.stdout)["Status"] == "Success", done
    secret = base64.b64encode(f"root:{password}".encode()).decode()
    with raw(server.http_port, LOAD_HEAD.replace("PORT", str(server.http_port)).replace(ROOT, "Basic " + secret) + "Expect: 100-continue\n") as client:
        location = urllib.parse.urlsplit(re.search(r"Location: (\S+)", read_head(client))[1])
    assert (location.username, urllib.parse.unquote(location.password), location.port) == ("root", password, server.load_port)


def test_schema_count_and_plan(server):
    server.load("d", "t", "1,1.5,a\n", column_separator=",")
    for path in ("/api/d/t/_schema", "/api/internal/d/t/_schema"):
        assert ask(server, "GET", path)["data"] == {"status": 200, "keysType": "UNIQUE_KEYS", "properties": [
            {"name": "id", "type": "BIGINT", "comment": "the key", "aggregation_type": ""},
            {"name": "amount", "type": "DECIMAL", "comment": "", "precision": "9", "scale": "2", "aggregation_type": "REPLACE"},
            {"name": "s", "type": "VARCHAR", "comment": "", "aggregation_type": "REPLACE"}]}
    assert ask(server, "GET", "/api/d/t/_count")["data"] == {"status": 200, "size": 1}
    for path in ("/api/d/t/_query_plan", "/api/internal/d/t/_query_plan"):
        plan = ask(server, "POST", path, {"sql": "select * from d.t"})["data"]
        assert plan["status"] == 400 and plan["exception"]
    assert server.http("GET", "/api/d/none/_schema")[0] == 404
    assert server.http("GET", "/api/d/t/_schema", password="wrong")[0] == 401


def test_query(server):
    def query(statement, database="d", **more):
        return ask(server, "POST", f"/api/query/default_cluster/{database}", {"stmt": statement, **more})

    made = query("ALTER TABLE `d`.`t` ADD COLUMN `c` INT DEFAULT '7' COMMENT 'new'")
    assert made["code"] == 0 and made["data"]["type"] == "exec_status"
    server.load("d", "t", "1,1.50,a\"b,8\n2,\\N,\\N,9\n", column_separator=",")
    answer = query("SELECT id, amount, s, c, id / 4 FROM t ORDER BY id")
    assert answer["msg"] == "success" and answer["data"]["type"] == "result_set"
    assert answer["data"]["data"] == [[1, "1.50", 'a"b', 8, "0.2500"], [2, None, None, 9, "0.5000"]]
    assert [column["name"] for column in answer["data"]["meta"]][:4] == ["id", "amount", "s", "c"]
    frontends = query("show frontends", "information_schema")["data"]
    names = [column["name"] for column in frontends["meta"]]
    assert frontends["data"][0][names.index("QueryPort")] == str(server.mysql_port)
    assert len(query("SELECT id FROM t", limit=1)["data"]["data"]) == 1
    wrong = query("SELECT nothing FROM t")
    assert wrong["code"] != 0 and "nothing" in wrong["data"]
    status, _, body = server.http("POST", "/api/query/x/d", b"no json")
    assert status == 400 and b"stmt" in body
    assert server.http("POST", "/api/query/x/d", b"x" * (2 << 20))[0] == 413
    assert server.http("POST", "/api/query/x/d", b"{}", password="no")[0] == 401


def test_nodes_login_and_light_schema_change(server):
    assert ask(server, "GET", "/api/backends?is_alive=true")["data"]["backends"] == [
        {"ip": "127.0.0.1", "http_port": server.load_port, "is_alive": True}]
    for kind, port in (("frontends", server.http_port), ("backends", server.load_port)):
        nodes = ask(server, "GET", f"/rest/v2/manager/node/{kind}")["data"]
        node = dict(zip(nodes["columnNames"], nodes["rows"][0]))
        assert node["Host"] == "127.0.0.1" and node["HttpPort"] == str(port) and node["Alive"] == "true"
    assert ask(server, "POST", "/rest/v1/login")["code"] == 0
    assert server.http("POST", "/rest/v1/login", password="no")[0] == 401
    # Flink sends a body with this GET.
    light = ask(server, "GET", "/api/enable_light_schema_change/d/t", {"isDropColumn": False, "columnName": "s"})
    assert light["code"] == 0
    assert server.sql("SHOW BACKENDS")[0][4] == str(server.load_port)


def test_time_and_proc_nodes(server):
    before = time.time()
    physical = ask(server, "GET", "/api/tso")["data"]["current_tso_physical_time"]
    assert before - 1 <= physical / 1000 <= time.time() + 1
    proc = lambda path: ask(server, "GET", f"/api/show_proc?path={path}")["data"]
    assert ["d"] in proc("/dbs")
    assert proc("/") == [["dbs"], ["backends"], ["frontends"], ["current_queries"]]
    for node in ("backends", "frontends", "current_queries"):
        assert len(proc(f"/{node}")) >= 1 and isinstance(proc(f"/{node}")[0], list)
    assert server.http("GET", "/api/show_proc?path=/none")[0] == 404
    for path in ("/api/tso", "/api/show_proc?path=/dbs"):
        assert server.http("GET", path, password="no")[0] == 401


def test_a_kept_connection_goes_on_after_a_get_with_a_body(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=30)
    for _ in range(3):
        connection.request("GET", "/api/enable_light_schema_change/d/t", b'{"isDropColumn": true, "columnName": "s"}', {"Authorization": ROOT})
        assert json.loads(connection.getresponse().read())["code"] == 0
    connection.close()
