package main

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

// holdLocks acquires a lock of each kind with the name, and one with a hash tag in its name.
func holdLocks(ctx context.Context, t *testing.T, rdb redis.UniversalClient, name string) {
	t.Helper()
	owner := lock.Owner("owner 1")
	hold := func(l *lock.Lease, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Unlock(context.WithoutCancel(ctx)) })
	}
	hold(lock.NewMutex(rdb, name, owner).Lock(ctx))
	hold(lock.NewMutex(rdb, "a{tag}b", owner).Lock(ctx))
	hold(lock.NewRWMutex(rdb, name, owner).RLock(ctx))
	hold(lock.NewRWMutex(rdb, name, owner).RLock(ctx))
	hold(lock.NewSemaphore(rdb, name, 5, owner).Acquire(ctx, 2))
	go func() {
		_ = lock.NewLeader(rdb, name, owner).Run(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil })
	}()
	redistest.Eventually(t, 20*time.Second, func() bool {
		_, ok, err := lock.NewLeader(rdb, name).Current(ctx)
		return ok && err == nil
	}, "there is a leader")
}

// fields returns the words of each line, with single spaces, and times left as LEFT.
func fields(out string) (lines []string) {
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		for i, w := range words {
			if d, err := time.ParseDuration(w); err == nil && d > 10*time.Second && d <= 30*time.Second {
				words[i] = "LEFT"
			}
			if _, err := strconv.ParseInt(w, 10, 64); err == nil && len(w) == 16 {
				words[i] = "TOKEN"
			}
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return lines
}

// TestLockList lists and shows locks of all kinds, on a server and on a cluster.
func TestLockList(t *testing.T) {
	single := redistest.StartServer(t)
	cluster := redistest.StartCluster(t, 0)
	for name, url := range map[string]string{"server": "redis://" + single.Addr, "cluster": "redis+cluster://" + cluster.Addrs[0]} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DESIR_URL", url)
			rdb, _, end, err := connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = end() }) // after the release of the locks
			ctx, cancel := context.WithCancel(t.Context())
			t.Cleanup(cancel)
			if err := rdb.ZAdd(ctx, "{other}:lock:lock", redis.Z{Member: "no lease", Score: 1}).Err(); err != nil {
				t.Fatal(err)
			}
			holdLocks(ctx, t, rdb, "stock")
			go func() { _, _ = lock.NewMutex(rdb, "stock").Lock(ctx) }()
			redistest.Eventually(t, 20*time.Second, func() bool {
				_, out, _ := tool(t, "lock", "ls", "stock")
				return strings.Contains(out, "1 process waits")
			}, "a process waits")

			mutex, leader := "stock mutex owner 1 LEFT 1 process waits", "stock leader owner 1 LEFT 0 processes wait"
			rw, sem := "stock rw 2 holders reader LEFT 0 processes wait", "stock semaphore owner 1 LEFT 0 processes wait"
			tag := "a{tag}b mutex owner 1 LEFT 0 processes wait"
			for pattern, want := range map[string][]string{
				"":         {tag, leader, mutex, rw, sem},
				"s*":       {leader, mutex, rw, sem},
				"st[n-p]*": {leader, mutex, rw, sem},
				"?{tag}?":  {tag},
				`\a*`:      {tag},
				"tock":     nil,
				"{stock}":  nil,
			} {
				args := []string{"lock", "ls"}
				if pattern != "" {
					args = append(args, pattern)
				}
				if status, out, errs := tool(t, args...); status != 0 || errs != "" || !slices.Equal(fields(out), want) {
					t.Errorf("%q: exit status %d, %q, %q; want %q", args, status, fields(out), errs, want)
				}
			}
			_, out, _ := tool(t, "lock", "show", "stock")
			want := []string{
				"mutex: 1 holder, 1 process waits", "owner 1 token TOKEN LEFT left",
				"rw: 2 holders, 0 processes wait", "owner 1 token TOKEN reader LEFT left", "owner 1 token TOKEN reader LEFT left",
				"semaphore: 1 holder, 0 processes wait", "owner 1 token TOKEN 2 permits LEFT left",
				"leader: 1 holder, 0 processes wait", "owner 1 token TOKEN LEFT left",
			}
			if got := fields(out); !slices.Equal(got, want) {
				t.Errorf("show: %q, want %q", got, want)
			}
			for args, parts := range map[string][]string{
				"lock show stock --json --kind semaphore": {`{"name":"stock","kind":"semaphore","holders":[{"owner":"owner 1","token":1`, `,"permits":2,"left_ms":2`, `}],"waiting":0}` + "\n"},
				"lock show stock --json --kind rw":        {`"mode":"reader"`},
				"lock ls a* --json":                       {`{"name":"a{tag}b","kind":"mutex","holders":[{"owner":"owner 1","token":1`},
			} {
				status, out, errs := tool(t, strings.Fields(args)...)
				for _, part := range parts {
					if status != 0 || errs != "" || strings.Count(out, "\n") != 1 || !strings.Contains(out, part) {
						t.Errorf("%s: exit status %d, %q, %q; want %q", args, status, out, errs, part)
					}
				}
			}
			_, out, _ = tool(t, "ls", "*stock*")
			for _, object := range []string{"Mutex", "RWMutex", "Semaphore", "Leader"} {
				if !slices.ContainsFunc(fields(out), func(line string) bool { return strings.HasSuffix(line, " "+object) }) {
					t.Errorf("ls: %q, want a %s", out, object)
				}
			}
			if strings.Contains(out, "meta") {
				t.Errorf("ls lists helper keys: %q", out)
			}
			if _, out, _ = tool(t, "ls", "--all", "*stock*"); !strings.Contains(out, "\n  {stock}:lock:meta") || !strings.Contains(out, "helper of {stock}:lock\n") {
				t.Errorf("ls --all: %q, want the helper below the lock", out)
			}
		})
	}
}

// TestLockBreak breaks locks of all kinds.
func TestLockBreak(t *testing.T) {
	s := onServer(t)
	rdb := s.Client(t)
	follow(t, []step{
		{[]string{"lock", "ls"}, 0, ""},
		{[]string{"lock", "show", "stock"}, 1, ""},
		{[]string{"lock", "show", "stock", "--json"}, 1, ""},
		{[]string{"lock", "break", "stock"}, 1, ""},
		{[]string{"lock", "break", "stock", "--force"}, 1, ""},
		{[]string{"lock", "show", ""}, 1, ""},
		{[]string{"lock", "break", "a}b"}, 1, ""},
		{[]string{"lock", "show", "stock", "--kind", "spin"}, 2, ""},
	})
	if err := rdb.Set(t.Context(), "{text}:lock", "text", 0).Err(); err != nil {
		t.Fatal(err)
	}
	follow(t, []step{{[]string{"lock", "show", "text"}, 1, ""}, {[]string{"lock", "ls"}, 0, ""}})

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	held, err := lock.NewMutex(rdb, "stock", lock.TTL(3*time.Second)).Lock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	status, _, errs := tool(t, "lock", "break", "stock")
	if status != 0 || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "mutex stock: asked the holders; it is free once their contexts have ended") {
		t.Errorf("break: exit status %d, %q", status, errs)
	}
	<-held.Context().Done()
	redistest.Eventually(t, 20*time.Second, func() bool {
		status, _, _ := tool(t, "lock", "show", "stock")
		return status == 1
	}, "the lock is free")

	holdLocks(ctx, t, rdb, "stock")
	status, _, errs = tool(t, "lock", "break", "stock", "--force", "--kind", "rw")
	if status != 0 || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "two may hold it") {
		t.Errorf("break --force --kind rw: exit status %d, %q", status, errs)
	}
	if status, _, _ := tool(t, "lock", "show", "stock", "--kind", "rw"); status != 1 {
		t.Errorf("show: exit status %d after break --force", status)
	}
	status, _, errs = tool(t, "lock", "break", "stock", "--force")
	if status != 0 || strings.Count(errs, "\n") != 3 {
		t.Errorf("break --force: exit status %d, %q; want three kinds", status, errs)
	}
}

func TestGlobMatch(t *testing.T) {
	for pattern, texts := range map[string]struct{ yes, no []string }{
		"*":        {[]string{"", "a", "a\nb", "\xff"}, nil},
		"a*c":      {[]string{"ac", "abc", "abcc", "acbc"}, []string{"a", "acb", "bac"}},
		"**b?":     {[]string{"bc", "abbb"}, []string{"b", "cb"}},
		"a?":       {[]string{"ab", "a\xff"}, []string{"a", "abc"}},
		"[a-c]x":   {[]string{"ax", "cx"}, []string{"dx", "x", "-x"}},
		"[c-a]":    {[]string{"b"}, []string{"d"}},
		"[^a-c]":   {[]string{"d", "-"}, []string{"b", ""}},
		`[\]a]`:    {[]string{"]", "a"}, []string{`\`}},
		"[ab":      {[]string{"a"}, []string{"c", "[ab"}},
		`\*`:       {[]string{"*"}, []string{"a", `\*`}},
		`a\`:       {[]string{`a\`}, []string{"a"}},
		"":         {[]string{""}, []string{"a"}},
		"stock:42": {[]string{"stock:42"}, []string{"stock:4", "stock:421"}},
	} {
		for _, text := range texts.yes {
			if !globMatch(pattern, text) {
				t.Errorf("%q does not match %q", pattern, text)
			}
		}
		for _, text := range texts.no {
			if globMatch(pattern, text) {
				t.Errorf("%q matches %q", pattern, text)
			}
		}
	}
}
