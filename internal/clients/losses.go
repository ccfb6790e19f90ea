package clients

import (
	"reflect"
	"runtime"
	"sync"
	"weak"

	"github.com/redis/go-redis/v9"
)

// losses counts, for each client, the values that its receivers may have lost. The state cannot
// hold the count: it is collected with the objects, and a program may read the count later.
var losses = struct {
	sync.Mutex
	rows map[any]int64 // by a weak pointer to the client, or by its value if it is no pointer
}{rows: map[any]int64{}}

// AddLost adds n to the count of the client.
func (h *Shared) AddLost(n int64) {
	row, pointer := lossesOf(h.Redis)
	losses.Lock()
	defer losses.Unlock()
	if losses.rows[row] == 0 && pointer != nil {
		runtime.AddCleanup(pointer, forgetLosses, row)
	}
	losses.rows[row] += n
}

// LostValues returns the count of a client.
func LostValues(rdb redis.UniversalClient) int64 {
	if _, err := identify(rdb); err != nil {
		return 0
	}
	row, _ := lossesOf(rdb)
	losses.Lock()
	defer losses.Unlock()
	return losses.rows[row]
}

// lossesOf returns the key of a client's count. It also returns the client if it is a pointer:
// the count is deleted when the client is collected.
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
