package collections

import (
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
)

// Option changes how an object of this package works. Options are what this
// process believes; nothing of them is stored.
type Option interface{ apply(*settings) }

type settings struct {
	values  codec.Codec // of Map, List, Value
	keys    codec.Codec // of Map
	members codec.Codec // of Set, SortedSet: the last of both
	maxLen  *int        // of List
	apart   bool        // commands share nothing with those of others
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// WithCodec sets the codec of values: those of a Map, a List or a Value, and as
// [WithKeyCodec] those of a Set or a SortedSet. The default is [codec.Auto]. Under
// codec.Encrypt and codec.Sign the values of a Map are bound to their keys; the elements
// of a List are bound to the list, and not to their positions.
func WithCodec(c codec.Codec) Option {
	return option(func(s *settings) { s.values, s.members = c, c })
}

// WithKeyCodec sets the codec of what Redis compares: the keys of a Map and the
// members of a Set or a SortedSet. It has to give equal keys equal bytes, or is refused. The
// default is [codec.Auto].
func WithKeyCodec(c codec.Codec) Option {
	return option(func(s *settings) { s.keys, s.members = c, c })
}

// MaxLen makes a List a ring of at most n elements, n ≥ 1: what is pushed at
// one end drops what is too much at the other. The default is no bound.
func MaxLen(n int) Option { return option(func(s *settings) { s.maxLen = &n }) }

// Unbatched keeps the object's commands apart from those of others: each is
// a round trip of its own. By default concurrent calls through one client leave
// together, and many of one kind on one object as one command.
func Unbatched() Option { return option(func(s *settings) { s.apart = true }) }

var (
	errRing   = errors.New("MaxLen: a ring has at least one element")
	errMaxLen = errors.New("MaxLen is for lists")
)

// gather applies the options and refuses those that do not fit the type.
func gather(opts []Option, list bool) (settings, error) {
	s := settings{values: codec.Auto, keys: codec.Auto, members: codec.Auto}
	for _, o := range opts {
		if o != nil {
			o.apply(&s)
		}
	}
	switch {
	case s.maxLen != nil && !list:
		return s, errMaxLen
	case s.maxLen != nil && *s.maxLen < 1:
		return s, errRing
	default:
		return s, nil
	}
}

// handle returns the handle of an object of this package. Any error of errs is
// the answer of all its calls.
func handle(rdb redis.UniversalClient, typ, name string, errs ...error) *hub.Handle {
	return hub.NewHandle(rdb, "collections."+typ, name, errors.Join(append(errs, keys.Check(name))...))
}
