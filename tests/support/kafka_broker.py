"""A real Kafka broker (scripts/kafka) for tests."""
import pathlib
import subprocess

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

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

    def create_topic(self, topic, partitions=1, **config):
        new = NewTopic(topic, partitions, 1, config={name: str(value) for name, value in config.items()})
        admin = AdminClient({"bootstrap.servers": self.address})
        admin.create_topics([new])[topic].result(30)

    def delete_topic(self, topic):
        admin = AdminClient({"bootstrap.servers": self.address})
        admin.delete_topics([topic])[topic].result(30)

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

    def _run(self, command, *arguments):
        done = subprocess.run([SCRIPT, command, "--dir", self.folder, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
