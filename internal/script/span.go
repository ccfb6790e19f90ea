package script

// SpanLua is the Lua function that finds the positions of a range of a sorted set.
var SpanLua = LoadFunctions(luaFiles, "zset_span")
