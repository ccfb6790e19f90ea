package main

import (
	"errors"

	"github.com/redis/go-redis/v9"
)

// world contains the server, and the processes and clients that contests have started.
type world struct {
	addr  string
	said  map[string]string // lines of the running roles
	stops []func()          // end processes and clients
}

// text is the content of most values.
const text = "what a user wrote about pears"

// client returns a client of go-redis with its default options.
func (w *world) client() *redis.Client { return w.clientAt(w.addr) }

func (w *world) clientAt(addr string) *redis.Client {
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	w.stops = append(w.stops, func() { _ = rdb.Close() })
	return rdb
}

// role returns the line that the process of a role printed. It starts the process if
// needed.
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

// errResult is returned for a competitor with a wrong result.
var errResult = errors.New("a wrong result")
