"""A real Kafka broker (scripts/kafka) for tests."""
import os
import pathlib
import signal
import socket
import subprocess
import time

from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

SCRIPT = pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "kafka"


class KafkaBroker:
    def __init__(self, folder, options=None):
        self.folder = pathlib.Path(folder)
        self.options = dict(options or {})
        self.port = 0

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        """Starts it, or starts it again on the same port and data."""
        options = [word for name, value in self.options.items() for word in ("--option", f"{name}={value}")]
        self._run("start", "--port", str(self.port), *options)
        self.port = int((self.folder / "port").read_text())
        return self

    def stop(self):
        self._run("stop")

    def kill(self):
        """SIGKILL, as a crash; start() brings it back."""
        self.signal(signal.SIGKILL)
        deadline = time.monotonic() + 30
        # The first of its threads may be gone for a while before the last one closes the port.
        while self.is_alive() or self._listens():
            assert time.monotonic() < deadline, "the broker outlives SIGKILL"
            time.sleep(0.01)

    def signal(self, number):
        os.kill(self.process_id, number)

    def is_alive(self):
        """Whether its process runs; a killed one listens until it is a zombie or gone."""
        try:
            state = pathlib.Path(f"/proc/{self.process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return state not in ("Z", "X")

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def process_id(self):
        return int((self.folder / "pid").read_text())

    def create_topic(self, topic, partitions=1, **config):
        """Also right after delete_topic(), which takes the broker a moment."""
        new = NewTopic(topic, partitions, 1, config={name: str(value) for name, value in config.items()})
        admin = self._admin()
        deadline = time.monotonic() + 30
        while True:
            try:
                return admin.create_topics([new])[topic].result(30)
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def delete_topic(self, topic):
        admin = self._admin()
        admin.delete_topics([topic])[topic].result(30)

    def add_partitions(self, topic, partitions):
        admin = self._admin()
        admin.create_partitions([NewPartitions(topic, partitions)])[topic].result(30)

    def delete_records(self, topic, below):
        """Removes the records below an offset of each partition, as retention does: {partition: offset}."""
        wanted = [TopicPartition(topic, partition, offset) for partition, offset in below.items()]
        admin = self._admin()
        for done in admin.delete_records(wanted).values():
            done.result(30)

    def produce(self, topic, messages, partition=None):
        """Sends values, or (key, value) pairs, and waits until the broker has them all. To one partition, or by key."""
        failures = []
        # Without idempotence a retry may put earlier messages of a partition behind later ones.
        producer = Producer({"bootstrap.servers": self.address, "linger.ms": 5, "queue.buffering.max.messages": 1_000_000,
                             "enable.idempotence": True})
        place = {} if partition is None else {"partition": partition}
        for message in messages:
            key, value = message if isinstance(message, tuple) else (None, message)
            while True:
                try:
                    producer.produce(topic, value, key, on_delivery=lambda error, _: error and failures.append(error), **place)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        producer.flush(120)
        assert not failures, failures[:3]

    def _admin(self):
        """Its futures end with it: keep it until they are done."""
        return AdminClient({"bootstrap.servers": self.address, "log_level": 3})

    def _run(self, command, *arguments):
        done = subprocess.run([SCRIPT, command, "--dir", self.folder, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
