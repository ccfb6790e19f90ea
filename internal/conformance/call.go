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

// marker is contained in every value that a [Subject] stores or passes. No error may
// contain it.
const marker = "pass-word-4711"

// Call is one call of one method, with valid arguments.
type Call struct {
	Op      string // name of the method
	Case    string // distinguishes several calls of one method
	Do      func(ctx context.Context) error
	Sends   string // commands that it sends when the server knows the scripts; one round trip each
	Write   bool   // the last command changes data
	Paged   bool   // the command reads one page; which command depends on the backend
	AnyType bool   // works with any type at the key
	Newer   bool   // needs commands that are newer than Redis 7.0
}

func (c Call) name() string { return strings.TrimSpace(c.Op + " " + c.Case) }

// last returns the last command, which changes data if Write is set.
func (c Call) last() string {
	all := strings.Fields(c.Sends)
	return all[len(all)-1]
}

// reads returns a call that only reads. writes returns a call that writes.
func reads(op, sends string, do func(ctx context.Context) error) Call {
	return Call{Op: op, Sends: sends, Do: do}
}

func writes(op, sends string, do func(ctx context.Context) error) Call {
	return Call{Op: op, Sends: sends, Do: do, Write: true}
}

func readsPage(op, sends string, do func(ctx context.Context) error) Call {
	return Call{Op: op, Sends: sends, Do: do, Paged: true}
}

// named sets the case of a call.
func (c Call) named(what string) Call {
	c.Case = what
	return c
}

// ofAnyType marks a call that works with any type at the key.
func (c Call) ofAnyType() Call {
	c.AnyType = true
	return c
}

// needsNewer marks a call that needs a server newer than Redis 7.0.
func (c Call) needsNewer() Call {
	c.Newer = true
	return c
}

// unsupported reports whether the server lacks the commands of the call.
func (c Call) unsupported(ctx context.Context, raw redis.UniversalClient) bool {
	return c.Newer && strings.Contains(fmt.Sprint(raw.HPTTL(ctx, "none", "none").Err()), "unknown command")
}

// Subject describes a type for the tests of failures and cost.
type Subject struct {
	Name   string // name of the tests
	Type   string // name of the type in errors, such as "collections.Map"
	Kind   string // Redis type of the key: "hash", "set", "zset", "list", "string"
	Object any    // a pointer to an object, if Calls must contain all of its methods

	Keyless bool // without a client its errors name no key

	// Calls returns calls of every method of an object. Each call has an effect or a
	// result after Fill has filled the key. If a call uses other objects, their names
	// begin with name.
	Calls func(rdb redis.UniversalClient, name string) []Call
	Fill  func(ctx context.Context, raw redis.UniversalClient, name string) error

	Zero        func() []Call                                         // calls of a zero object
	Unencodable []func(rdb redis.UniversalClient, name string) []Call // calls of objects whose types cannot be encoded
}

// checkError checks the promises for the error of every call: it is an OpError with the
// operation and the key, it is not redis.Nil, and its text does not contain the value.
func (s Subject) checkError(t *testing.T, c Call, key string, err error) {
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
		t.Errorf("%s: redis.Nil was returned: %v", c.name(), err)
	}
	if strings.Contains(err.Error(), marker) {
		t.Errorf("%s: the error shows the value: %v", c.name(), err)
	}
}

// baseObject contains the methods that every type has.
type baseObject interface {
	Key() string
	Exists(ctx context.Context) (bool, error)
	Clear(ctx context.Context) error
}

// object contains the methods of every type whose expiry the user sets.
type object interface {
	baseObject
	Expire(ctx context.Context, d time.Duration) (bool, error)
	ExpireAt(ctx context.Context, t time.Time) (bool, error)
	Persist(ctx context.Context) (bool, error)
	TTL(ctx context.Context) (time.Duration, bool, error)
}

// baseCalls returns calls of the methods of baseObject.
func baseCalls(o baseObject) []Call {
	return []Call{
		reads("Exists", "exists", func(ctx context.Context) error { return second(o.Exists(ctx)) }).ofAnyType(),
		writes("Clear", "evalsha", o.Clear).ofAnyType(),
	}
}

func objectCalls(o object) []Call {
	return append([]Call{
		reads("TTL", "pttl", func(ctx context.Context) error { return third(o.TTL(ctx)) }).ofAnyType(),
		writes("Expire", "pexpire", func(ctx context.Context) error { return second(o.Expire(ctx, time.Hour)) }).ofAnyType(),
		writes("ExpireAt", "pexpireat", func(ctx context.Context) error { return second(o.ExpireAt(ctx, time.Unix(4e9, 0))) }).ofAnyType(),
		writes("Persist", "persist", func(ctx context.Context) error { return second(o.Persist(ctx)) }).ofAnyType(),
	}, baseCalls(o)...)
}

// second and third return the error of a call.
func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }
