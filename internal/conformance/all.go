package conformance

import (
	"strings"
	"testing"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// Type is a type of this module, with what its tests need to run everywhere.
type Type struct {
	Name  string   // as in errors: "collections.Map"
	Parts []string // other types that the suite covers
	Suite func(*testing.T, *redistest.Redis)

	// Subjects are its methods as data.
	Subjects []Subject

	// open returns an object whose key has all the methods of desir.Object, and kind is the
	// Redis type at the key. nil: it has several keys, or not all of these methods.
	open func(rdb client, name string) object
	kind string
}

// Split returns the package and the name of a type: "collections" and "Map".
func (t Type) Split() (pkg, name string) {
	pkg, name, _ = strings.Cut(t.Name, ".")
	return pkg, name
}

// All returns every type that has a key or a client. It is the only list of them: this
// package, the module integration and the tests of desir.Object read it.
func All() []Type {
	return []Type{
		{
			Name: "collections.Map", Suite: Map, Subjects: []Subject{mapSubject(), addSubject()}, kind: "hash",
			open: func(rdb client, name string) object { return collections.NewMap[string, string](rdb, name) },
		},
		{
			Name: "collections.Set", Suite: Set, Subjects: []Subject{setSubject()}, kind: "set",
			open: func(rdb client, name string) object { return collections.NewSet[string](rdb, name) },
		},
		{
			Name: "collections.SortedSet", Suite: SortedSet, Subjects: []Subject{sortedSubject()}, kind: "zset",
			open: func(rdb client, name string) object { return collections.NewSortedSet[string](rdb, name) },
		},
		{
			Name: "collections.List", Suite: List, Subjects: []Subject{listSubject(), ringSubject()}, kind: "list",
			open: func(rdb client, name string) object { return collections.NewList[string](rdb, name) },
		},
		{
			Name: "collections.Value", Suite: Value, Subjects: []Subject{valueSubject()}, kind: "string",
			open: func(rdb client, name string) object { return collections.NewValue[string](rdb, name) },
		},
		{
			Name: "counter.Counter", Suite: Counter, Subjects: []Subject{counterSubject(), startSubject()}, kind: "string",
			open: func(rdb client, name string) object { return counter.New(rdb, name) },
		},
		{
			Name: "counter.IDs", Suite: IDs, Subjects: []Subject{idsSubject()}, kind: "string",
			open: func(rdb client, name string) object { return counter.NewIDs(rdb, name, 5) },
		},
		{
			Name: "counter.Bounded", Suite: Bounded, Subjects: []Subject{boundedSubject()}, kind: "string",
			open: func(rdb client, name string) object { return counter.NewBounded(rdb, name, 0, 9) },
		},
		{Name: "counter.Window", Suite: Window, Subjects: []Subject{windowSubject()}},
		{Name: "counter.Sharded", Suite: Sharded, Subjects: []Subject{shardedSubject()}},
		{Name: "channel.Chan", Suite: Chan},
		{Name: "channel.PriorityQueue", Suite: PriorityQueue},
		{Name: "channel.Mailbox", Suite: Mailbox},
		{Name: "channel.Topic", Parts: []string{"channel.Pattern", "channel.Sub"}, Suite: Topic},
		{Name: "lock.Mutex", Parts: []string{"lock.Lease"}, Suite: Mutex},
		{Name: "lock.Semaphore", Suite: Semaphore},
		{Name: "lock.RWMutex", Suite: RWMutex},
		{Name: "lock.Leader", Suite: Leader},
		{Name: "command.Runner", Parts: []string{"command.Session"}, Suite: Runner},
		{Name: "rpc.Server", Parts: []string{"rpc.Client", "rpc.Method"}, Suite: RPC},
		{Name: "desir.Object", Suite: Object},
	}
}

// Subjects returns the subjects of all types, and that of desir.Atomic.
func Subjects() (all []Subject) {
	all = append(all, atomicSubject())
	for _, t := range All() {
		all = append(all, t.Subjects...)
	}
	return all
}
