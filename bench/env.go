package main

import (
	"errors"

	"github.com/redis/go-redis/v9"
)

// env contains the server, and the processes and clients that contests have started.
type env struct {
	addr    string
	outputs map[string]string // lines of the running roles
	stops   []func()          // end processes and clients
}

// text is the content of most values.
const text = "what a user wrote about pears"

// client returns a client of go-redis with its default options.
func (w *env) client() *redis.Client { return w.clientAt(w.addr) }

func (w *env) clientAt(addr string) *redis.Client {
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	w.stops = append(w.stops, func() { _ = rdb.Close() })
	return rdb
}

// startedRole returns the line that the process of a role printed. It starts the process
// if needed.
func (w *env) startedRole(name, arg string) (string, error) {
	if output, ok := w.outputs[name]; ok {
		return output, nil
	}
	output, stop, err := spawn(name, arg)
	if err != nil {
		return "", err
	}
	if w.outputs == nil {
		w.outputs = map[string]string{}
	}
	w.outputs[name] = output
	w.stops = append(w.stops, stop)
	return output, nil
}

func (w *env) close() {
	for _, stop := range w.stops {
		stop()
	}
}

// errResult is returned for a competitor with a wrong result.
var errResult = errors.New("a wrong result")
