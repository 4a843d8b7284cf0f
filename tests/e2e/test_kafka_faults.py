"""Faults of a real broker, its topics and their messages: nothing is lost or doubled, the job says what happened, and goes on
by itself or pauses with the reason. Rows go to a DUPLICATE table, where a message that is read twice would show."""
import json
import os
import shutil
import signal
import threading
import time

import pytest
from confluent_kafka import Producer

from support.routine_loads import create_job, error_logs, job, metrics, wait_for
from support.shifted_clock import ShiftedClock

@pytest.fixture
def log_server(make_server):
    """Starts a server with the DUPLICATE table d.log."""

    def start(settings=None, columns="id BIGINT NOT NULL, s STRING"):
        server = make_server(settings)
        server.sql("CREATE DATABASE d")
        server.sql(f"CREATE TABLE d.log ({columns}) DUPLICATE KEY(id)")
        return server

    return start


def create_log_job(server, kafka, topic, **options):
    create_job(server, kafka, topic, table="log", **options)


def ids(server, table="log"):
    return [row[0] for row in server.sql(f"SELECT id FROM d.{table} ORDER BY id")]


def numbers(first, end):
    return [f"{i},x" for i in range(first, end)]


def wait_for_ids(server, wanted):
    """Exactly these, each once, and still so when everything has settled."""
    wanted = sorted(wanted)
    wait_for(lambda: len(ids(server)) >= len(wanted), lambda: f"{len(wanted)} rows; there are {len(ids(server))}: {job(server)}")
    wait_for(lambda: set(job(server)["lag"].values()) == {"0"}, lambda: f"no lag: {job(server)}")
    assert ids(server) == wanted


def wait_for_state(server, state):
    wait_for(lambda: job(server)["state"] == state, lambda: f"{state}: {job(server)}")
    return job(server)


IMPATIENT = {"kafka.request_timeout_ms": 1000, "kafka.retry_backoff_ms_max": 500}


def test_broker_is_killed_while_rows_come(log_server, kafka):
    server = log_server(IMPATIENT)
    kafka.create_topic("killed", partitions=3)
    create_log_job(server, kafka, "killed")
    producer = Producer({"bootstrap.servers": kafka.address, "enable.idempotence": True, "linger.ms": 5})
    is_over = threading.Event()
    sent = 0

    def produce():
        nonlocal sent
        while not is_over.is_set() or sent < 2000:
            producer.produce("killed", f"{sent},x", str(sent))
            sent += 1
            producer.poll(0)
            time.sleep(0.001)
        assert producer.flush(120) == 0

    thread = threading.Thread(target=produce)
    thread.start()
    try:
        wait_for(lambda: len(ids(server)) > 100, "the first rows")
        kafka.kill()
        wait_for(lambda: "127.0.0.1" in job(server)["other"], lambda: f"SHOW names the broker that is away: {job(server)}")
        assert job(server)["state"] == "RUNNING"
    finally:
        if not kafka.is_alive():
            kafka.start()  # also for the other tests
        is_over.set()
        thread.join()
    wait_for_ids(server, range(sent))
    wait_for(lambda: job(server)["other"] == "", lambda: f"what is over is not told any more: {job(server)}")
    assert job(server)["state"] == "RUNNING" and job(server)["statistic"]["loadedRows"] == sent


def test_broker_is_away_when_job_and_server_start(log_server, kafka):
    server = log_server(IMPATIENT)
    kafka.create_topic("away")
    kafka.produce("away", numbers(0, 3))
    kafka.kill()
    create_log_job(server, kafka, "away")
    wait_for(lambda: job(server)["other"] != "", "SHOW tells why nothing is read")
    assert metrics(server)["errors_total"] >= 1
    assert job(server)["state"] == "RUNNING"
    began = time.monotonic()
    server.restart()
    assert time.monotonic() - began < 30, "neither the end nor the start waits for the broker"
    wait_for(lambda: job(server)["other"] != "", "SHOW tells why nothing is read")
    kafka.start()
    wait_for_ids(server, range(3))
    wait_for(lambda: job(server)["other"] == "", "the broker is back, and no message came since")


def test_a_broker_that_hangs_is_told_and_waited_for(log_server, kafka):
    server = log_server(IMPATIENT)
    kafka.create_topic("slow", partitions=2)
    create_log_job(server, kafka, "slow")
    kafka.produce("slow", numbers(0, 500))
    wait_for_ids(server, range(500))
    for round_number in (1, 2):
        kafka.signal(signal.SIGSTOP)
        try:
            wait_for(lambda: job(server)["other"] != "", lambda: f"SHOW tells that the broker does not answer: {job(server)}")
            assert job(server)["state"] == "RUNNING"
        finally:
            kafka.signal(signal.SIGCONT)
        kafka.produce("slow", numbers(500 * round_number, 500 * (round_number + 1)))
        wait_for_ids(server, range(500 * (round_number + 1)))
        wait_for(lambda: job(server)["other"] == "", lambda: f"what is over is not told any more: {job(server)}")


def test_a_full_disk_holds_the_job_until_there_is_room(log_server, kafka, tmp_path):
    margin = 700 << 20  # what other tests write meanwhile is less
    server = log_server({**IMPATIENT, "storage.disk_reserve_bytes": str(shutil.disk_usage(tmp_path).free - margin)})
    kafka.create_topic("full")
    create_log_job(server, kafka, "full")
    kafka.produce("full", numbers(0, 100))
    wait_for_ids(server, range(100))
    filler = tmp_path / "filler"
    with open(filler, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 2 * margin)
    kafka.produce("full", numbers(100, 5000))
    wait_for(lambda: "below the reserve" in job(server)["other"], lambda: f"SHOW tells that the disk is full: {job(server)}")
    wait_for(lambda: job(server)["lag"] == {"0": "4900"}, lambda: f"and how far behind the job is: {job(server)}")
    assert job(server)["state"] == "RUNNING" and metrics(server)["errors_total"] >= 1
    assert ids(server) == list(range(100)), "what was loaded is read meanwhile"
    filler.unlink()
    wait_for_ids(server, range(5000))
    wait_for(lambda: job(server)["other"] == "", lambda: f"what is over is not told any more: {job(server)}")
    assert job(server)["statistic"]["loadedRows"] == 5000


def test_an_idle_topic_costs_no_commits_and_wakes_at_once(log_server, kafka):
    server = log_server()
    kafka.create_topic("idle", partitions=2)
    create_log_job(server, kafka, "idle")
    kafka.produce("idle", numbers(0, 1), partition=0)
    wait_for_ids(server, range(1))
    before = job(server)["statistic"]
    time.sleep(3)
    assert job(server)["statistic"] == before and job(server)["state"] == "RUNNING"
    told = metrics(server)
    assert 2.5 <= told["last_commit_age_seconds"] < 60 and told['lag{partition="0"}'] == told['lag{partition="1"}'] == 0
    began = time.monotonic()
    kafka.produce("idle", numbers(1, 2), partition=1)
    wait_for(lambda: ids(server) == [0, 1], "the row after the silence")
    assert time.monotonic() - began < 5
    age = metrics(server)["last_commit_age_seconds"]
    assert age < time.monotonic() - began + 1, "the age is of a commit before the row"


def test_added_partitions_are_read_from_their_beginning(log_server, kafka):
    server = log_server()
    kafka.create_topic("added")
    kafka.produce("added", numbers(0, 10), partition=0)
    create_log_job(server, kafka, "added", offsets="OFFSET_END")
    wait_for(lambda: job(server)["lag"] == {"0": "0"}, "the job stands at the end")
    kafka.add_partitions("added", 4)
    for partition in range(4):
        kafka.produce("added", numbers(10 * partition + 10, 10 * partition + 20), partition=partition)
    wait_for_ids(server, range(10, 50))
    assert sorted(job(server)["progress"]) == ["0", "1", "2", "3"]
    wait_for(lambda: job(server)["other"] == "", "a new partition is no trouble that stays")
    assert [metrics(server)[f'lag{{partition="{partition}"}}'] for partition in range(4)] == [0] * 4


@pytest.mark.parametrize("is_running", [False, True], ids=["while paused", "while running"])
def test_what_retention_took_is_a_named_gap(log_server, kafka, is_running):
    topic = f"retention{is_running}"
    server = log_server()
    kafka.create_topic(topic, partitions=2)
    create_log_job(server, kafka, topic)
    kafka.produce(topic, numbers(0, 20), partition=0)
    wait_for_ids(server, range(20))
    if is_running:
        os.kill(server.process.pid, signal.SIGSTOP)
    else:
        server.sql("PAUSE ROUTINE LOAD FOR d.j")
    kafka.produce(topic, numbers(20, 100), partition=0)
    kafka.produce(topic, numbers(100, 110), partition=1)
    kafka.delete_records(topic, {0: 70})
    if is_running:
        os.kill(server.process.pid, signal.SIGCONT)
    else:
        server.sql("RESUME ROUTINE LOAD FOR d.j")
    # librdkafka may have fetched some of them before it was stopped.
    wait_for(lambda: set(range(70, 110)) <= set(ids(server)), lambda: f"the rows behind the gap: {job(server)}")
    kept = [i for i in ids(server) if 20 <= i < 70]
    assert kept == list(range(20, 20 + len(kept))) and ids(server) == [*range(20 + len(kept)), *range(70, 110)]
    lost = 50 - len(kept)
    assert lost > 0
    for _ in range(2):
        now = job(server)
        assert now["state"] == "RUNNING" and now["statistic"]["lostRows"] == lost
        assert f"offsets {70 - lost} to 69 of partition 0" in now["other"], now
        assert metrics(server)["lost_rows_total"] == lost and metrics(server)["gaps_total"] == 1
        # A crash does not forget it.
        server.kill()
        server.start()
    kafka.produce(topic, numbers(110, 120), partition=0)
    wait_for_ids(server, [*range(70 - lost), *range(70, 120)])


def refill(kafka, topic, partitions, rows):
    kafka.delete_topic(topic)
    kafka.create_topic(topic, partitions=partitions)
    kafka.produce(topic, rows, partition=0)


def check_paused_until_made_anew(server, kafka, topic, old_rows, new_rows):
    now = wait_for_state(server, "PAUSED")
    assert "made again" in now["reason"], now
    assert ids(server) == old_rows, "nothing of the new topic may be taken for the old one's rest"
    server.sql("RESUME ROUTINE LOAD FOR d.j")
    assert "made again" in wait_for_state(server, "PAUSED")["reason"]
    server.sql("STOP ROUTINE LOAD FOR d.j")
    create_job(server, kafka, topic, job="again", table="log")
    wait_for(lambda: ids(server) == sorted(old_rows + new_rows), lambda: f"the new topic: {job(server, 'again')}")


@pytest.mark.parametrize("case", ["shorter", "longer", "fewer partitions"])
def test_topic_is_made_again_while_the_server_is_down(log_server, kafka, case):
    topic = f"anew_{case.replace(' ', '_')}"
    server = log_server()
    kafka.create_topic(topic, partitions=2)
    create_log_job(server, kafka, topic)
    kafka.produce(topic, numbers(0, 50), partition=0)
    kafka.produce(topic, numbers(50, 60), partition=1)
    wait_for_ids(server, range(60))
    server.kill()
    new = numbers(1000, 1080 if case == "longer" else 1010)
    refill(kafka, topic, 1 if case == "fewer partitions" else 2, new)
    server.start()
    check_paused_until_made_anew(server, kafka, topic, list(range(60)), [int(row.split(",")[0]) for row in new])


def test_topic_is_made_again_under_a_running_job(log_server, kafka):
    server = log_server()
    kafka.create_topic("anew_running")
    create_log_job(server, kafka, "anew_running")
    kafka.produce("anew_running", numbers(0, 50))
    wait_for_ids(server, range(50))
    refill(kafka, "anew_running", 1, numbers(1000, 1020))
    check_paused_until_made_anew(server, kafka, "anew_running", list(range(50)), list(range(1000, 1020)))


def test_topic_that_is_not_there_is_waited_for_then_the_job_pauses(log_server, kafka):
    server = log_server({"kafka.lasting_error_retries": 3})
    create_log_job(server, kafka, "missing")
    now = wait_for_state(server, "PAUSED")
    assert "missing" in now["reason"] and "3 times" in now["reason"], now
    assert metrics(server)["errors_total"] >= 3 and metrics(server)['state{state="PAUSED"}'] == 1
    kafka.create_topic("missing")
    kafka.produce("missing", numbers(0, 5))
    server.sql("RESUME ROUTINE LOAD FOR d.j")
    wait_for_ids(server, range(5))


def transactional_producer(kafka, name):
    producer = Producer({"bootstrap.servers": kafka.address, "transactional.id": name, "linger.ms": 5})
    producer.init_transactions(30)
    return producer


def test_aborted_transactions_are_left_out(log_server, kafka):
    server = log_server()
    kafka.create_topic("transactions")
    create_log_job(server, kafka, "transactions")
    server.sql("CREATE TABLE d.everything (id BIGINT NOT NULL, s STRING) DUPLICATE KEY(id)")
    create_job(server, kafka, "transactions", job="all", table="everything",
               source={"property.isolation.level": "read_uncommitted"})
    producer = transactional_producer(kafka, "aborts")
    expected = []
    for number, ends_well in enumerate([True, False, True, False, False]):
        rows = range(number * 10, number * 10 + 10)
        producer.begin_transaction()
        for i in rows:
            producer.produce("transactions", f"{i},x")
        assert producer.flush(30) == 0
        if number == 2:
            wait_for(lambda: ids(server, "everything").count(29) == 1, "one who wants it reads what is not committed")
            assert 29 not in ids(server), "an open transaction shows nothing"
        if ends_well:
            producer.commit_transaction(30)
            expected += rows
        else:
            producer.abort_transaction(30)
        if number == 3:
            server.kill()
            server.start()
    # The aborted ones at the end count as read: 50 messages and 5 marks.
    wait_for(lambda: job(server)["progress"] == {"0": "54"}, lambda: f"the end: {job(server)}")
    wait_for_ids(server, expected)
    assert ids(server, "everything") == list(range(50))
    assert job(server)["statistic"]["errorRows"] == 0 and metrics(server)['lag{partition="0"}'] == 0


def test_poison_of_each_kind_is_kept_with_its_reason(log_server, kafka):
    server = log_server()
    kafka.create_topic("poison", **{"max.message.bytes": 4 << 20})
    poison = {
        "not json at all": "JSON",
        '{"id": 3': "JSON",
        '{"id": "three"}': "id",
        '{"s": "no id"}': "id",
        '{"id": null, "s": "x"}': "id",
        "[" * 900_000: "JSON",
        '{"id": 99999999999999999999}': "id",
        '"just a text"': "JSON",
        b"\xff\xfe\x00": "JSON",
    }
    create_log_job(server, kafka, "poison", columns="", format="json", max_error_number=len(poison))
    good = 0
    kept = {}
    for message in poison:
        kafka.produce("poison", [json.dumps({"id": good}), message, json.dumps({"id": good + 1}), "", ("key", None)])
        good += 2
        time.sleep(0.03)  # most are in commits of their own
        kept |= error_logs(server)
    wait_for_ids(server, range(good))
    wait_for(lambda: job(server)["statistic"]["errorRows"] == len(poison), lambda: f"all are counted: {job(server)}")
    assert job(server)["state"] == "RUNNING" and metrics(server)["error_rows_total"] == len(poison)

    def all_are_kept():
        kept.update(error_logs(server))
        return "".join(kept.values()).count("src line [") >= len(poison)

    wait_for(all_are_kept, lambda: f"all are kept: {kept}")
    lines = "".join(kept.values()).splitlines()
    assert len(lines) == len(poison), "all are kept, none twice"
    for line, (message, word) in zip(lines, poison.items()):
        assert word in line.split(". src line [")[0], (line, message)
    # One more than is allowed.
    kafka.produce("poison", ["one too many"])
    now = wait_for_state(server, "PAUSED")
    assert f"max_error_number ({len(poison)})" in now["reason"]
    assert "one too many" in "".join(error_logs(server).values())
    server.sql("RESUME ROUTINE LOAD FOR d.j")
    kafka.produce("poison", [json.dumps({"id": good})])
    wait_for_ids(server, range(good + 1))


def test_message_of_20_mb(log_server, kafka):
    kafka.create_topic("large", **{"max.message.bytes": 32 << 20})
    half = "y" * 10_000_000
    producer = Producer({"bootstrap.servers": kafka.address, "message.max.bytes": 32 << 20, "queue.buffering.max.kbytes": 100_000})
    for row in ("1,before,", f"2,{half},{half}", "3,behind,"):
        producer.produce("large", row)
    assert producer.flush(60) == 0
    # Longer than ingest.max_row_bytes: a rejected row like others, and the job goes on.
    server = log_server(columns="id BIGINT NOT NULL, s STRING, t STRING")
    create_log_job(server, kafka, "large", max_error_number=1)
    wait_for(lambda: ids(server) == [1, 3], lambda: f"the rows around it: {job(server)}")
    reason = "the record has 20000003 bytes, but at most 16777216 are taken"
    wait_for(lambda: reason in "".join(error_logs(server).values()), "the reason is kept")
    roomy = log_server({"ingest.max_row_bytes": "32MiB", "memory.load_bytes": "256MiB"},
                       columns="id BIGINT NOT NULL, s STRING, t STRING")
    create_log_job(roomy, kafka, "large")
    wait_for_ids(roomy, [1, 2, 3])
    assert roomy.sql("SELECT id, length(s), length(t) FROM d.log ORDER BY id") == [
        (1, 6, 0), (2, 10_000_000, 10_000_000), (3, 6, 0)]


def test_clock_jumps(log_server, kafka, tmp_path, monkeypatch):
    """The server's time of day leaps ahead, then back to before the job was made, and is wrong at a start."""
    clock = ShiftedClock(tmp_path)
    for name, value in clock.environment.items():
        monkeypatch.setenv(name, value)
    server = log_server()
    kafka.create_topic("clock", partitions=2)
    create_log_job(server, kafka, "clock")
    for number, shift_seconds in enumerate([0, 86_400, -2 * 86_400, 3600]):
        clock.shift(shift_seconds)
        if number == 3:
            server.kill()
            server.start()
        assert abs(server.value("SELECT unix_timestamp()") - time.time() - shift_seconds) < 60
        for partition in range(2):
            first = 200 * number + 100 * partition
            kafka.produce("clock", numbers(first, first + 100), partition=partition)
        wait_for_ids(server, range(200 * (number + 1)))
        now = job(server)
        assert (now["state"], now["other"], now["reason"]) == ("RUNNING", "", ""), now
        assert now["statistic"]["loadedRows"] == 200 * (number + 1) and now["statistic"]["lostRows"] == 0
        assert 0 <= metrics(server)["last_commit_age_seconds"] < 60


def freeze(kafka, seconds):
    kafka.signal(signal.SIGSTOP)
    time.sleep(seconds)
    kafka.signal(signal.SIGCONT)


@pytest.mark.full
def test_broker_and_server_are_killed_many_times(log_server, kafka, rng):
    server = log_server()
    kafka.create_topic("storm", partitions=4)
    create_log_job(server, kafka, "storm")
    sent = 0
    for _ in range(20):
        more = rng.randrange(1000, 30_000)
        kafka.produce("storm", [(str(i), f"{i},x") for i in range(sent, sent + more)])
        sent += more
        time.sleep(rng.random() * 0.3)
        for fault in rng.sample([server.kill, kafka.kill, lambda: freeze(kafka, 5 * rng.random())], rng.randrange(1, 4)):
            if fault == server.kill or kafka.is_alive():
                fault()
        if not server.is_running():
            server.start()
        if not kafka.is_alive():
            kafka.start()
    wait_for_ids(server, range(sent))
