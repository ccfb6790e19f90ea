package collections

import (
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
)

// Option configures an object of this package. Options are settings of this process and
// are not stored.
type Option interface{ apply(*settings) }

type settings struct {
	values    codec.Codec // for Map, List and Value
	keys      codec.Codec // for Map
	members   codec.Codec // for Set and SortedSet, set by both codec options
	maxLen    *int        // for List
	unbatched bool        // commands are not batched with those of other calls
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// WithCodec sets the codec for the values of a Map, a List or a Value. For a Set or a
// SortedSet it is the same as [WithKeyCodec], and the last of the two options applies.
// The default is [codec.Auto].
//
// [codec.Encrypt] and [codec.Sign] bind the values of a Map to their keys. They bind the
// elements of a List to the list, but not to their positions.
func WithCodec(c codec.Codec) Option {
	return option(func(s *settings) { s.values, s.members = c, c })
}

// WithKeyCodec sets the codec for the keys of a Map and the members of a Set or a
// SortedSet. Redis compares them by their bytes. If the codec can encode equal keys
// differently, every call returns an error. The default is [codec.Auto].
func WithKeyCodec(c codec.Codec) Option {
	return option(func(s *settings) { s.keys, s.members = c, c })
}

// MaxLen limits a List to n elements; n must be at least 1. Pushing at one end trims the
// list at the other end. By default the length is not limited.
func MaxLen(n int) Option { return option(func(s *settings) { s.maxLen = &n }) }

// Unbatched sends each of the object's commands in a separate round trip. By default,
// concurrent calls through one client share pipelines, and concurrent calls of one kind
// on one object are merged into one command.
func Unbatched() Option { return option(func(s *settings) { s.unbatched = true }) }

var (
	errRing   = errors.New("MaxLen must be at least 1")
	errMaxLen = errors.New("MaxLen is only for lists")
)

// newSettings applies the options and refuses options of another type.
func newSettings(opts []Option, list bool) (settings, error) {
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

// handle returns the handle of an object of this package. If errs contains an error, all
// calls return it.
func handle(rdb redis.UniversalClient, typ, name string, errs ...error) *clients.Handle {
	return clients.NewHandle(rdb, "collections."+typ, name, errors.Join(append(errs, keys.Check(name))...))
}
