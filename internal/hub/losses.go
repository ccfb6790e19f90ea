package hub

import (
	"reflect"
	"runtime"
	"sync"
	"weak"

	"github.com/redis/go-redis/v9"
)

// losses counts the values that receivers of a client may have lost. It goes by the client:
// a hub is forgotten with the objects of its client, which a program may have dropped when it
// asks at its end.
var losses = struct {
	sync.Mutex
	rows map[any]int64 // by a weak pointer to the client, or for good by its value if it is no pointer
}{rows: map[any]int64{}}

// Lose counts n values.
func (h *Hub) Lose(n int64) {
	row, pointer := lossesOf(h.Client)
	losses.Lock()
	defer losses.Unlock()
	if losses.rows[row] == 0 && pointer != nil {
		runtime.AddCleanup(pointer, forgetLosses, row)
	}
	losses.rows[row] += n
}

// Lost returns how many values were counted for a client.
func Lost(rdb redis.UniversalClient) int64 {
	if _, err := identify(rdb); err != nil {
		return 0
	}
	row, _ := lossesOf(rdb)
	losses.Lock()
	defer losses.Unlock()
	return losses.rows[row]
}

// lossesOf returns the row of a client that has an identity, and the client if the row is to
// go with it.
func lossesOf(rdb redis.UniversalClient) (row any, pointer *byte) {
	if v := reflect.ValueOf(rdb); v.Kind() == reflect.Pointer {
		pointer = (*byte)(v.UnsafePointer())
		return weak.Make(pointer), pointer
	}
	return rdb, nil
}

func forgetLosses(row any) {
	losses.Lock()
	defer losses.Unlock()
	delete(losses.rows, row)
}
