package integration

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/testcontainers/testcontainers-go"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// TestRedisURL claims databases of the server at REDIS_URL.
func TestRedisURL(t *testing.T) {
	s := redistest.StartServer(t)
	c := s.Client(t)
	t.Setenv("REDIS_URL", "redis://"+s.Addr)
	a, b := New(t), New(t)
	if a.base.DB != 0 || b.base.DB != 1 {
		t.Errorf("databases %d and %d; want 0 and 1", a.base.DB, b.base.DB)
	}
	x := runFake(t, func(t testing.TB) {
		e := New(t)
		for i := range 1000 {
			if err := e.Client().HSet(ctx, keyName(i), "f", "v").Err(); err != nil {
				t.Fatal(err)
			}
		}
	})
	if x.failed {
		t.Errorf("output %q", x.output)
	}
	third := s.Client(t, func(o *redis.Options) { o.DB = 2 })
	if n, err := third.DBSize(ctx).Result(); n != 0 || err != nil {
		t.Errorf("%d keys remain, %v", n, err)
	}
	// A database that holds keys is refused, whether or not the URL names it.
	if err := third.Set(ctx, "precious", "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"redis://" + s.Addr + "/2", "unix://" + s.Socket + "?db=2"} {
		t.Setenv("REDIS_URL", url)
		x := runFake(t, func(t testing.TB) { New(t) })
		if !x.failed || !strings.Contains(strings.Join(x.output, "\n"), "empty") {
			t.Errorf("%s: output %q; want a refusal", url, x.output)
		}
	}
	if keys := third.Keys(ctx, "*").Val(); !slices.Equal(keys, []string{"precious"}) {
		t.Errorf("the database that was refused has %q", keys)
	}
	t.Setenv("REDIS_URL", "redis://"+s.Addr)
	if e := New(t); e.base.DB != 3 {
		t.Errorf("database %d; want 3, the next empty one", e.base.DB)
	}
	if n := c.Exists(ctx, claimKey).Val(); n != 1 {
		t.Error("no claim while the test runs")
	}
	t.Setenv("REDIS_URL", "redis://user:secret@127.0.0.1:1")
	x = runFake(t, func(t testing.TB) { New(t) })
	if output := strings.Join(x.output, "\n"); !x.failed || strings.Contains(output, "secret") {
		t.Errorf("output %q; want a failure without the password", output)
	}
}

// TestEnvURL opens the result of Env.URL, which has the password and the test's
// database.
func TestEnvURL(t *testing.T) {
	s := redistest.StartServer(t, redistest.Config("requirepass", "p@ss:word/"))
	for i, address := range []string{
		"redis://:p%40ss%3Aword%2F@" + s.Addr,
		"redis://default:p%40ss%3Aword%2F@" + s.Addr + "?client_name=me",
		"redis://:p%40ss%3Aword%2F@" + s.Addr + "/2",
		"unix://:p%40ss%3Aword%2F@" + s.Socket,
		"unix://:p%40ss%3Aword%2F@" + s.Socket + "?db=4&client_name=me",
	} {
		t.Setenv("REDIS_URL", address)
		e := New(t) // holds its database until the test ends
		rdb, err := desir.Open(ctx, e.URL())
		if err != nil {
			t.Fatalf("URL %d: %v", i, err)
		}
		defer rdb.Close()
		info, err := rdb.ClientInfo(ctx).Result()
		if err != nil || info.DB != i || e.base.DB != i {
			t.Errorf("URL %d: database %d, %v; the test has %d", i, info.DB, err, e.base.DB)
		}
	}
}

func keyName(i int) string {
	return strings.Repeat("k", 1+i%7) + string(rune('a'+i%26)) + string(rune('0'+i/26%60))
}

// TestNoServerAvailable: without a server a test is skipped by name, or fails if
// DESIR_REQUIRE demands it.
func TestNoServerAvailable(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("DESIR_REQUIRE", "")
	previous := engine
	t.Cleanup(func() { engine = previous })
	engine = func() (*testcontainers.DockerClient, error) { return nil, errors.New("it is not there") }
	for name, tt := range map[string]struct {
		word string
		f    func(testing.TB, ...Option) *Env
	}{
		"New": {"docker", New}, "Cluster": {"cluster", Cluster}, "Sentinel": {"redis", Sentinel}, "TLS": {"redis", TLS},
	} {
		x := runFake(t, func(t testing.TB) { tt.f(t) })
		if output := strings.Join(x.output, "\n"); !x.skipped || !strings.Contains(output, "redis-server") || !strings.Contains(output, "Docker") {
			t.Errorf("%s: output %q; want a skip that says what to install", name, x.output)
		}
		t.Setenv("DESIR_REQUIRE", "embedded, "+tt.word)
		x = runFake(t, func(t testing.TB) { tt.f(t) })
		if !x.failed {
			t.Errorf("%s: output %q; want a failure", name, x.output)
		}
		t.Setenv("DESIR_REQUIRE", "")
	}
}

func TestOwnerEnded(t *testing.T) {
	here, _, _ := strings.Cut(owner(), "/")
	for label, want := range map[string]bool{
		owner():              false,
		here + "/2147483646": true, // higher than any process id
		"elsewhere/1":        false,
		"":                   false,
		here + "/x":          false,
	} {
		if got := ownerEnded(label); got != want {
			t.Errorf("ownerEnded(%q) = %t", label, got)
		}
	}
}
