#!/usr/bin/env bash
# Writes lua.golden: what the cmsgpack of Redis' own Lua writes. Port: $1, or 6379.
set -euo pipefail
script='
local out = {}
local function add(name, v)
  out[#out + 1] = name .. "\t" .. (cmsgpack.pack(v):gsub(".", function(c) return string.format("%02x", string.byte(c)) end))
end
local function repeated(n) return string.rep("x", n) end
add("nil", nil) add("true", true) add("false", false)
for _, n in ipairs({0, 1, 127, 128, 255, 256, 65535, 65536, 2147483647, 2147483648, 4294967295, 4294967296, 9007199254740992,
  -1, -32, -33, -128, -129, -32768, -32769, -2147483648, -2147483649, -9007199254740992}) do add("int " .. string.format("%.0f", n), n) end
add("float 1.5", 1.5) add("float -0.1", -0.1) add("float 1e300", 1e300) add("float inf", math.huge) add("float -inf", -math.huge)
add("text empty", "") add("text", "é€😀") add("text 31", repeated(31)) add("text 32", repeated(32)) add("text 300", repeated(300))
add("binary", "\0\255")
local twenty, keys = {}, {}
for i = 0, 19 do twenty[i + 1] = i; keys["k" .. i] = i end
add("array empty", {}) add("array 20", twenty)
add("map empty", {}) add("map", {a = 1, b = {true}}) add("map 20", keys) add("map of ints", {[1] = "a", [2] = "b", [4] = "d"})
add("nested", {user = {name = "Ada", tags = {"x"}}, list = {{id = 1}, {id = 2}}, none = {}})
add("order", {ID = 300, Total = 12.5, Paid = true, Tags = {"gift"}, Attrs = {}, Blob = "\0\255", Count = {a = 1}})
return out'
cli() { redis-cli -p "${1:-6379}" "${@:2}"; }
version=$(cli "${1:-6379}" INFO server | tr -d '\r' | sed -n 's/^redis_version://p')
{
  echo "# cmsgpack of Redis $version"
  cli "${1:-6379}" --raw EVAL "$script" 0
} > lua.golden
