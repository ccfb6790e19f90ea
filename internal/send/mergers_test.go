package send

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
)

// held is a transport that holds every batch until the test releases it. The test sets
// the replies.
type held struct {
	gate chan func(redis.Cmder)
	mu   sync.Mutex
	sent []string
}

func (h *held) send(_ context.Context, cmds []redis.Cmder) {
	reply := <-h.gate
	for _, cmd := range cmds {
		h.mu.Lock()
		h.sent = append(h.sent, strings.Trim(fmt.Sprint(cmd.Args()), "[]"))
		h.mu.Unlock()
		reply(cmd)
	}
}

// inOneBatch queues the calls one after the other and sends them in one batch. It returns
// the commands that were sent.
func inOneBatch(t *testing.T, reply func(redis.Cmder), calls ...func(ctx context.Context, s *Sender)) (sent []string) {
	synctest.Test(t, func(t *testing.T) {
		h := &held{gate: make(chan func(redis.Cmder))}
		s := New(redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}))
		m := batch.New(h.send, 0, &s.abandoned)
		s.nodes.single = &nodeBatchers{reads: m, writes: m}
		ctx := t.Context()
		var group sync.WaitGroup
		busy := func() { _ = s.Read(ctx, redis.NewIntCmd(ctx, "hlen", "busy")) }
		for range batch.MaxInFlight / 2 { // each worker is busy
			group.Go(busy)
			synctest.Wait()
		}
		for _, call := range calls {
			group.Go(func() { call(ctx, s) })
			synctest.Wait()
		}
		h.gate <- func(redis.Cmder) {}
		synctest.Wait()
		h.sent = nil
		for range batch.MaxInFlight / 2 {
			h.gate <- reply // also for the other workers: any of them may have the batch
		}
		group.Wait()
		sent = h.sent
		_ = s.rdb.Close()
	})
	var others []string
	for _, cmd := range sent {
		if cmd != "hlen busy" {
			others = append(others, cmd)
		}
	}
	return others
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestAdditionsJoin adds numbers of both signs and a large one.
func TestAdditionsJoin(t *testing.T) {
	deltas := []int64{5, -3, 7, -4, 1 << 60, 0, 1}
	got := make([]int64, len(deltas))
	var calls []func(context.Context, *Sender)
	for i, d := range deltas {
		calls = append(calls, func(ctx context.Context, s *Sender) { got[i], _ = s.IncrBy(ctx, "n", d) })
	}
	value := int64(100)
	sent := inOneBatch(t, func(cmd redis.Cmder) {
		if cmd, ok := cmd.(*redis.IntCmd); ok && cmd.Name() == "incrby" {
			value += cmd.Args()[2].(int64)
			cmd.SetVal(value)
		}
	}, calls...)
	equal(t, "commands", sent, []string{"incrby n 13", "incrby n -7", "incrby n 1152921504606846976"})
	equal(t, "answers", got, []int64{105, 110, 112, 106, 106 + 1<<60, 112, 113})
}

// TestPushesJoin pushes different numbers of values at both ends.
func TestPushesJoin(t *testing.T) {
	lengths := make([]int64, 4)
	push := func(i int, front bool, values ...string) func(context.Context, *Sender) {
		return func(ctx context.Context, s *Sender) { lengths[i], _ = s.Push(ctx, "l", front, values) }
	}
	length := 10
	sent := inOneBatch(t, func(cmd redis.Cmder) {
		if cmd, ok := cmd.(*redis.IntCmd); ok && cmd.Name() != "hlen" {
			length += len(cmd.Args()) - 2
			cmd.SetVal(int64(length))
		}
	}, push(0, false, "a", "b"), push(1, true, "x"), push(2, false, "c"), push(3, false, "d", "e", "f"))
	equal(t, "commands", sent, []string{"rpush l a b c d e f", "lpush l x"})
	equal(t, "lengths", lengths, []int64{12, 17, 13, 16})
}

// TestReadsJoin reads present, empty and missing fields of two keys.
func TestReadsJoin(t *testing.T) {
	got := make([]string, 5)
	get := func(i int, key, field string) func(context.Context, *Sender) {
		return func(ctx context.Context, s *Sender) {
			v, ok, err := s.HGet(ctx, key, field)
			got[i] = fmt.Sprintf("%q %t %v", v, ok, err)
		}
	}
	is := func(i int, member string) func(context.Context, *Sender) {
		return func(ctx context.Context, s *Sender) { got[i] = fmt.Sprint(s.SIsMember(ctx, "s", member)) }
	}
	sent := inOneBatch(t, func(cmd redis.Cmder) {
		switch cmd := cmd.(type) {
		case *redis.SliceCmd:
			cmd.SetVal([]any{"", nil})
		case *redis.StringCmd:
			cmd.SetErr(redis.Nil)
		case *redis.BoolSliceCmd:
			cmd.SetVal([]bool{true, false})
		}
	}, get(0, "a", "empty"), is(1, "in"), get(2, "b", "alone"), get(3, "a", "missing"), is(4, "out"))
	equal(t, "commands", sent, []string{"hmget a empty missing", "smismember s in out", "hget b alone"})
	equal(t, "answers", got, []string{`"" true <nil>`, "true <nil>", `"" false <nil>`, `"" false <nil>`, "false <nil>"})
}

// TestShortAnswer returns a reply with too few elements, which must not look like a
// missing field.
func TestShortAnswer(t *testing.T) {
	errs := make([]error, 4)
	inOneBatch(t, func(cmd redis.Cmder) {
		switch cmd := cmd.(type) {
		case *redis.SliceCmd:
			cmd.SetVal([]any{"one"})
		case *redis.BoolSliceCmd:
			cmd.SetVal([]bool{true, true, true})
		}
	},
		func(ctx context.Context, s *Sender) { _, _, errs[0] = s.HGet(ctx, "a", "1") },
		func(ctx context.Context, s *Sender) { _, _, errs[1] = s.HGet(ctx, "a", "2") },
		func(ctx context.Context, s *Sender) { _, errs[2] = s.SIsMember(ctx, "s", "1") },
		func(ctx context.Context, s *Sender) { _, errs[3] = s.SIsMember(ctx, "s", "2") },
	)
	for i, err := range errs {
		if err == nil {
			t.Errorf("call %d has an answer", i)
		}
	}
}

// TestSharing lists which commands may share a pipeline. Commands that are large or
// unknown, or whose replies may have any length, may not.
func TestSharing(t *testing.T) {
	ctx := t.Context()
	s := New(redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}))
	long := make([]string, sharedElements)
	for _, tt := range []struct {
		cmd   redis.Cmder
		short map[string]int
		want  bool
	}{
		{redis.NewIntCmd(ctx, "hlen", "k"), shortReads, true},
		{redis.NewIntCmd(ctx, "hdel", "k", "f"), shortWrites, true},
		{redis.NewIntCmd(ctx, Args("hdel", "k", long)...), shortWrites, false},
		{redis.NewStatusCmd(ctx, "set", "k", string(make([]byte, sharedSize))), shortWrites, false},
		{redis.NewStringCmd(ctx, "lpop", "k"), shortWrites, true},
		{redis.NewStringSliceCmd(ctx, "lpop", "k", 1000), shortWrites, false},
		{redis.NewMapStringStringCmd(ctx, "hgetall", "k"), shortReads, false},
		{redis.NewStatusCmd(ctx, "ping"), shortReads, false},
		{redis.NewCmd(ctx, "evalsha", "digest", 1, "k"), shortWrites, true},
		{redis.NewCmd(ctx, "evalsha", "digest", 0), shortWrites, false},
		{redis.NewCmd(ctx, "evalsha", "digest", 1, "k"), shortReads, false},
	} {
		c := s.unmergedCall(tt.cmd, tt.short)
		if m := s.batcher(ctx, c, false); (m != nil) != tt.want {
			t.Errorf("%.40v shares: %t, want %t", tt.cmd.Args(), m != nil, tt.want)
		}
		if m := s.Unbatched().batcher(ctx, c, false); m != nil {
			t.Errorf("%.40v shares a batch", tt.cmd.Args())
		}
	}
}
