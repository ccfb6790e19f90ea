"""A client of docs/wire.md, with nothing but Python 3: client.py HOST:PORT SERVICE SCRIPTS"""
import secrets, socket, struct, sys, time

class Redis:
    def __init__(self, addr):
        host, port = addr.rsplit(":", 1)
        self.file = socket.create_connection((host, int(port)), 20).makefile("rwb")

    def __call__(self, *args):
        args = [a if isinstance(a, bytes) else str(a).encode() for a in args]
        self.file.write(b"*%d\r\n" % len(args) + b"".join(b"$%d\r\n%s\r\n" % (len(a), a) for a in args))
        self.file.flush()
        return self.reply()

    def reply(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"-": raise Exception(rest.decode())
        if kind == b"+": return rest
        if kind == b":": return int(rest)
        if int(rest) < 0: return None
        if kind == b"*": return [self.reply() for _ in range(int(rest))]
        return self.file.read(int(rest) + 2)[:-2]

def pack(v):
    head = lambda n, short, most, b8, b16: bytes([short | n]) if n < most else struct.pack(">BB", b8, n) if b8 and n < 256 else struct.pack(">BH", b16, n)
    if v is None: return b"\xc0"
    if isinstance(v, int): return bytes([v]) if 0 <= v < 128 else struct.pack(">BQ", 0xcf, v) if v >= 0 else struct.pack(">Bq", 0xd3, v)
    if isinstance(v, str): return head(len(v.encode()), 0xa0, 32, 0xd9, 0xda) + v.encode()
    if isinstance(v, bytes): return head(len(v), 0, 0, 0xc4, 0xc5) + v
    if isinstance(v, list): return head(len(v), 0x90, 16, 0, 0xdc) + b"".join(map(pack, v))
    return head(len(v), 0x80, 16, 0, 0xde) + b"".join(pack(k) + pack(e) for k, e in v.items())

def unpack(b, i=0):  # returns a value, and where the next one begins
    c, i = b[i], i + 1
    number = lambda form: (struct.unpack_from(">" + form, b, i)[0], i + struct.calcsize(form))
    if c < 0x80 or c >= 0xe0: return (c if c < 0x80 else c - 256), i
    if c in (0xc0, 0xc2, 0xc3): return {0xc0: None, 0xc2: False, 0xc3: True}[c], i
    if 0xca <= c <= 0xd3: return number("fdBHIQbhiq"[c - 0xca])
    n = c & (0x1f if 0xa0 <= c < 0xc0 else 0x0f)
    if c >= 0xc4: n, i = number({0xc4: "B", 0xc5: "H", 0xc6: "I", 0xd9: "B", 0xda: "H", 0xdb: "I", 0xdc: "H", 0xdd: "I", 0xde: "H", 0xdf: "I"}[c])
    if 0xa0 <= c < 0xc0 or 0xd9 <= c <= 0xdb: return b[i:i + n].decode(), i + n
    if 0xc4 <= c <= 0xc6: return b[i:i + n], i + n
    all, pairs = [], c < 0x90 or c >= 0xde
    for _ in range(2 * n if pairs else n):
        v, i = unpack(b, i)
        all.append(v)
    return (dict(zip(all[::2], all[1::2])) if pairs else all), i

redis, service, scripts = Redis(sys.argv[1]), sys.argv[2], sys.argv[3]
inbox, calls = "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(26)), 0
part = lambda name: "{" + service + "}:" + name
script = lambda names, *args: redis("EVAL", "".join(open(f"{scripts}/{name}.lua").read() for name in names.split()), *args)

def call(method, word, value, seconds=10):
    global calls
    calls += 1
    script("inbox", 1, "desir:inbox:" + inbox, 300000, "first")
    frame = pack([1, inbox, calls, method, word, 0, {"lang": "py"}, pack(value)])
    stored, _ = script("call", 2, service, part("alive"), 86400000, frame)
    if stored != 1: return "not run: " + ("no workers" if stored < 0 else "overloaded")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        streams = redis("XREAD", "COUNT", 256, "BLOCK", 1000, "STREAMS", "desir:inbox:" + inbox, "0-0") or [[0, []]]
        for entry, (field, data) in streams[0][1]:
            redis("XDEL", "desir:inbox:" + inbox, entry)
            i = 0
            while field == b"1" and i < len(data):
                (one, state, body), i = unpack(data, i)
                body = unpack(body)[0]
                if one == calls: return body if state == 0 else "code {} of {}: {}".format(body[0], body[2], body[1])
    redis("PUBLISH", part("cancel"), pack([inbox, calls]))
    return "perhaps run: no result in time"

now, workers, lost = script("clock check", 2, part("workers"), part("ended"))
print(workers, "workers")
print(call("Sum", "[int]>int", [10, 20, 30, 40, 50]))
print(call("Divide", "any>any", [1, 0]))
print(call("Sum", "text>int", "ten"))
