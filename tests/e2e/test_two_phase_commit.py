"""Two-phase commit over HTTP: both URL forms, Doris's texts, what connectors do after a crash, and what may happen between the phases."""
import json
import re
import socket
import threading
import time

import pytest

from support.kill_plan import check_data

SETTINGS = {"storage.small_commit_bytes": "4KiB"}
ALREADY_COMMITTED = re.compile(r"transaction \[(\d+)\] is already \b(COMMITTED|committed|VISIBLE|visible)\b, not pre-committed\.")
FLINK_LABEL_USED = re.compile(r"Label \[(.*)\] has already been used, relate to txn \[(\d+)\]")
FLINK_ABORT_DONE = re.compile(r"transaction \[(\d+)\] is already|transaction \[(\d+)\] not found")


@pytest.fixture
def server(make_server):
    server = make_server(SETTINGS)
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    return server


def body_of(keys, version):
    return "".join(f"{key},{version}\n" for key in keys)


def precommit(server, keys, version, **headers):
    answer = server.load("d", "t", body_of(keys, version), column_separator=",", two_phase_commit="true", **headers)
    assert answer["TwoPhaseCommit"] == "true"
    return answer["TxnId"]


def second_phase(server, operation, path="/api/d/_stream_load_2pc", user="root", **headers):
    sent = {name: str(value) for name, value in headers.items()}
    if operation is not None:
        sent["txn_operation"] = operation
    status, _, body = server.http("PUT", path, None, sent, user=user)
    assert status == 200 and body.endswith(b"\n"), (status, body)
    answer = json.loads(body)
    assert set(answer) == {"status", "msg"} and all(isinstance(value, str) for value in answer.values())
    return answer


def state_of(server, label):
    status, _, body = server.http("GET", f"/api/d/get_load_state?label={label}")
    assert status == 200, body
    answer = json.loads(body)
    assert answer["msg"] == "success" and answer["code"] == 0
    return answer["data"]


def rows_of(server):
    return dict(server.sql("SELECT id, v FROM d.t"))


def front_end(text):
    return {"status": "ANALYSIS_ERROR", "msg": f"TStatus: errCode = 2, detailMessage = {text}"}


@pytest.mark.parametrize("path", ["/api/d/_stream_load_2pc", "/api/d/t/_stream_load_2pc"])
def test_texts_of_both_phases(server, path):
    txn = precommit(server, range(3), 1, label="first")
    assert rows_of(server) == {} and state_of(server, "first") == "PRECOMMITTED"
    assert second_phase(server, "commit", path, txn_id=txn) == {"status": "Success", "msg": f"transaction [{txn}] commit successfully."}
    assert rows_of(server) == {0: 1, 1: 1, 2: 1} and state_of(server, "first") == "VISIBLE"
    again = second_phase(server, "commit", path, txn_id=txn)
    assert again == front_end(f"transaction [{txn}] is already visible, not pre-committed.") and ALREADY_COMMITTED.search(again["msg"])
    assert second_phase(server, "abort", path, txn_id=txn) == front_end(f"transaction [{txn}] is already VISIBLE, could not abort.")

    second = precommit(server, range(3), 2, label="second")
    assert second_phase(server, "ABORT", path, label="second") == {"status": "Success", "msg": f"label [second] transaction [{second}] abort successfully."}
    assert rows_of(server) == {0: 1, 1: 1, 2: 1} and state_of(server, "second") == "ABORTED"
    for operation in ("abort", "commit"):
        answer = second_phase(server, operation, path, txn_id=second)
        assert answer == front_end(f"transaction [{second}] is already aborted. abort reason: User Abort")
        assert FLINK_ABORT_DONE.search(answer["msg"])
    third = precommit(server, [9], 3, label="second")  # an aborted label is free
    assert second_phase(server, "commit", path, label="second")["msg"] == f"label [second] transaction [{third}] commit successfully."

    assert second_phase(server, "commit", path, txn_id=999999) == front_end("transaction [999999] not found")
    assert second_phase(server, "commit", path)["msg"] == "No transaction id or label selected."
    assert second_phase(server, None, path, txn_id=third)["msg"] == "No transaction operation selected."
    assert second_phase(server, "publish", path, txn_id=third)["msg"] == "transaction operation should be 'commit' or 'abort'"
    assert "convert txn_id [x1] failed" in second_phase(server, "commit", path, txn_id="x1")["msg"]
    assert second_phase(server, "commit", path, user="nobody", txn_id=third)["status"] == "NOT_AUTHORIZED"
    assert "not found" in second_phase(server, "commit", path, label="never")["msg"]
    assert state_of(server, "never") == "UNKNOWN"
    plain = server.load("d", "t", "77,1\n", column_separator=",", label="plain")["TxnId"]
    assert second_phase(server, "commit", path, txn_id=plain) == front_end(f"transaction [{plain}] is already visible, not pre-committed.")
    assert server.http("GET", path)[0] == 405


def test_a_failed_load_is_aborted(server):
    answer = server.stream_load("d", "t", "x,y\n", column_separator=",", label="bad", two_phase_commit="true")
    assert answer["Status"] == "Fail" and state_of(server, "bad") == "ABORTED"
    assert "already aborted" in second_phase(server, "commit", txn_id=answer["TxnId"])["msg"]


@pytest.mark.parametrize("rows", [3, 3000])
def test_precommitted_loads_survive_kill_and_commit_onto_what_is_there_then(server, rows):
    server.load("d", "t", body_of(range(rows), 1), column_separator=",")
    first = precommit(server, range(0, rows, 2), 2, label="a")
    dropped = precommit(server, range(rows), 3, label="b")
    server.kill()
    assert not check_data(server), "the files of precommitted loads are known"
    server.start()
    assert rows_of(server) == dict.fromkeys(range(rows), 1)
    assert state_of(server, "a") == state_of(server, "b") == "PRECOMMITTED"
    server.load("d", "t", body_of(range(rows), 4), column_separator=",")
    server.sql("ALTER TABLE d.t COMPACT")
    server.sql("ALTER TABLE d.t ADD COLUMN w INT DEFAULT '5'")
    assert second_phase(server, "commit", txn_id=first)["status"] == "Success"
    assert second_phase(server, "abort", txn_id=dropped)["status"] == "Success"
    expected = {key: 2 if key % 2 == 0 else 4 for key in range(rows)}
    server.kill()
    check_data(server)
    server.start()
    assert rows_of(server) == expected and server.sql("SELECT DISTINCT w FROM d.t") == [(5,)]
    assert server.value("SELECT count(*) FROM d.t") == rows
    assert ALREADY_COMMITTED.search(second_phase(server, "commit", txn_id=first)["msg"])
    assert FLINK_ABORT_DONE.search(second_phase(server, "abort", txn_id=dropped)["msg"])
    assert server.stop() == 0
    assert not check_data(server)


def test_flink_finds_and_aborts_what_an_earlier_run_left(server):
    """DorisStreamLoad.abortPreCommit: an empty load under each next label until one is new, which is aborted too."""
    for checkpoint in (1, 2):
        precommit(server, range(100), checkpoint, label=f"flink_0_{checkpoint}")
    server.kill()
    server.start()
    checkpoint = 1
    while True:
        label = f"flink_0_{checkpoint}"
        answer = server.stream_load("d", "t", "", label=label, two_phase_commit="true", compress_type="gz")
        found = FLINK_LABEL_USED.search(answer["Message"])
        if answer["Status"] != "Label Already Exists":
            assert answer["Status"] == "Success" and checkpoint == 3
            assert second_phase(server, "abort", txn_id=answer["TxnId"])["status"] == "Success"
            break
        assert answer["ExistingJobStatus"] == "PRECOMMITTED" and found[1] == label
        assert second_phase(server, "abort", txn_id=found[2])["status"] == "Success"
        checkpoint += 1
    assert rows_of(server) == {}
    txn = precommit(server, [1], 1, label="flink_0_1")
    assert second_phase(server, "commit", txn_id=txn)["status"] == "Success"
    assert server.stream_load("d", "t", "", label="flink_0_1", two_phase_commit="true")["ExistingJobStatus"] == "FINISHED"


def test_abort_ends_a_load_that_still_runs(server):
    with socket.create_connection(("127.0.0.1", server.http_port)) as client:
        client.sendall(b"PUT /api/d/t/_stream_load HTTP/1.1\r\nHost: x\r\nAuthorization: Basic cm9vdDo=\r\nlabel: slow\r\n"
                       b"column_separator: ,\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1,1\n\r\n")
        deadline = time.monotonic() + 30
        while state_of(server, "slow") != "PREPARE":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        prepare = second_phase(server, "commit", label="slow")["msg"]
        txn = re.search(r"transaction \[(\d+)\] is prepare, not pre-committed\.", prepare)[1]
        assert second_phase(server, "abort", txn_id=txn)["msg"] == f"transaction [{txn}] abort successfully."
        assert state_of(server, "slow") == "ABORTED"
        server.load("d", "t", "2,2\n", column_separator=",", label="slow")  # its label is free at once
        client.sendall(b"4\r\n3,3\n\r\n0\r\n\r\n")
        answer = client.recv(65536)
        assert b"the load was aborted by a user" in answer
    assert rows_of(server) == {2: 2} and state_of(server, "slow") == "VISIBLE"


def test_what_waits_too_long_is_aborted(make_server):
    server = make_server({**SETTINGS, "storage.precommit_timeout_seconds": 1, "storage.precommitted_limit": 1})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    txn = precommit(server, range(1000), 1, label="forgotten")
    refused = server.stream_load("d", "t", "1,1\n", column_separator=",", two_phase_commit="true", label="more")
    assert refused["Status"] == "Fail" and "storage.precommitted_limit" in refused["Message"]
    server.kill()
    server.start()
    deadline = time.monotonic() + 30
    while state_of(server, "forgotten") != "ABORTED":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert second_phase(server, "commit", txn_id=txn) == front_end(
        f"transaction [{txn}] is already aborted. abort reason: timeout by txn manager")
    assert server.stop() == 0
    assert not check_data(server)
    assert not list((server.data_dir / "segments").glob("*.seg")), "its files are gone"


def test_many_clients_end_one_load_once(server):
    for _ in range(5):
        txn = precommit(server, range(50), 1)
        answers = []

        def end(operation, txn=txn, answers=answers):
            answers.append((operation, second_phase(server, operation, txn_id=txn)["status"]))

        threads = [threading.Thread(target=end, args=(operation,)) for operation in ("commit", "abort") * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done = [operation for operation, status in answers if status == "Success"]
        assert len(done) == 1, answers
        assert len(rows_of(server)) == (50 if done == ["commit"] else 0)
        server.sql("TRUNCATE TABLE d.t")


@pytest.mark.parametrize("failpoint, state", [("precommit_start", "UNKNOWN"), ("commit_before_write", "UNKNOWN"),
                                              ("commit_after_write", "PRECOMMITTED"), ("precommitted", "PRECOMMITTED")])
@pytest.mark.parametrize("rows", [3, 3000])
def test_kill_in_the_first_phase(server, failpoint, state, rows):
    assert server.stop() == 0
    server.start(f"{failpoint}=crash@1")
    with pytest.raises(OSError):
        precommit(server, range(rows), 1, label="x")
    server.process.wait(30)
    check_data(server)
    server.start()
    assert state_of(server, "x") == state and rows_of(server) == {}
    if state == "PRECOMMITTED":
        assert second_phase(server, "commit", label="x")["status"] == "Success"
    else:
        precommit(server, range(rows), 1, label="x")
        second_phase(server, "commit", label="x")
    assert rows_of(server) == dict.fromkeys(range(rows), 1)
    assert server.stop() == 0
    check_data(server)


@pytest.mark.parametrize("operation, failpoint, state", [
    ("commit", "commit_start", "PRECOMMITTED"), ("commit", "commit_before_write", "PRECOMMITTED"), ("commit", "commit_after_write", "VISIBLE"),
    ("abort", "commit_before_write", "PRECOMMITTED"), ("abort", "commit_after_write", "ABORTED"), ("abort", "abort_committed", "ABORTED")])
def test_kill_in_the_second_phase(server, operation, failpoint, state):
    precommit(server, range(3000), 1, label="x")
    server.load("d", "t", body_of(range(1000), 2), column_separator=",")
    assert server.stop() == 0
    server.start(f"{failpoint}=crash@1")
    with pytest.raises(OSError):
        second_phase(server, operation, label="x")
    server.process.wait(30)
    check_data(server)
    server.start()
    before, after = dict.fromkeys(range(1000), 2), dict.fromkeys(range(3000), 1)
    assert state_of(server, "x") == state
    assert rows_of(server) == (after if state == "VISIBLE" else before)
    if state == "PRECOMMITTED":
        assert second_phase(server, "commit", label="x")["status"] == "Success"
        assert rows_of(server) == after
    assert server.stop() == 0
    assert not check_data(server)
