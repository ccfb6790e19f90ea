package collections_test

import (
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// TestWalkWithoutInfo iterates as a user without permission for INFO. The iteration
// must use one connection and fail when the connection is lost.
func TestWalkWithoutInfo(t *testing.T) {
	t.Parallel()
	const n = 20_000
	redistest.Goroutines(t)
	s := redistest.StartServer(t, redistest.AOF("no"), redistest.Config("user", "walker on >pw ~* +@all -info"))
	p := redistest.NewProxy(t, s.Addr)
	as := func(o *redis.Options) { o.Addr, o.Username, o.Password = p.Addr(), "walker", "pw" }
	rdb := s.Client(t, as)
	m := bigMap(t, rdb, "map", n)
	walkAll(t, n, m.Keys(ctx), nil)
	walkAll(t, n, m.Values(t.Context()), nil)

	for _, err := range m.All(ctx) { // the break returns the connection to its pool
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if st := rdb.PoolStats(); st.TotalConns > st.IdleConns {
		t.Errorf("a walk was left and %d connections of %d are in use", st.TotalConns-st.IdleConns, st.TotalConns)
	}

	for what, disturb := range map[string]func(){
		"cut":     p.CutAll,
		"restart": func() { s.Kill(); s.Restart() },
		"lost":    func() { p.CutReply(1, redistest.Command("hscan")) },
	} {
		seen, last := 0, error(nil)
		for _, err := range m.All(ctx) {
			if last != nil {
				t.Errorf("%s: an element after the fatal error", what)
			}
			if last = err; err == nil {
				seen++
			}
			if seen == n/4 && disturb != nil {
				disturb()
				disturb = nil
			}
		}
		if !errors.Is(last, desir.ErrUnavailable) {
			t.Errorf("%s: after %d of %d elements: error %v, want ErrUnavailable", what, seen, n, last)
		}
		walkAll(t, n, m.Keys(ctx), nil) // the next iteration is complete
	}

	auto, err := s.Client(t, as).AutoPipeline() // this client offers no single connection
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = auto.Close() }()
	for _, err := range bigMap(t, auto, "small", 10).Keys(ctx) {
		if !errors.Is(err, desir.ErrDenied) {
			t.Errorf("by script: error %v, want ErrDenied", err)
		}
	}
}
