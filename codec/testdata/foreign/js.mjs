// Writes js.golden or msgpackr.golden: what @msgpack/msgpack or msgpackr writes.
import { createRequire } from "node:module";
import { writeFileSync, readFileSync } from "node:fs";

const name = process.argv[2];
const require = createRequire(process.cwd() + "/");
const lib = require(name);
const pack = lib.encode ?? lib.pack;
const file = name === "msgpackr" ? "msgpackr.golden" : "js.golden";
const version = JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;

const at = new Date("2024-02-29T12:30:00Z");
const values = { nil: null, true: true, false: false };
for (const n of [0, 1, 127, 128, 255, 256, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1,
  -1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53) + 1]) {
  values[`int ${n}`] = n;
}
Object.assign(values, {
  "float 0": 0, "float 1": 1, "float 1.5": 1.5, "float -0.1": -0.1, "float 1e300": 1e300,
  "float inf": Infinity, "float -inf": -Infinity, "float nan": NaN,
  "text empty": "", text: "é€😀", "text 31": "x".repeat(31), "text 32": "x".repeat(32), "text 300": "x".repeat(300),
  "binary empty": new Uint8Array(), binary: new Uint8Array([0, 255]), "binary 300": new Uint8Array(300).fill(255),
  "array empty": [], array: [1, "a", null], "array 20": [...Array(20).keys()],
  "map empty": {}, map: { a: 1, b: [true] }, "map 20": Object.fromEntries([...Array(20).keys()].map((i) => [`k${i}`, i])),
  nested: { user: { name: "Ada", tags: ["x"] }, list: [{ id: 1 }, { id: 2 }], none: [] },
  time: at, "time millis": new Date(1709209800123), "time old": new Date(Date.UTC(1600, 0, 1)),
  order: { ID: 300, Total: 12.5, Paid: true, Tags: ["gift"], Attrs: {}, Note: null, At: at, Blob: new Uint8Array([0, 255]), Count: { a: 1 } },
  undefined: undefined, "undefined in a map": { a: undefined, b: 1 },
});
if (name === "msgpackr") {
  values["map of ints"] = new Map([[1, "a"], [2, "b"]]);
  values["int 18446744073709551615"] = 2n ** 64n - 1n;
  values["int -9223372036854775808"] = -(2n ** 63n);
}
let out = `# ${name} ${version}, Node.js ${process.version}\n`;
for (const [key, v] of Object.entries(values)) {
  out += key + "\t" + Buffer.from(pack(v)).toString("hex") + "\n";
}
if (name === "msgpackr") { // with shared structures a record is no map
  out += "record\t" + Buffer.from(new lib.Packr({ structures: [] }).pack({ ID: 300 })).toString("hex") + "\n";
}
writeFileSync(file, out);
