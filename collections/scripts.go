package collections

import (
	_ "embed"

	"github.com/desir-go/desir/internal/script"
)

var (
	//go:embed scripts/hash_swap.lua
	hashSwapSource string
	//go:embed scripts/hash_load_or_store.lua
	hashLoadOrStoreSource string
	//go:embed scripts/hash_load_delete.lua
	hashLoadDeleteSource string
	//go:embed scripts/hash_swap_if.lua
	hashSwapIfSource string
	//go:embed scripts/hash_delete_if.lua
	hashDeleteIfSource string
	//go:embed scripts/hash_add_within.lua
	hashAddWithinSource string
	//go:embed scripts/hash_add_float.lua
	hashAddFloatSource string
	//go:embed scripts/hash_expire.lua
	hashExpireSource string
	//go:embed scripts/hash_set_ttl.lua
	hashSetTTLSource string
	//go:embed scripts/list_push_ring.lua
	listPushRingSource string
	//go:embed scripts/string_swap_if.lua
	stringSwapIfSource string
	//go:embed scripts/string_delete_if.lua
	stringDeleteIfSource string
	//go:embed scripts/walk_page.lua
	walkPageSource string
	//go:embed scripts/zset_span.lua
	zsetSpanFunction string
	//go:embed scripts/zset_page.lua
	zsetPageSource string
	//go:embed scripts/zset_remove_range.lua
	zsetRemoveRangeSource string
)

var (
	hashSwap        = script.New(hashSwapSource)
	hashLoadOrStore = script.New(hashLoadOrStoreSource)
	hashLoadDelete  = script.New(hashLoadDeleteSource)
	hashSwapIf      = script.New(hashSwapIfSource)
	hashDeleteIf    = script.New(hashDeleteIfSource)
	hashAddWithin   = script.New(hashAddWithinSource)
	hashAddFloat    = script.New(hashAddFloatSource)
	hashExpire      = script.New(hashExpireSource)
	hashSetTTL      = script.New(hashSetTTLSource)
	listPushRing    = script.New(listPushRingSource)
	stringSwapIf    = script.New(stringSwapIfSource)
	stringDeleteIf  = script.New(stringDeleteIfSource)
	walkPage        = script.New(walkPageSource)
	zsetPage        = script.New(zsetPageSource, zsetSpanFunction)
	zsetRemoveRange = script.New(zsetRemoveRangeSource, zsetSpanFunction)
)
