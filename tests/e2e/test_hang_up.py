"""Clients that go away while a statement runs for them: it ends soon, whatever it is and however it came."""
import base64
import json
import socket
import threading
import time

import mysql.connector
import pymysql
import pytest

from support.freshet_server import FreshetServer
from test_statement_log import lines

ENDLESS = "SELECT sum(sin(a.range * b.range)) FROM range(1000000) a, range(1000000) b"
SECONDS_MAX = 10
STOP_SECONDS_MAX = 60  # answers that are under way have some seconds of it


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = {"query.hang_up_check_ms": 20, "query.small_milliseconds": 100, "log.audit": True}
    server = FreshetServer(tmp_path_factory.mktemp("hang_up"), settings).start()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (k BIGINT NOT NULL, v DOUBLE) UNIQUE KEY(k)")
    server.sql("INSERT INTO d.t VALUES (1, 1)")
    yield server
    # A query over HTTP holds up no stop either, though its client waits.
    client = send_over_http(server, f"{ENDLESS} WHERE 1 = 1")
    wait_for(server, lambda: is_at_work(server))
    began = time.monotonic()
    assert server.stop() == 0, server.log_tail()
    assert time.monotonic() - began < STOP_SECONDS_MAX
    client.close()


def wait_for(server, condition):
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, server.sql("SHOW PROCESSLIST")
        time.sleep(0.005)


def is_at_work(server):
    _, _, text = server.http("GET", "/metrics")
    return any(line.startswith("freshet_queries_running{") and not line.endswith(" 0") for line in text.decode().splitlines())


def outcome(server, statement):
    """The error of a statement that has ended; nothing before."""
    return next((entry["error"] for entry in lines(server, "audit.jsonl") if entry["statement"].startswith(statement)), None)


def check_ended(server, statement):
    wait_for(server, lambda: outcome(server, statement) is not None)
    assert "interrupted" in outcome(server, statement)
    wait_for(server, lambda: not is_at_work(server))


def test_sleep_ends_with_its_statement(server):
    began = time.monotonic()
    assert server.value("SELECT SLEEP(0.2)") == 0 and server.value("SELECT SLEEP(NULL)") is None
    assert server.sql("SELECT k, SLEEP(0) FROM d.t") == [(1, 0)]
    assert 0.2 <= time.monotonic() - began < SECONDS_MAX
    connection = server.connect()
    threading.Timer(0.2, server.sql, [f"KILL QUERY {connection.thread_id()}"]).start()
    with connection.cursor() as cursor, pytest.raises(pymysql.err.MySQLError) as killed:
        cursor.execute("SELECT SLEEP(100)")
    assert killed.value.args[0] == 1317
    connection.close()


def test_loads_do_not_sleep(server):
    began = time.monotonic()
    for expressions in ({"columns": "k, x, v = sleep(100)"}, {"where": "1 + `sleep`(100) = 0"}):
        answer = server.stream_load("d", "t", "7,7\n", column_separator=",", **expressions)
        assert answer["Status"] == "Fail" and "SLEEP is not offered in loads" in answer["Message"], answer
    assert time.monotonic() - began < SECONDS_MAX


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("statement", [ENDLESS, f"INSERT INTO t SELECT 1, s FROM ({ENDLESS} WHERE a.range > 0) x (s)",
                                       f"UPDATE t SET v = ({ENDLESS}) WHERE k = 1"])
def test_a_client_of_mysql(server, statement, tls):
    statement += f" /* {tls} */"
    options = {"ssl": {"check_hostname": False}} if tls else {"ssl_disabled": True}
    connection = pymysql.connect(host="127.0.0.1", port=server.mysql_port, user="root", database="d",
                                 client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS, **options)
    connection._execute_command(pymysql.constants.COMMAND.COM_QUERY, f"{statement}; INSERT INTO t VALUES (2, 2)")
    wait_for(server, lambda: is_at_work(server))
    connection._force_close()
    check_ended(server, statement)
    wait_for(server, lambda: len(server.sql("SHOW PROCESSLIST")) == 1)
    assert server.sql("SELECT * FROM d.t") == [(1, 1.0)]


def test_a_client_with_a_cursor(server):
    query = f"{ENDLESS} WHERE a.range >= ?"
    connection = mysql.connector.connect(host="127.0.0.1", port=server.mysql_port, user="root", use_pure=True)
    statement = connection.cmd_stmt_prepare(query.encode())
    hang_up = threading.Timer(0.3, lambda: connection._socket.sock.shutdown(socket.SHUT_RDWR))
    hang_up.start()
    with pytest.raises(mysql.connector.Error):
        connection.cmd_stmt_execute(statement["statement_id"], data=(0,), parameters=statement["parameters"], flags=1)
    check_ended(server, query)


def send_over_http(server, statement):
    client = socket.create_connection(("127.0.0.1", server.http_port))
    body = json.dumps({"stmt": statement})
    client.sendall(f"POST /api/query/default_cluster/d HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {base64.b64encode(b'root:').decode()}\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return client


def test_a_client_of_http(server):
    statement = f"{ENDLESS} WHERE 2 = 2"
    client = send_over_http(server, statement)
    wait_for(server, lambda: is_at_work(server))
    client.close()
    check_ended(server, statement)
