package collections

import (
	"embed"

	"github.com/desir-go/desir/internal/script"
)

//go:embed scripts/*.lua
var luaFiles embed.FS

var (
	hashSwap        = script.New(luaFiles, "hash_swap")
	hashLoadOrStore = script.New(luaFiles, "hash_load_or_store")
	hashLoadDelete  = script.New(luaFiles, "hash_load_delete")
	hashSwapIf      = script.New(luaFiles, "hash_swap_if")
	hashDeleteIf    = script.New(luaFiles, "hash_delete_if")
	hashAddWithin   = script.New(luaFiles, "hash_add_within")
	hashAddFloat    = script.New(luaFiles, "hash_add_float")
	hashExpire      = script.New(luaFiles, "hash_expire")
	hashSetTTL      = script.New(luaFiles, "hash_set_ttl")
	listPushRing    = script.New(luaFiles, "list_push_ring")
	stringSwapIf    = script.New(luaFiles, "string_swap_if")
	stringDeleteIf  = script.New(luaFiles, "string_delete_if")
	walkPage        = script.New(luaFiles, "walk_page")

	zsetPage        = script.New(luaFiles, "zset_page", script.SpanLua)
	zsetRemoveRange = script.New(luaFiles, "zset_remove_range", script.SpanLua)
)
