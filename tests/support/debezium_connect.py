"""Kafka Connect (standalone) with Debezium's PostgreSQL connector, for tests; scripts/kafka fetch-connect has fetched it."""
import pathlib
import subprocess

from support.free_port import free_port
from support.freshet_server import ROOT

STOP_SECONDS_MAX = 60


class DebeziumConnect:
    """Copies tables of a PostgresServer into topics of a KafkaBroker: prefix.schema.table. One process."""

    def __init__(self, folder, kafka, postgres, prefix, tables, schemas, partitions=3):
        """`tables`: regular expressions of schema.table; `schemas`: whether each message carries its schema."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        jars = sorted((ROOT / ".deps" / "kafka-connect").glob("*/plugins/complete"))
        assert jars, "there is no Kafka Connect in .deps: run scripts/setup --full"
        self.jars = jars[-1].parent.parent
        port = free_port()
        converter = "org.apache.kafka.connect.json.JsonConverter"
        self._write("worker.properties", {
            "bootstrap.servers": kafka.address, "listeners": f"http://127.0.0.1:{port}", "plugin.path": self.jars / "plugins",
            "key.converter": converter, "key.converter.schemas.enable": str(schemas).lower(),
            "value.converter": converter, "value.converter.schemas.enable": str(schemas).lower(),
            "offset.storage.file.filename": self.folder / "offsets", "offset.flush.interval.ms": 1000})
        self._write("connector.properties", {
            "name": "mirror", "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "tasks.max": 1,
            "plugin.name": "pgoutput", "database.hostname": "127.0.0.1", "database.port": postgres.port,
            "database.user": "postgres", "database.password": "none", "database.dbname": "postgres", "topic.prefix": prefix,
            "table.include.list": ",".join(tables), "publication.autocreate.mode": "filtered", "poll.interval.ms": 50,
            "decimal.handling.mode": "precise" if schemas else "string",
            "topic.creation.default.partitions": partitions, "topic.creation.default.replication.factor": 1})
        self.process = None

    def start(self):
        command = ["java", "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                   "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{self.jars}/*",
                   "org.apache.kafka.connect.cli.ConnectStandalone", self.folder / "worker.properties",
                   self.folder / "connector.properties"]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def log_tail(self, lines=20):
        return "\n".join((self.folder / "log").read_text(errors="replace").splitlines()[-lines:])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _write(self, name, settings):
        (self.folder / name).write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
