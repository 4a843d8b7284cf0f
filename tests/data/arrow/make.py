"""Makes the Arrow streams of this folder; needs pyarrow (21 made those that are here).

  python3 tests/data/arrow/make.py
"""
import datetime
import decimal
import pathlib

import pyarrow as pa

HERE = pathlib.Path(__file__).parent
D = decimal.Decimal


def write(name, *batches, **options):
    with pa.ipc.new_stream(HERE / f"{name}.arrows", batches[0].schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        for batch in batches:
            stream.write_batch(batch)


def column(values, type):
    return pa.array(values, type)


many = pa.record_batch({
    "id": column([1, 2, 3], pa.int64()),
    "u8": column([255, None, 0], pa.uint8()),
    "u64": column([2**64 - 1, 0, None], pa.uint64()),
    "i16": column([-32768, None, 7], pa.int16()),
    "f32": column([0.1, None, float("inf")], pa.float32()),
    "f64": column([3.0, -2.7, 1e300], pa.float64()),
    "flag": column([True, False, None], pa.bool_()),
    "dec": column([D("1.50"), None, D("-12345678901234567890.99")], pa.decimal128(30, 2)),
    "day": column([datetime.date(2026, 1, 2), None, datetime.date(1969, 12, 31)], pa.date32()),
    "day64": column([datetime.date(2026, 1, 2), None, datetime.date(1969, 12, 31)], pa.date64()),
    "sec": column([1767323045, None, -1], pa.timestamp("s")),
    "ms": column([1767323045678, None, -1], pa.timestamp("ms", tz="Europe/Berlin")),
    "ns": column([1767323045678901234, None, -1], pa.timestamp("ns")),
    "t": column([datetime.time(3, 4, 5, 250000), None, datetime.time(0)], pa.time64("us")),
    "text": column(["é", "", None], pa.utf8()),
    "large": column(["a", None, "long text " * 3], pa.large_utf8()),
    "bin": column([b"\xff", b"ok", None], pa.binary()),
    "fixed": column([b"ab", b"cd", None], pa.binary(2)),
    "none": column([None, None, None], pa.null()),
    "cat": column(["x", None, "y"], pa.utf8()).dictionary_encode(),
    "list": column([[1, 2], None, []], pa.list_(pa.int32())),
    "struct": column([{"a": 1, "b": "x"}, None, {"a": None, "b": None}], pa.struct({"a": pa.int32(), "b": pa.utf8()})),
    "last": column(["l1", "l2", "l3"], pa.utf8()),
})
write("types", many)
write("types_lz4", many, compression="lz4")
write("types_zstd", many, compression="zstd")

rows = [pa.record_batch({"id": column(range(first, first + 400), pa.int32()),
                         "text": column([f"text {i % 7}" for i in range(first, first + 400)], pa.utf8())})
        for first in (0, 400, 800)]
write("batches", *rows)
write("empty", rows[0].slice(0, 0))
old = pa.ipc.IpcWriteOptions(use_legacy_format=True, metadata_version=pa.ipc.MetadataVersion.V4)
with pa.ipc.new_stream(HERE / "legacy.arrows", rows[0].schema, options=old) as stream:
    stream.write_batch(rows[0].slice(0, 3))

words = [pa.array(w).dictionary_encode() for w in (["a", "b"], ["a", "b", "c"], ["z"])]
parts = [pa.record_batch({"id": column(range(first, first + len(part)), pa.int32()), "text": part})
         for first, part in zip((0, 10, 20), words)]
write("dictionary_deltas", *parts[:2], emit_dictionary_deltas=True)
write("dictionary_replaced", *parts)

with pa.ipc.new_file(HERE / "file.arrow", rows[0].schema) as file:
    file.write_batch(rows[0].slice(0, 3))
