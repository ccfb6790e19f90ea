package main

import (
	"errors"

	"github.com/redis/go-redis/v9"
)

// world is the server, and the processes and clients that contests have asked for.
type world struct {
	addr  string
	said  map[string]string // by the roles that play
	stops []func()          // of what has to end
}

// text is what most values are.
const text = "what a user wrote about pears"

// client returns a client of go-redis with its default options.
func (w *world) client() *redis.Client { return w.clientAt(w.addr) }

func (w *world) clientAt(addr string) *redis.Client {
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	w.stops = append(w.stops, func() { _ = rdb.Close() })
	return rdb
}

// role returns what a process said that plays a role, and starts it first if need be.
func (w *world) role(name, arg string) (string, error) {
	if said, ok := w.said[name]; ok {
		return said, nil
	}
	said, stop, err := cast(name, arg)
	if err != nil {
		return "", err
	}
	if w.said == nil {
		w.said = map[string]string{}
	}
	w.said[name] = said
	w.stops = append(w.stops, stop)
	return said, nil
}

func (w *world) close() {
	for _, stop := range w.stops {
		stop()
	}
}

// errResult is a competitor's that does not do what it should.
var errResult = errors.New("a wrong result")
