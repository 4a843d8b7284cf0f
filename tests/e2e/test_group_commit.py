"""Group commit over HTTP and SQL: the answer's fields, what Doris refuses or ignores, and that no answered row is lost to a kill."""
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.kill_plan import check_data

CLIENTS = 8
GROUP_LABEL = re.compile(r"group_commit_[0-9a-f]+_[0-9a-f]+")


@pytest.fixture
def server(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    return server


@pytest.mark.parametrize("mode", ["sync_mode", "async_mode"])
def test_answer_and_visibility(server, mode):
    answer = server.load("d", "t", "1,1\n2,2\n", column_separator=",", group_commit=mode)
    assert answer["GroupCommit"] is True and GROUP_LABEL.fullmatch(answer["Label"]) and answer["TxnId"] > 0
    assert answer["NumberLoadedRows"] == 2
    assert not {"TwoPhaseCommit", "BeginTxnTimeMs", "CommitAndPublishTimeMs"} & set(answer)
    assert server.value("SELECT count(*) FROM d.t") == 2, "in both modes rows are visible when they are answered"


def test_combinations(server):
    def load(**headers):
        return server.stream_load("d", "t", "1,1\n", column_separator=",", **headers)

    refused = load(group_commit="sync_mode", label="mine")
    assert refused["Status"] == "Fail" and "label and group_commit can't be set at the same time" in refused["Message"]
    assert "group_commit can only be [async_mode, sync_mode, off_mode]" in load(group_commit="fast")["Message"]
    assert load(group_commit="off_mode", label="mine")["TwoPhaseCommit"] == "false"
    assert load(group_commit="sync_mode", label="")["GroupCommit"] is True, "an empty label is none"
    assert load(group_commit="sync_mode", two_phase_commit="true")["TwoPhaseCommit"] == "true"
    assert load(group_commit="async_mode", partial_columns="true", columns="id,v")["TwoPhaseCommit"] == "false"
    phases = load(group_commit="sync_mode", two_phase_commit="true", label="phases")
    assert phases["Label"] == "phases" and phases["TwoPhaseCommit"] == "true", "where it is ignored, a label is none of its business"
    assert load(group_commit="sync_mode", partial_columns="true", columns="id,v", label="columns")["Label"] == "columns"
    chunks = server.stream_load("d", "t", iter([b"1,1\n"]), column_separator=",", group_commit="sync_mode", label="chunks")
    assert chunks["Status"] == "Success" and GROUP_LABEL.fullmatch(chunks["Label"]), "of chunks, the label is dropped"
    phases = server.stream_load("d", "t", iter([b"1,1\n"]), column_separator=",", group_commit="sync_mode", label="chunks", two_phase_commit="true")
    assert phases["Label"] == "chunks", "but only where there is a group"
    empty = server.stream_load("d", "t", "", group_commit="sync_mode", label="empty")
    assert empty["Status"] == "Success" and empty["Label"] == "empty" and "GroupCommit" not in empty
    bad = server.stream_load("d", "t", "x,1\n", column_separator=",", group_commit="sync_mode")
    assert bad["Status"] == "Fail" and bad["GroupCommit"] is True and bad["NumberFilteredRows"] == 1


def test_a_table_may_ask_for_it(server):
    server.sql('CREATE TABLE d.g (id BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("group_commit_mode" = "async_mode")')
    assert server.load("d", "g", "1\n")["GroupCommit"] is True
    assert server.load("d", "g", "2\n", label="x")["Label"] == "x"
    assert "GroupCommit" not in server.load("d", "g", "3\n", group_commit="off_mode")
    assert server.value("SELECT count(*) FROM d.g") == 3


def test_sums_of_an_aggregate_table(server):
    server.sql("CREATE TABLE d.a (id BIGINT NOT NULL, n BIGINT SUM) AGGREGATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")

    def load(client):
        for _ in range(50):
            server.load("d", "a", f"1,{client}\n2,1\n", column_separator=",", group_commit="sync_mode")

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(load, range(CLIENTS)))
    assert server.sql("SELECT id, n FROM d.a ORDER BY id") == [(1, 50 * sum(range(CLIENTS))), (2, 50 * CLIENTS)]


def test_many_clients_share_commits_and_a_kill_takes_no_answered_row(server):
    answered = [[] for _ in range(CLIENTS)]
    transactions = set()
    enough = threading.Event()

    def load(client):
        key = client
        while True:
            try:
                if client % 2 == 0:
                    answer = server.load("d", "t", f"{key},{key}\n", column_separator=",", group_commit="async_mode")
                    transactions.add(answer["TxnId"])
                else:
                    server.sql("SET group_commit = sync_mode")
                    server.sql(f"INSERT INTO d.t VALUES ({key}, {key})")
            except Exception:  # the server is gone
                return
            answered[client].append(key)
            key += CLIENTS
            if len(answered[client]) >= 100:
                enough.set()

    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(load, client) for client in range(CLIENTS)]
        assert enough.wait(60)
        metrics = server.http("GET", "/metrics")[2].decode()
        server.kill()
        for each in running:
            each.result()
    grouped = float(re.search(r"^freshet_grouped_loads_total (\S+)$", metrics, re.M)[1])
    commits = float(re.search(r"^freshet_commits_total (\S+)$", metrics, re.M)[1])
    assert grouped >= 100 and commits < grouped, "loads shared commits"
    assert len(transactions) < sum(len(keys) for keys in answered[::2]), "and their transactions"
    check_data(server)
    server.start()
    found = {row[0] for row in server.sql("SELECT id FROM d.t")}
    assert {key for keys in answered for key in keys} <= found
