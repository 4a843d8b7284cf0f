"""Clients that are slow, silent, endless or wrong: bounded memory, a clear answer where one is possible, and nobody else notices."""
import base64
import json
import socket
import threading
import time

import pytest

from support.running_load import RunningLoad

ROOT = "Basic " + base64.b64encode(b"root:").decode()
LOAD = f"PUT /api/d/t/_stream_load HTTP/1.1\r\nHost: x\r\nAuthorization: {ROOT}\r\ncolumn_separator: ,\r\n"
MANY = 1000
RUNNING = MANY // 2 + 2  # loads of half of the clients, and two more


@pytest.fixture
def server(make_server):
    server = make_server({"http.max_connections": 1100, "http.max_body_bytes": "1MiB", "ingest.max_running_loads": RUNNING,
                          "ingest.silent_load_seconds": 3600})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v STRING) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    return server


def connect(server):
    return socket.create_connection(("127.0.0.1", server.http_port), timeout=60)


def answer_to(server, request):
    """Everything that the server sends until it closes, or a whole answer with its length."""
    with connect(server) as client:
        try:
            client.sendall(request if isinstance(request, bytes) else request.encode())
        except (BrokenPipeError, ConnectionResetError):
            pass
        received = b""
        while piece := client.recv(65536):
            received += piece
            head, _, body = received.partition(b"\r\n\r\n")
            length = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            if length and len(body) >= length[0]:
                break
    return received.decode()


def load_answer(server, request):
    received = answer_to(server, request)
    assert received.startswith("HTTP/1.1 200 OK\r\n"), received
    return json.loads(received.split("\r\n\r\n", 1)[1])


def works(server, key):
    """A good client meanwhile; how long it took."""
    start = time.monotonic()
    server.load("d", "t", f"{key},x\n", column_separator=",")
    assert server.value(f"SELECT count(*) FROM d.t WHERE id = {key}") == 1
    return time.monotonic() - start


def wait_for_running(server, loads, deadline):
    while f"\nfreshet_running_loads {loads}\n" not in server.http("GET", "/metrics")[2].decode():
        assert time.monotonic() < deadline, f"{loads} loads hang"


def test_a_thousand_silent_and_half_open_connections(server):
    before = server.memory_bytes()
    clients = [connect(server) for _ in range(MANY)]
    for i, client in enumerate(clients):
        if i % 4 == 1:
            client.sendall(LOAD[:50 + i % 40].encode())  # a head that never ends
        elif i % 4 == 2:
            client.sendall((LOAD + "Content-Length: 1000\r\n\r\n1,a\n").encode())  # a body that never ends
        elif i % 4 == 3:
            client.sendall((LOAD + "Transfer-Encoding: chunked\r\n\r\n4\r\n1,").encode())
    assert works(server, 7) < 10
    assert server.memory_bytes() - before < 512 << 20, "a silent client costs little"
    deadline = time.monotonic() + 30
    wait_for_running(server, MANY // 2, deadline)
    more = [connect(server) for _ in range(RUNNING - MANY // 2)]
    for client in more:
        client.sendall((LOAD + "Content-Length: 1000\r\n\r\n1,a\n").encode())
    wait_for_running(server, RUNNING, deadline)
    assert "max_running_loads" in load_answer(server, LOAD + "Content-Length: 4\r\n\r\n8,a\n")["Message"]
    clients += more
    for client in clients:
        client.close()
    wait_for_running(server, 0, deadline)
    assert works(server, 9) < 10
    assert server.value("SELECT count(*) FROM d.t WHERE id = 1") == 0


def test_clients_that_hang_give_their_places_to_others(make_server):
    server = make_server({"ingest.max_running_loads": 3, "ingest.silent_load_seconds": 1})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v STRING) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    hanging = [RunningLoad(server, "d", "t", label=f"hangs{i}", column_separator=",") for i in range(3)]
    refused = server.stream_load("d", "t", "1,a\n", column_separator=",")
    assert "max_running_loads" in refused["Message"]
    time.sleep(1.1)
    hanging[2].send("3,c\n")
    assert all(works(server, key) < 10 for key in (10, 11))
    for i, load in enumerate(hanging[:2]):
        load.send(f"{i},x\n")
        answer = load.answer()
        if answer["Status"] == "Fail":
            assert "ingest.silent_load_seconds" in answer["Message"]
            server.load("d", "t", f"{i},y\n", column_separator=",", label=f"hangs{i}")
    hanging[2].finish()
    assert server.sql("SELECT id, v FROM d.t WHERE id IN (0, 3) ORDER BY id") == [(0, "y"), (3, "c")]
    assert "silent" in server.sql("SHOW STREAM LOAD FROM d WHERE label = 'hangs0' AND status = 'Fail'")[0][5]


def test_more_connections_than_allowed_are_told_so(make_server):
    server = make_server({"http.max_connections": 5})
    clients = [connect(server) for _ in range(5)]
    time.sleep(0.1)
    refused = answer_to(server, "GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert refused.startswith("HTTP/1.1 503") and "http.max_connections" in refused
    for client in clients:
        client.close()


def test_bodies_over_the_limit(server):
    refused = load_answer(server, LOAD + f"Content-Length: {1 << 40}\r\nExpect: 100-continue\r\n\r\n1,a\n")
    assert refused["Status"] == "Fail" and "body exceed max size" in refused["Message"]
    before = server.memory_bytes()
    piece = b"10000\r\n" + (b"1," + b"x" * 65533 + b"\n") + b"\r\n"
    with connect(server) as client:
        client.sendall((LOAD + "Transfer-Encoding: chunked\r\n\r\n").encode())
        try:
            for _ in range(400):
                client.sendall(piece)
        except OSError:
            pass
        client.settimeout(60)
        assert b"body exceed max size" in client.recv(65536)
    assert server.memory_bytes() - before < 64 << 20
    assert works(server, 5) < 10


def test_heads_over_the_limits(server):
    for request, what in ((LOAD + "x: " + "y" * 100_000 + "\r\n\r\n", "headers exceed"), (LOAD + "x: y\r\n" * 300 + "\r\n", "header lines")):
        refused = load_answer(server, request)
        assert refused["Status"] == "Fail" and what in refused["Message"]
    assert answer_to(server, "GET /" + "a" * 20_000 + " HTTP/1.1\r\nHost: x\r\n\r\n").startswith("HTTP/1.1 414")
    assert answer_to(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").startswith("HTTP/1.1 400"), "TLS to a plain port"
    assert works(server, 6) < 10


@pytest.mark.parametrize("body", ["zz\r\n1,a\n\r\n0\r\n\r\n", "4\r\n1,a\nXX0\r\n\r\n", "-4\r\n1,a\n\r\n0\r\n\r\n", "fffffffffffffffff\r\n1,a\n",
                                  "4;" + "e" * 200_000 + "\r\n1,a\n\r\n0\r\n\r\n"],
                         ids=["no number", "no line end", "negative", "too large", "endless extension"])
def test_broken_chunks(server, body):
    refused = load_answer(server, LOAD + "label: broken\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert refused["Status"] == "Fail" and "chunked encoding" in refused["Message"]
    assert server.value("SELECT count(*) FROM d.t") == 0
    server.load("d", "t", "1,a\n", column_separator=",", label="broken")


def test_both_lengths_are_refused(server):
    for headers in ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
                    "Content-Length: 4\r\nContent-Length: 5\r\n", "Content-Length: -1\r\n", "Content-Length: 4x\r\n"):
        received = answer_to(server, LOAD + headers + "\r\n4\r\n1,a\n\r\n0\r\n\r\n")
        assert '"Status": "Fail"' in received, headers
    assert server.value("SELECT count(*) FROM d.t") == 0


def test_pipelined_requests_are_answered_in_order(server):
    one = LOAD + "label: p{}\r\nContent-Length: 4\r\n\r\n{},a\n"
    with connect(server) as client:
        client.sendall("".join(one.format(i, i) for i in range(5)).encode())
        client.settimeout(60)
        received = b""
        while received.count(b'"CommitAndPublishTimeMs"') < 5:
            piece = client.recv(65536)
            assert piece, received
            received += piece
    assert [received.index(f'"Label": "p{i}"'.encode()) for i in range(5)] == sorted(received.index(f'"Label": "p{i}"'.encode()) for i in range(5))
    assert server.value("SELECT count(*) FROM d.t") == 5


@pytest.mark.parametrize("path", ["/api/../../etc/passwd/_stream_load", "/api/%2e%2e/%2e%2e%2fetc/_stream_load", "/api/d/t%2f..%2ft/_stream_load",
                                  "/api/d/t%0d%0aX/_stream_load", "/api/d`;DROP TABLE d.t/x/_stream_load", "/api/" + "d" * 5000 + "/t/_stream_load",
                                  "/api/d/%ff%fe/_stream_load", "/api//t/_stream_load"], ids=range(8))
def test_names_that_try_to_leave_their_place(server, path):
    received = answer_to(server, LOAD.replace("/api/d/t/_stream_load", path.replace(" ", "%20")) + "Content-Length: 4\r\n\r\n1,a\n")
    assert received.startswith(("HTTP/1.1 200", "HTTP/1.1 400", "HTTP/1.1 404")) and "Success" not in received
    assert server.sql("SHOW TABLES FROM d") == [("t",)]
    assert works(server, 3) < 10


@pytest.mark.parametrize("label", ["../../etc/passwd", "a b", "x" * 129, "a/b", "\\..\\x", "a;b", "é"], ids=range(7))
def test_labels_that_are_none(server, label):
    received = answer_to(server, (LOAD + f"label: {label}\r\nContent-Length: 4\r\n\r\n1,a\n").encode())
    assert '"Status": "Fail"' in received and "label must match" in received
    status, _, _ = server.http("GET", "/api/_load_error_log?file=../../meta/CURRENT")
    assert status == 400


def test_a_client_that_sends_a_byte_at_a_time_hurts_nobody(server):
    stop = threading.Event()

    def drip():
        with connect(server) as client:
            client.sendall((LOAD + "Transfer-Encoding: chunked\r\n\r\n").encode())
            for byte in b"4\r\n1,a\n\r\n" * 1000:
                if stop.wait(0.01):
                    return
                client.sendall(bytes([byte]))

    threads = [threading.Thread(target=drip) for _ in range(50)]
    for thread in threads:
        thread.start()
    assert max(works(server, key) for key in range(20, 30)) < 10
    stop.set()
    for thread in threads:
        thread.join()
    assert server.value("SELECT count(*) FROM d.t WHERE id = 1") == 0, "a load whose client left is no load"
