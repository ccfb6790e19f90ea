package conformance

import (
	"context"
	"errors"
	"io"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/redistest"
)

// failures runs every call of a subject in every failure that needs no dedicated server.
func failures(s Subject) part {
	return part{s.Name + "Fails", func(t *testing.T, r *redistest.Redis) {
		run(t, r,
			part{"Complete", s.complete},
			part{"WrongType", s.wrongType},
			part{"EmptyName", s.emptyName},
			part{"NilClient", s.nilClient},
			part{"Zero", s.zero},
			part{"Unencodable", s.unencodable},
			part{"Canceled", s.canceled},
			part{"Hook", s.hook},
			part{"Unreachable", s.unreachable},
			part{"WrongReplies", s.wrongReplies},
		)
	}}
}

// complete: the calls contain every exported method of the type.
func (s Subject) complete(t *testing.T, r *redistest.Redis) {
	if s.Object == nil {
		t.Skip("the same type as another subject")
	}
	called := map[string]bool{"Key": true, "In": true} // Key cannot fail, and the suite Atomic calls In
	for _, c := range s.Calls(r.Client, "name") {
		called[c.Op] = true
	}
	for m := range reflect.TypeOf(s.Object).Methods() {
		if !called[m.Name] {
			t.Errorf("no call of %s.%s", s.Type, m.Name)
		}
	}
}

// wrongType: if the key has another type, the call fails and changes nothing.
func (s Subject) wrongType(t *testing.T, r *redistest.Redis) {
	key := tagged(t, r, "k")
	for _, c := range s.Calls(r.Client, key) {
		if c.AnyType || c.unsupported(t.Context(), r.Raw()) {
			continue
		}
		must(t, s.Fill(t.Context(), r.Raw(), key)) // also fills the other objects
		storeOtherType(t, r.Raw(), key, s.Kind)
		before := contents(t, r.Raw(), key)
		err := c.Do(t.Context())
		s.checkError(t, c, key, err)
		if !errors.Is(err, desir.ErrWrongType) || errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("%s: error %v, want ErrWrongType", c.name(), err)
		}
		if after := contents(t, r.Raw(), key); after != before {
			t.Errorf("%s: the key holds %s, before it was %s", c.name(), after, before)
		}
		must(t, r.Raw().Del(t.Context(), key).Err())
	}
}

func (s Subject) emptyName(t *testing.T, r *redistest.Redis) {
	for _, c := range s.Calls(r.Client, "") {
		err := c.Do(t.Context())
		s.checkError(t, c, "", err)
		if !errors.Is(err, desir.ErrName) {
			t.Errorf("%s: error %v, want ErrName", c.name(), err)
		}
	}
}

// nilClient passes a missing client, in each way in which a client can be missing.
func (s Subject) nilClient(t *testing.T, r *redistest.Redis) {
	for _, rdb := range []client{
		nil, (*redis.Client)(nil), (*redis.ClusterClient)(nil), (*redis.Ring)(nil), (*redis.AutoPipeliner)(nil),
	} {
		for _, c := range s.Calls(rdb, "name") {
			key := "name"
			if s.Keyless {
				key = ""
			}
			err := c.Do(t.Context())
			s.checkError(t, c, key, err)
			if !errors.Is(err, desir.ErrNotSupported) {
				t.Errorf("%s with a nil %T: error %v, want ErrNotSupported", c.name(), rdb, err)
			}
		}
	}
}

// zero calls methods of a zero object, which has no name.
func (s Subject) zero(t *testing.T, r *redistest.Redis) {
	if s.Zero == nil {
		t.Skip("the same type as another subject")
	}
	for _, c := range s.Zero() {
		err := c.Do(t.Context())
		if op := new(desir.OpError); !errors.As(err, &op) || !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("%s of a zero object: error %v, want an OpError with ErrNotSupported", c.name(), err)
		}
	}
}

func (s Subject) unencodable(t *testing.T, r *redistest.Redis) {
	key := tagged(t, r, "k")
	for _, calls := range s.Unencodable {
		for _, c := range calls(r.Client, key) {
			err := c.Do(t.Context())
			s.checkError(t, c, key, err)
			if !errors.Is(err, codec.ErrUnsupported) {
				t.Errorf("%s: error %v, want codec.ErrUnsupported", c.name(), err)
			}
		}
	}
	if n := r.Raw().Exists(t.Context(), key).Val(); n > 0 {
		t.Errorf("the key holds %s", contents(t, r.Raw(), key))
	}
}

// canceled: with a context that has ended, a call sends nothing and fails at once.
func (s Subject) canceled(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	trips := redistest.CountTrips(rdb)
	key := tagged(t, r, "k")
	for _, c := range s.Calls(rdb, key) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		var err error
		took := quickest(func() { err = c.Do(ended) })
		s.checkError(t, c, key, err)
		if !errors.Is(err, context.Canceled) || errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("%s: error %v, want context.Canceled", c.name(), err)
		}
		if errors.Is(err, desir.ErrUnavailable) != c.Write {
			t.Errorf("%s: error %v; ErrUnavailable in it: want %t", c.name(), err, c.Write)
		}
		if took > 50*time.Millisecond {
			t.Errorf("%s returned after %v", c.name(), took)
		}
	}
	if sent := trips.Commands(); len(sent) > 0 {
		t.Errorf("sent %q", sent)
	}
}

// quickest runs f up to five times and returns its shortest duration, since a single run
// may be slow on a busy machine.
func quickest(f func()) time.Duration {
	best := time.Hour
	for range 5 {
		start := time.Now()
		f()
		if best = min(best, time.Since(start)); best < 50*time.Millisecond {
			break
		}
	}
	return best
}

// hook makes every command fail before it is sent, with errors of servers and networks.
func (s Subject) hook(t *testing.T, r *redistest.Redis) {
	var group sync.WaitGroup
	for _, tt := range []struct {
		fails       error
		write, read error
	}{
		{io.EOF, desir.ErrMaybeRan, desir.ErrUnavailable},
		{errorReply("LOADING Redis is loading the dataset in memory"), desir.ErrUnavailable, desir.ErrUnavailable},
		{errorReply("OOM command not allowed when used memory > 'maxmemory'."), desir.ErrOutOfMemory, desir.ErrOutOfMemory},
		{errorReply("NOPERM this user has no permissions to run the command"), desir.ErrDenied, desir.ErrDenied},
	} {
		rdb := r.NewClient(t)
		redistest.CountTrips(rdb).Fail(tt.fails)
		key := tagged(t, r, "k")
		for _, c := range s.Calls(rdb, key) {
			want := tt.read
			if c.Write && len(c.Sends) == len(c.last()) { // otherwise a read comes first
				want = tt.write
			}
			group.Go(func() {
				err := c.Do(t.Context())
				s.checkError(t, c, key, err)
				if !errors.Is(err, want) {
					t.Errorf("%s with %q: error %v, want %v", c.name(), tt.fails, err, want)
				}
				for _, class := range []error{desir.ErrMaybeRan, desir.ErrUnavailable} {
					if class != want && errors.Is(err, class) {
						t.Errorf("%s with %q: error %v, want %v only", c.name(), tt.fails, err, want)
					}
				}
			})
		}
	}
	group.Wait()
}

// unreachable uses an address at which no server listens.
func (s Subject) unreachable(t *testing.T, r *redistest.Redis) {
	const addr = "127.0.0.1:1" // a closed port may be reused by the server of another test
	rdb := r.NewClient(t, func(o *redis.UniversalOptions) {
		o.Addrs, o.DialerRetries = []string{addr}, 1
	})
	var group sync.WaitGroup
	key := tagged(t, r, "k")
	for _, c := range s.Calls(rdb, key) {
		group.Go(func() {
			err := c.Do(t.Context())
			s.checkError(t, c, key, err)
			if !errors.Is(err, desir.ErrUnavailable) || errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("%s: error %v, want ErrUnavailable", c.name(), err)
			}
		})
	}
	group.Wait()
}

// errorReply is an error reply of a server.
type errorReply string

func (r errorReply) Error() string { return string(r) }

// RedisError marks it as an error reply for go-redis.
func (errorReply) RedisError() {}
