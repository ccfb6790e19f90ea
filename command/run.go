package command

import (
	"context"
	"reflect"
	"strings"
	"time"
)

// Run is [Runner.Do] with an answer of a type: a string, []byte, bool, an integer, a float, any, a
// time.Duration, or of these a []T, a map[string]T, a pointer, or a struct whose fields have tags `redis:"name"`.
// ok is false where the server answers nil, where a struct gets no field, and where a Duration
// gets the negative number that stands for none.
//
// Texts are read as numbers where numbers are asked for, and the other way round; a double becomes the text that
// RESP2 has for it, with the fewest digits, and an integer if it is whole. A map and a struct take pairs in each of
// the forms that servers have: a map, a list of keys and values in turn, a list of pairs. A Duration counts seconds,
// but milliseconds for PTTL, PEXPIRETIME and their kin; inside a struct it is an error, for some fields count one
// and some the other. An integer that does not fit, or an answer of another shape, is an
// error that says so and shows no value; the command was executed then.
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

// unitOf is what the times in a command's answer count.
func unitOf(name string) time.Duration {
	if strings.HasSuffix(name, "PTTL") || strings.HasSuffix(name, "PEXPIRETIME") {
		return time.Millisecond
	}
	return time.Second
}

// decode reads a reply into what v points to. It reports whether there was something.
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
