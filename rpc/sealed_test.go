package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// oneKey is a key ring with one key, made of one byte.
type oneKey byte

func (k oneKey) Current() (uint32, []byte) { return 1, bytes.Repeat([]byte{byte(k)}, 32) }
func (k oneKey) Key(id uint32) ([]byte, bool) {
	_, key := k.Current()
	return key, id == 1
}

var (
	failing = rpc.NewMethod[string, int]("Fail")
	count   = rpc.NewMethod[string, int]("Count")
)

// startCounting starts a worker with Sum, Fail and Count, which counts its runs.
func startCounting(t *testing.T, rdb redis.UniversalClient, opts ...rpc.ServerOption) (s *rpc.Server, runs *atomic.Int64, end func()) {
	t.Helper()
	runs = new(atomic.Int64)
	s = rpc.NewServer(rdb, service, opts...)
	sum.Handle(s, addUp)
	// Until there is an element in a list.
	hold.Handle(s, func(ctx context.Context, key string) (string, error) {
		all, err := rdb.BLPop(ctx, time.Minute, key).Result()
		return strings.Join(all, " "), err
	})
	failing.Handle(s, func(_ context.Context, why string) (int, error) { return 0, rpc.Errorf(rpc.NotFound, "no %s", why) })
	count.Handle(s, func(ctx context.Context, _ string) (int, error) {
		if info, _ := rpc.InfoFrom(ctx); info.Headers["token"] != "" && info.Headers["token"] != "open sesame" {
			return 0, errors.New("the header is another")
		}
		return int(runs.Add(1)), nil
	})
	return s, runs, run(t, s)
}

// storedFrame makes the service look alive without a worker, so that a call stays in the
// list, and returns its frame. The call is made through another client, which is closed
// before storedFrame returns: so nothing that it sends, such as the cancel, comes later.
func storedFrame(t *testing.T, rdb *redis.Client, f func(ctx context.Context, caller *redis.Client)) (frame string) {
	t.Helper()
	caller := redis.NewClient(rdb.Options())
	if err := rdb.Set(t.Context(), "{"+service+"}:alive", "10", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f(ctx, caller) }()
	redistest.Eventually(t, 20*time.Second, func() bool {
		all, err := rdb.LRange(t.Context(), service, 0, -1).Result()
		if len(all) == 1 {
			frame = all[0]
		}
		return err == nil && len(all) == 1
	}, "the call is in the list")
	cancel()
	<-done
	if err := desir.Close(t.Context(), caller); err != nil {
		t.Error(err)
	}
	rdb.Del(t.Context(), service, "{"+service+"}:alive")
	return frame
}

// TestCodecs makes calls of all kinds under codecs.
func TestCodecs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]codec.Codec{
		"encrypt": codec.Encrypt(nil, oneKey(1)), "sign": codec.Sign(nil, oneKey(1)), "compress": codec.Compress(nil, 10),
		"encrypt, compress": codec.Encrypt(codec.Compress(nil, 10), oneKey(1)), "encrypt msgpack": codec.Encrypt(codec.Msgpack, oneKey(1)),
		"sign JSON": codec.Sign(codec.JSON, oneKey(1)), "limit": codec.Limit(codec.Encrypt(nil, oneKey(1)), 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.StartServer(t).Client(t)
			own := rpc.WithCodec(c)
			_, runs, _ := startCounting(t, rdb, own)
			client := rpc.NewClient(rdb, service, own)
			mustSum(t, client)
			long := make([]int, 50_000)
			if got, err := sum.Call(t.Context(), client, append(long, 3)); err != nil || got != 3 {
				t.Errorf("a long call: %d, %v", got, err)
			}
			if _, err := failing.Call(t.Context(), client, "order"); rpc.CodeOf(err) != rpc.NotFound || !isWorkerError(err) || !strings.Contains(err.Error(), "no order") {
				t.Errorf("the error of a handler: %v", err)
			}
			if _, err := rpc.NewMethod[int, int]("None").Call(t.Context(), client, 1); !errors.Is(err, rpc.ErrUnknownMethod) {
				t.Errorf("an unknown method: %v", err)
			}
			if _, err := rpc.NewMethod[string, int]("Sum").Call(t.Context(), client, ""); rpc.CodeOf(err) != rpc.InvalidArgument {
				t.Errorf("other types: %v", err)
			}
			if _, err := client.Ping(t.Context()); err != nil {
				t.Errorf("Ping: %v", err)
			}
			if raw, err := client.Invoke(t.Context(), "Sum", []any{1, 2}); err != nil || string(raw) != "\x03" {
				t.Errorf("Invoke: %x, %v", raw, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if n, err := count.Call(ctx, client, "x", rpc.Header("token", "open sesame")); n != 1 || err != nil {
				t.Errorf("with a header and a deadline: %d, %v", n, err)
			}
			if err := count.Cast(t.Context(), client, "x"); err != nil {
				t.Errorf("Cast: %v", err)
			}
			redistest.Eventually(t, 20*time.Second, func() bool { return runs.Load() == 2 }, "the cast runs")
			for range 100 { // some in direct mode
				mustSum(t, client)
			}
			if n := client.Stats().Forged; n != 0 {
				t.Errorf("%d results were not taken", n)
			}
		})
	}
}

// TestSealedHidesAndBinds examines a frame under Encrypt, and stores copies and variants
// of it.
func TestSealedHidesAndBinds(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	own := rpc.WithCodec(codec.Encrypt(nil, oneKey(1)))
	frame := storedFrame(t, rdb, func(ctx context.Context, caller *redis.Client) {
		_, _ = count.Call(ctx, rpc.NewClient(caller, service, own), "secret value", rpc.Header("token", "open sesame"))
	})
	for _, secret := range []string{"secret", "sesame", "token"} {
		if strings.Contains(frame, secret) {
			t.Errorf("the frame shows %q", secret)
		}
	}
	s, runs, _ := startCounting(t, rdb, own)
	mustSum(t, rpc.NewClient(rdb, service, own, rpc.InboxPrefix("desir:inbox:")))
	push := func(frame string) { rdb.RPush(t.Context(), service, frame) }
	for range 3 {
		push(frame)
	}
	redistest.Eventually(t, 20*time.Second, func() bool { st := s.Stats(); return st.Replayed == 2 && runs.Load() == 1 }, "of three copies one runs")
	for i := range len(frame) { // every byte counts
		b := []byte(frame)
		b[i] ^= 1
		push(string(b))
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Refused == int64(len(frame)) }, "each altered frame is refused")
	push(strings.Replace(frame, "\xa5Count", "\xa3Sum", 1))
	redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Refused == int64(len(frame))+1 }, "another method is refused")
	other := rpc.NewServer(rdb, "other", own)
	count.Handle(other, func(context.Context, string) (int, error) { return int(runs.Add(1)), nil })
	run(t, other)
	rdb.RPush(t.Context(), "other", frame)
	redistest.Eventually(t, 20*time.Second, func() bool { return other.Stats().Refused == 1 }, "another service refuses it")
	if runs.Load() != 1 {
		t.Errorf("%d runs; want 1", runs.Load())
	}
}

// TestPlainReplay stores a frame without a codec three times.
func TestPlainReplay(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	for what, f := range map[string]func(context.Context, *redis.Client){
		"call": func(ctx context.Context, caller *redis.Client) {
			_, _ = count.Call(ctx, rpc.NewClient(caller, service), "x")
		},
		"cast": func(ctx context.Context, caller *redis.Client) {
			_ = count.Cast(ctx, rpc.NewClient(caller, service), "x")
		},
	} {
		frame := storedFrame(t, rdb, f)
		s, runs, end := startCounting(t, rdb)
		for range 3 {
			rdb.RPush(t.Context(), service, frame)
		}
		redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Replayed == 2 && runs.Load() == 1 }, what+": of three copies one runs")
		end()
	}
}

// TestForged sends forged results to a call. The forger knows everything but the keys.
func TestForged(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	own := rpc.WithCodec(codec.Sign(nil, oneKey(1)))
	client := rpc.NewClient(rdb, service, own)
	startCounting(t, rdb, own)
	mustSum(t, client)
	seen := make(chan *rpc.CallInfo, 1)
	s := rpc.NewServer(rdb, "slow", own)
	hold.Handle(s, func(ctx context.Context, what string) (string, error) {
		info, _ := rpc.InfoFrom(ctx)
		seen <- info
		_, err := rdb.BLPop(ctx, time.Minute, "go").Result()
		return what + " is true", err
	})
	run(t, s)
	slow := rpc.NewClient(rdb, "slow", own)
	p := hold.Go(t.Context(), slow, "it", waitForWorker)
	info := <-seen
	forge := func(state uint64, body string) {
		b := pack.AppendUint(pack.AppendUint(pack.AppendArray(nil, 3), info.ID), state)
		rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: "desir:inbox:" + info.Caller, Values: []any{"1", pack.AppendBinary(b, body)}})
	}
	forge(0, "\xa3lie")
	// Sealed with the same keys for another purpose.
	signed, _ := codec.Sign(nil, oneKey(1)).Append(nil, []byte("\xa3lie"))
	forge(0, string(signed))
	strange, _ := codec.Sign(nil, oneKey(2)).Append(nil, []byte("\xa3lie"))
	forge(0, string(strange))
	forge(2, "")
	redistest.Eventually(t, 20*time.Second, func() bool { return slow.Stats().Forged == 4 }, "four results are not taken")
	rdb.RPush(t.Context(), "go", "x")
	if got, err := p.Wait(t.Context()); got != "it is true" || err != nil {
		t.Errorf("the call: %q, %v; want what its handler has returned", got, err)
	}
}

// TestCodecsDiffer combines clients and workers with different codecs, or none.
func TestCodecsDiffer(t *testing.T) {
	t.Parallel()
	encrypt := func(k oneKey) rpc.SideOption { return rpc.WithCodec(codec.Encrypt(nil, k)) }
	for name, x := range map[string]struct {
		client []rpc.ClientOption
		server []rpc.ServerOption
		code   rpc.Code // the expected code of an accepted error; 0: none is accepted
	}{
		"worker without": {[]rpc.ClientOption{encrypt(1)}, nil, 0},
		"client without": {nil, []rpc.ServerOption{encrypt(1)}, rpc.Unauthenticated},
		"other keys":     {[]rpc.ClientOption{encrypt(1)}, []rpc.ServerOption{encrypt(2)}, 0},
		"other kinds":    {[]rpc.ClientOption{rpc.WithCodec(codec.Sign(nil, oneKey(1)))}, []rpc.ServerOption{encrypt(1)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.StartServer(t).Client(t)
			_, runs, _ := startCounting(t, rdb, x.server...)
			client := rpc.NewClient(rdb, service, x.client...)
			begun := time.Now()
			_, err := count.Call(t.Context(), client, "x", waitForWorker)
			switch e, answered := errors.AsType[*rpc.Error](err); {
			case x.code != 0 && (!answered || e.Code != x.code):
				t.Errorf("%v; want %v of the worker", err, x.code)
			case x.code == 0 && (answered || !errors.Is(err, desir.ErrMaybeRan) || !errors.Is(err, codec.ErrSignature) || time.Since(begun) > 30*time.Second):
				t.Errorf("%v after %v; want ErrMaybeRan and ErrSignature within 10 s", err, time.Since(begun))
			}
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			if _, err := count.Call(ctx, client, "x"); x.code == 0 && (!errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, codec.ErrSignature)) {
				t.Errorf("with a deadline: %v; want it, and ErrSignature", err)
			}
			if runs.Load() != 0 {
				t.Errorf("the handler ran %d times", runs.Load())
			}
		})
	}
}

// TestInboxPrefix gives a service its own inbox prefix: a worker with permission for that
// prefix only can serve it.
func TestInboxPrefix(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	if err := rdb.Do(t.Context(), "acl", "setuser", "worker", "on", ">pw", "+@all", "~calc", "~{calc}:*", "~calc:inbox:*", "&{calc}:cancel").Err(); err != nil {
		t.Fatal(err)
	}
	limited := srv.Client(t, func(o *redis.Options) { o.Username, o.Password = "worker", "pw" })
	own := rpc.InboxPrefix("calc:inbox:")
	s, runs, end := startCounting(t, limited, own)
	client := rpc.NewClient(rdb, service, own)
	mustSum(t, client)
	if _, err := failing.Call(t.Context(), client, "order"); rpc.CodeOf(err) != rpc.NotFound {
		t.Errorf("an error: %v", err)
	}
	if all := rdb.Keys(t.Context(), "desir:inbox:*").Val(); len(all) != 0 {
		t.Errorf("the keys %q are there", all)
	}
	inboxes := rdb.Keys(t.Context(), "calc:inbox:*").Val()
	if len(inboxes) != 1 {
		t.Fatalf("the inboxes are %q", inboxes)
	}
	refused := s.Stats().Refused
	id := strings.TrimPrefix(inboxes[0], "calc:inbox:")
	// Keys that it must not write to.
	for _, name := range []string{"other:" + id, id, "calc:inbox:x" + id, "calc", "{calc}:about" + id} {
		b := pack.AppendUint(pack.AppendString(pack.AppendUint(pack.AppendArray(nil, 8), 1), name), 7)
		b = pack.AppendUint(pack.AppendString(pack.AppendString(b, "Count"), "text>int"), 0)
		rdb.RPush(t.Context(), service, pack.AppendBinary(pack.AppendMap(b, 0), "\xa1x"))
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Refused == refused+5 }, "frames with other inboxes are refused")
	mustSum(t, client)
	if st := s.Stats(); runs.Load() != 0 || st.Dropped != 0 {
		t.Errorf("%d runs for inboxes that are not the worker's; %+v", runs.Load(), st)
	}
	end()
	startCounting(t, rdb) // a worker with the default prefix only
	redistest.Eventually(t, 20*time.Second, func() bool {
		_, err := sum.Call(t.Context(), rpc.NewClient(rdb, service, own), nil)
		return errors.Is(err, desir.ErrNotSupported) && strings.Contains(err.Error(), "InboxPrefix")
	}, "a client whose prefix the worker does not have is told")
}

// TestOptionsRefused passes invalid options.
func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	for name, o := range map[string]rpc.SideOption{
		"no codec": rpc.WithCodec(nil), "JSON": rpc.WithCodec(codec.JSON), "Auto": rpc.WithCodec(codec.Auto), "Msgpack": rpc.WithCodec(codec.Msgpack),
		"no prefix": rpc.InboxPrefix(""), "a line": rpc.InboxPrefix("a\nb"), "a long prefix": rpc.InboxPrefix(strings.Repeat("x", 129)),
	} {
		_, called := sum.Call(t.Context(), rpc.NewClient(rdb, service, o), nil)
		served := rpc.NewServer(rdb, service, o).Run(t.Context())
		if called == nil || served == nil || errors.Is(called, rpc.ErrNoWorkers) {
			t.Errorf("%s: %v, %v; want errors", name, called, served)
		}
	}
}

// TestUnguessable makes calls and examines their IDs.
func TestUnguessable(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	s := rpc.NewServer(rdb, service)
	tell := rpc.NewMethod[int, uint64]("Tell")
	tell.Handle(s, func(ctx context.Context, _ int) (uint64, error) {
		info, _ := rpc.InfoFrom(ctx)
		return info.ID, nil
	})
	run(t, s)
	c := rpc.NewClient(rdb, service)
	near, last := 0, uint64(0)
	for i := range 200 {
		id, err := tell.Call(t.Context(), c, i, waitForWorker)
		if err != nil {
			t.Fatal(err)
		}
		if id-last < 1<<40 || last-id < 1<<40 {
			near++
		}
		last = id
	}
	if near > 3 {
		t.Errorf("%d of 200 IDs are near the one before", near)
	}
}
