package command

import (
	"context"
	"reflect"
	"strings"
	"time"
)

// Run is [Runner.Do] with the reply decoded into a T. T is a string, []byte, bool, an
// integer, a float, any, a [time.Duration], or, of these types, a []T, a map[string]T,
// a pointer, or a struct whose fields have tags `redis:"name"`. ok is false if the
// server replies nil, if no field of the struct is in the reply, and if T is a Duration
// and the reply is negative, as that of TTL for a key without an expiry.
//
// Run converts text to numbers and numbers to text as T requires. A RESP3 double
// becomes the text that RESP2 has for it, with the fewest digits, or an integer if it
// is whole. A map and a struct accept each form in which servers send pairs: a map, a
// flat list of alternating keys and values, and a list of pairs. A Duration is read in
// seconds, and in milliseconds for commands whose names end in PTTL or PEXPIRETIME. A
// Duration inside a struct is an error, because the unit differs from field to field.
//
// If an integer does not fit, or the reply has another shape, Run returns an error that
// contains no value. The command has run in that case.
func Run[T any](ctx context.Context, r *Runner, args ...any) (v T, ok bool, err error) {
	q, err := r.request(ctx, args)
	if err != nil {
		return v, false, q.fail(err)
	}
	reply, err := r.send(ctx, q)
	if err != nil {
		return v, false, q.fail(err)
	}
	ok, err = decode(&v, reply, unitOf(q.name))
	if err != nil {
		var zero T
		return zero, false, q.fail(err)
	}
	return v, ok, nil
}

// unitOf returns the unit of the times in a command's reply.
func unitOf(name string) time.Duration {
	if strings.HasSuffix(name, "PTTL") || strings.HasSuffix(name, "PEXPIRETIME") {
		return time.Millisecond
	}
	return time.Second
}

// decode reads a reply into *v. It reports whether the reply held a value.
func decode[T any](v *T, reply any, unit time.Duration) (bool, error) {
	if reply == nil {
		return false, nil
	}
	switch v := any(v).(type) {
	case *string:
		if text, ok := reply.(string); ok {
			*v = text
			return true, nil
		}
	case *int64:
		if n, ok := reply.(int64); ok {
			*v = n
			return true, nil
		}
	}
	c := converter{unit: unit}
	err := c.set(reflect.ValueOf(v).Elem(), reply)
	return err == nil && !c.none, err
}
