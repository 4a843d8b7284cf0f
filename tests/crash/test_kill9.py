"""kill -9 at random moments while HTTP and Kafka load: every acknowledged row is there, exactly once."""
import http.client
import json
import subprocess
import threading
import time

from support.freshet_server import BINARY

KILLS = 20
WRITERS = 3
KEYS = 4000
LOADS_MAX = 100_000


class Writer(threading.Thread):
    """Loads batches over its own range of keys, each batch with one version, until told to end. Remembers for each key the
    newest acknowledged version and the newest that was sent."""

    def __init__(self, server, number, rng):
        super().__init__()
        self.server, self.number, self.rng = server, number, rng
        self.acknowledged, self.sent, self.labels = {}, {}, []
        self.unclear = []
        self.ended = threading.Event()

    def run(self):
        for version in range(1, LOADS_MAX):
            if self.ended.is_set():
                return
            size = self.rng.choice((1, 20, 20_000))
            keys = [self.number * KEYS + self.rng.randrange(KEYS) for _ in range(size)]
            label = f"w{self.number}_{version}"
            body = "".join(f"{key},{version},{'p' * 60}\n" for key in keys)
            for key in keys:
                self.sent[key] = version
            try:
                answer = self.server.stream_load("d", "t", body, column_separator=",", label=label)
            except (OSError, http.client.HTTPException, RuntimeError):
                self.unclear.append(label)
                time.sleep(0.02)
                continue
            if answer["Status"] == "Success":
                self.acknowledged.update((key, version) for key in keys)
                self.labels.append(label)


def topic_job(server, kafka):
    server.sql("CREATE TABLE d.k (id BIGINT NOT NULL, v BIGINT) DUPLICATE KEY(id)")
    server.sql(f'CREATE ROUTINE LOAD d.j ON k COLUMNS TERMINATED BY "," FROM KAFKA ("kafka_broker_list" = "{kafka.address}", '
               '"kafka_topic" = "kill9", "property.kafka_default_offsets" = "OFFSET_BEGINNING")')


def test_kill9_loses_and_doubles_nothing(make_server, kafka, rng):
    server = make_server({"storage.delta_flush_rows": 20_000, "storage.memtable_bytes": "16MiB", "compaction.trigger_segments": 3})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, version BIGINT, p VARCHAR(80)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    kafka.create_topic("kill9", partitions=2)
    topic_job(server, kafka)
    writers = [Writer(server, number, rng) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    produced = 0
    for _ in range(KILLS):
        kafka.produce("kill9", [(str(i), f"{i},{i * 3}") for i in range(produced, produced + 2000)])
        produced += 2000
        time.sleep(rng.random() * 0.7)
        server.kill()
        server.start()
    for writer in writers:
        writer.ended.set()
    for writer in writers:
        writer.join(120)

    scanned = server.sql("SELECT id, version FROM d.t")
    found = dict(scanned)
    assert len(found) == len(scanned), "a key is there twice"
    assert server.value("SELECT count(*) FROM d.t") == len(found)
    for writer in writers:
        assert len(writer.labels) >= KILLS / 2, "hardly anything was loaded"
        for key, version in writer.acknowledged.items():
            assert key in found and version <= found[key] <= writer.sent[key], (key, version, found.get(key), writer.sent[key])
        for label in rng.sample(writer.labels, 10):
            assert server.stream_load("d", "t", "1,1,x\n", column_separator=",", label=label)["Status"] == "Label Already Exists"
    for key in rng.sample(sorted(found), 200):
        assert server.value(f"SELECT version FROM d.t WHERE id = {key}") == found[key], "point read and scan differ"

    deadline = time.monotonic() + 60
    while server.value("SELECT count(*) FROM d.k") < produced and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    assert server.sql("SELECT count(*), count(DISTINCT id), sum(v) FROM d.k") == [(produced, produced, 3 * produced * (produced - 1) // 2)]
    statistic = json.loads(server.sql("SHOW ROUTINE LOAD FOR d.j")[0][14])
    assert statistic["lostRows"] == 0 and statistic["errorRows"] == 0

    assert server.stop() == 0
    check = subprocess.run([BINARY, "check", server.data_dir], capture_output=True, text=True, timeout=120)
    assert check.returncode == 0, check.stdout
