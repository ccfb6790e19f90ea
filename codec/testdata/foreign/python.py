# Writes python.golden: what the msgpack library of Python writes.
import datetime
import sys

import msgpack

at = datetime.datetime(2024, 2, 29, 12, 30, 0, tzinfo=datetime.timezone.utc)
values = {
    "nil": None, "true": True, "false": False,
    **{f"int {n}": n for n in [0, 1, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**64 - 1,
                               -1, -32, -33, -128, -129, -32768, -32769, -2**31, -2**31 - 1, -2**53, -2**63]},
    "float 0": 0.0, "float 1": 1.0, "float 1.5": 1.5, "float -0.1": -0.1, "float 1e300": 1e300,
    "float inf": float("inf"), "float -inf": float("-inf"), "float nan": float("nan"),
    "text empty": "", "text": "é€😀", "text 31": "x" * 31, "text 32": "x" * 32, "text 300": "x" * 300,
    "binary empty": b"", "binary": b"\x00\xff", "binary 300": b"\xff" * 300,
    "array empty": [], "array": [1, "a", None], "array 20": list(range(20)),
    "map empty": {}, "map": {"a": 1, "b": [True]}, "map 20": {f"k{i}": i for i in range(20)}, "map of ints": {1: "a", 2: "b"},
    "nested": {"user": {"name": "Ada", "tags": ["x"]}, "list": [{"id": 1}, {"id": 2}], "none": []},
    "time": at, "time nanos": msgpack.Timestamp(1709209800, 123456789), "time old": datetime.datetime(1600, 1, 1, tzinfo=datetime.timezone.utc),
    "order": {"ID": 300, "Total": 12.5, "Paid": True, "Tags": ["gift"], "Attrs": {}, "Note": None, "At": at, "Blob": b"\x00\xff", "Count": {"a": 1}},
}
with open("python.golden", "w") as out:
    print(f"# msgpack {'.'.join(map(str, msgpack.version))}, Python {sys.version.split()[0]}", file=out)
    for name, v in values.items():
        print(name + "\t" + msgpack.packb(v, datetime=True).hex(), file=out)
