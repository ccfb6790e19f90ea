package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
)

// marker stands in every value that a [Subject] stores or passes. It must not
// be found in any error.
const marker = "pass-word-4711"

// Call is one call of one method, with valid arguments.
type Call struct {
	Op    string // the method
	Case  string // which call of the method, if there are several
	Do    func(ctx context.Context) error
	Sends string // the commands that leave when the server knows the scripts; one round trip each
	Write bool   // the last command changes something
	Walk  bool   // the command is one page, asked for in the backend's way
	Any   bool   // works whatever the key holds
	Newer bool   // needs commands that Redis 7.0 lacks
}

func (c Call) name() string { return strings.TrimSpace(c.Op + " " + c.Case) }

// last is the command that may be lost after it was executed.
func (c Call) last() string {
	all := strings.Fields(c.Sends)
	return all[len(all)-1]
}

// look is a call that changes nothing, change one that does.
func look(op, sends string, do func(ctx context.Context) error) Call {
	return Call{Op: op, Sends: sends, Do: do}
}

func change(op, sends string, do func(ctx context.Context) error) Call {
	return Call{Op: op, Sends: sends, Do: do, Write: true}
}

func page(op, sends string, do func(ctx context.Context) error) Call {
	return Call{Op: op, Sends: sends, Do: do, Walk: true}
}

// as names the case of a call.
func (c Call) as(what string) Call {
	c.Case = what
	return c
}

// whatever marks a call that does not mind what the key holds.
func (c Call) whatever() Call {
	c.Any = true
	return c
}

// newer marks a call that a server of the baseline cannot serve.
func (c Call) newer() Call {
	c.Newer = true
	return c
}

// lacking reports whether the server cannot serve the call.
func (c Call) lacking(ctx context.Context, raw redis.UniversalClient) bool {
	return c.Newer && strings.Contains(fmt.Sprint(raw.HPTTL(ctx, "none", "none").Err()), "unknown command")
}

// Subject is a type as the tests of failures and cost see it.
type Subject struct {
	Name string // of the tests
	Type string // as in errors: "collections.Map"
	Kind string // what the key holds: "hash", "set", "zset", "list", "string"
	Of   any    // a pointer to an object, if Calls should have all of its methods

	// Calls returns calls of every method of an object, each of which has
	// something to do when Fill has filled the key. The names of the other
	// objects in it begin with this one's.
	Calls func(rdb redis.UniversalClient, name string) []Call
	Fill  func(ctx context.Context, raw redis.UniversalClient, name string) error

	Zero        func() []Call                                         // of an object that no constructor made
	Unencodable []func(rdb redis.UniversalClient, name string) []Call // of objects of types without a form
}

// refused checks what holds for the error of every call: it is an OpError that
// names the operation and the key, redis.Nil does not leave, and no value is
// in the text.
func (s Subject) refused(t *testing.T, c Call, key string, err error) {
	t.Helper()
	op, ok := err.(*desir.OpError)
	switch {
	case err == nil:
		t.Errorf("%s: no error", c.name())
		return
	case !ok:
		t.Errorf("%s: error %T, want *OpError: %v", c.name(), err, err)
	case op.Op != s.Type+"."+c.Op || op.Key != key:
		t.Errorf("%s: error of %q at %q, want %q at %q", c.name(), op.Op, op.Key, s.Type+"."+c.Op, key)
	}
	if errors.Is(err, redis.Nil) {
		t.Errorf("%s: redis.Nil left: %v", c.name(), err)
	}
	if strings.Contains(err.Error(), marker) {
		t.Errorf("%s: the error shows the value: %v", c.name(), err)
	}
}

// lasting is what every type has.
type lasting interface {
	Key() string
	Exists(ctx context.Context) (bool, error)
	Clear(ctx context.Context) error
}

// object is what is embedded in every type whose expiry is the user's.
type object interface {
	lasting
	Expire(ctx context.Context, d time.Duration) (bool, error)
	ExpireAt(ctx context.Context, t time.Time) (bool, error)
	Persist(ctx context.Context) (bool, error)
	TTL(ctx context.Context) (time.Duration, bool, error)
}

// lastingCalls are the calls of the methods that every type has.
func lastingCalls(o lasting) []Call {
	return []Call{
		look("Exists", "exists", func(ctx context.Context) error { return second(o.Exists(ctx)) }).whatever(),
		change("Clear", "evalsha", o.Clear).whatever(),
	}
}

func objectCalls(o object) []Call {
	return append([]Call{
		look("TTL", "pttl", func(ctx context.Context) error { return third(o.TTL(ctx)) }).whatever(),
		change("Expire", "pexpire", func(ctx context.Context) error { return second(o.Expire(ctx, time.Hour)) }).whatever(),
		change("ExpireAt", "pexpireat", func(ctx context.Context) error { return second(o.ExpireAt(ctx, time.Unix(4e9, 0))) }).whatever(),
		change("Persist", "persist", func(ctx context.Context) error { return second(o.Persist(ctx)) }).whatever(),
	}, lastingCalls(o)...)
}

// second and third pick the error out of the results of a call.
func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }
