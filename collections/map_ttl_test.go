package collections_test

import (
	"context"
	"errors"
	"net"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
)

// olderServer is a hook that replies to some commands as a server that lacks them, and to
// all other commands with an empty reply.
type olderServer struct {
	mu     sync.Mutex
	lacks  []string
	called []string
}

type unknownCommand struct{ error }

func (unknownCommand) RedisError() {}

func (s *olderServer) become(lacks ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lacks, s.called = lacks, nil
}

func (s *olderServer) DialHook(redis.DialHook) redis.DialHook {
	return func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("nothing is sent") }
}

func (s *olderServer) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.called = append(s.called, cmd.Name())
		if slices.Contains(s.lacks, cmd.Name()) {
			return unknownCommand{errors.New("ERR unknown command '" + cmd.Name() + "', with args beginning with: 'secret'")}
		}
		if inner := reflect.Indirect(reflect.ValueOf(cmd)).FieldByName("Cmder"); inner.IsValid() { // a command that is sent once
			if c, ok := inner.Interface().(*redis.Cmd); ok {
				c.SetVal(int64(1))
			}
		}
		return nil
	}
}

func (s *olderServer) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// TestTTLByAge uses servers of several versions. The library must find out which
// commands a server has and remember it until the server no longer has them.
func TestTTLByAge(t *testing.T) {
	t.Parallel()
	rdb := redis.NewClient(&redis.Options{})
	defer func() { _ = rdb.Close() }()
	s := &olderServer{}
	rdb.AddHook(s)
	m := collections.NewMap[string, string](rdb, "m")
	other := collections.NewMap[string, string](rdb, "other")
	setTTL := func() error { return m.SetTTL(ctx, "k", "v", time.Second) }
	expire := func() error { _, err := other.ExpireKey(ctx, 1500*time.Millisecond, "k"); return err }
	check := func(what string, call func() error, want error, sends ...string) {
		t.Helper()
		s.called = nil
		if err := call(); !errors.Is(err, want) || !slices.Equal(s.called, sends) {
			t.Errorf("%s: sent %q, error %v; want %q, %v", what, s.called, err, sends, want)
		}
	}
	s.become("hsetex")
	check("SetTTL without HSETEX", setTTL, nil, "hsetex", "evalsha")
	check("SetTTL again", setTTL, nil, "evalsha")
	check("SetTTL of another map", func() error { return other.SetTTL(t.Context(), "k", "v", 1) }, nil, "evalsha")
	s.become("evalsha")
	check("ExpireKey without HPEXPIRE", expire, nil, "evalsha", "hexpire")
	check("ExpireKey again", expire, nil, "hexpire")
	s.become("evalsha")
	check("SetTTL of a newer server", setTTL, nil, "evalsha", "hsetex")
	check("SetTTL of a newer server, again", setTTL, nil, "hsetex")
	s.become("hexpire")
	check("ExpireKey of a newer server", expire, nil, "hexpire", "evalsha")
	s.become("evalsha", "hsetex", "hexpire")
	check("SetTTL of an old server", setTTL, desir.ErrNotSupported, "hsetex", "evalsha")
	check("ExpireKey of an old server", expire, desir.ErrNotSupported, "evalsha", "hexpire")
}
