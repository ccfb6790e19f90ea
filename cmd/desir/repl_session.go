package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/command"
)

// connState is the state of a session's connection that the prompt shows.
type connState struct {
	db      int
	changed bool // db differs from the URL's
	multi   bool // a transaction is open
}

// ask runs a command on the session's connection. A cluster has no such connection, so
// commands that change a connection are refused there.
func (r *repl) ask(ctx context.Context, words []string) (command.Reply, error) {
	if _, cluster := r.rdb.(*redis.ClusterClient); cluster {
		if c, ok := lookup(r.spec, words); ok && slices.Contains(connectionCommands, c.Name) {
			return command.Reply{}, fmt.Errorf("%s changes the state of a connection, and a cluster has several; use the URL of one node", c.Name)
		}
		return sendCommand(ctx, r.runner, words)
	}
	if r.session == nil {
		s, err := r.runner.Session(ctx)
		if err != nil {
			return command.Reply{}, err
		}
		r.session = s
	}
	reply, err := sendCommand(ctx, r.session, words)
	r.trackState(words, err)
	if !r.session.Ended() {
		return reply, err
	}
	before := r.state
	if closing := r.endSession(); err == nil {
		err = closing
	}
	if err != nil && (before.changed || before.multi) {
		err = fmt.Errorf("%w; the session's connection was lost, with its transaction and database", err)
	}
	return reply, err
}

// endSession closes the session's connection. The next command opens another.
func (r *repl) endSession() error {
	if r.session == nil {
		return nil
	}
	s := r.session
	r.session, r.state = nil, connState{}
	return s.Close()
}

// trackState updates the state after a command.
func (r *repl) trackState(words []string, err error) {
	if err != nil {
		if strings.EqualFold(words[0], "exec") { // if refused or aborted, it ends the transaction
			var reply redis.Error
			r.state.multi = r.state.multi && !errors.As(err, &reply)
		}
		return
	}
	switch strings.ToUpper(words[0]) {
	case "MULTI":
		r.state.multi = true
	case "EXEC", "DISCARD":
		r.state.multi = false
	case "RESET":
		r.state = connState{changed: true}
	case "SELECT":
		if n, err := strconv.Atoi(words[1]); err == nil && !r.state.multi {
			r.state.db, r.state.changed = n, true
		}
	}
}

// connectionCommands lists commands that change the state of their connection.
var connectionCommands = []string{
	"ASKING", "AUTH", "CLIENT CACHING", "CLIENT NO-EVICT", "CLIENT NO-TOUCH", "CLIENT REPLY", "CLIENT TRACKING", "DISCARD", "EXEC", "HELLO",
	"MULTI", "READONLY", "READWRITE", "RESET", "SELECT", "UNWATCH", "WATCH",
}
