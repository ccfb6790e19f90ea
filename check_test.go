package desir_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	good := redistest.StartServer(t, redistest.AOF("everysec"))
	bad := redistest.StartServer(t, redistest.Config("maxmemory-policy", "allkeys-lru"))
	replica := redistest.StartServer(t, redistest.AOF("everysec"), redistest.ReplicaOf(good))
	for name, tt := range map[string]struct {
		s        *redistest.Server
		warnings []string
	}{
		"good":    {good, nil},
		"bad":     {bad, []string{"appendonly is off", "allkeys-lru"}},
		"replica": {replica, []string{"role is slave"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := desir.Check(ctx, tt.s.Client(t))
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Nodes) != 1 || r.Nodes[0].Addr != tt.s.Addr || r.Nodes[0].Product+" "+r.Nodes[0].Version != productOf(t, tt.s) {
				t.Fatalf("report %+v", r)
			}
			if off := r.Nodes[0].ClockOffset.Abs(); off > time.Second {
				t.Errorf("the clock is off by %v on one machine", off)
			}
			if len(r.Warnings()) != len(tt.warnings) {
				t.Fatalf("warnings %q, want %d", r.Warnings(), len(tt.warnings))
			}
			for i, w := range tt.warnings {
				if !strings.Contains(r.Warnings()[i], w) || !strings.Contains(r.String(), w) {
					t.Errorf("warning %q, want one about %q", r.Warnings()[i], w)
				}
			}
		})
	}
}

// productOf returns the server's product name and version from INFO.
func productOf(t *testing.T, s *redistest.Server) string {
	t.Helper()
	info := s.Client(t).InfoMap(ctx, "server").Val()["Server"]
	if v := info["valkey_version"]; v != "" {
		return "Valkey " + v
	}
	return "Redis " + info["redis_version"]
}

// TestCheckUntold checks as a user without permission for INFO. The warnings must not
// claim that a setting is wrong when the server did not report it.
func TestCheckUntold(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t, redistest.AOF("everysec"), redistest.Config("user", "blind on >pw ~* +@all -info"))
	r, err := desir.Check(ctx, s.Client(t, func(o *redis.Options) { o.Username, o.Password = "blind", "pw" }))
	if err != nil {
		t.Fatal(err)
	}
	warnings := r.Warnings()
	if len(warnings) != 3 {
		t.Errorf("warnings %q", warnings)
	}
	for _, w := range warnings {
		if !strings.Contains(w, "does not report") {
			t.Errorf("warning %q", w)
		}
	}
	if !strings.Contains(r.String(), "server ?, role ?, AOF ?, eviction ?") {
		t.Errorf("the report is %q", r)
	}
}

func TestCheckEveryBackend(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		report, err := desir.Check(ctx, r.Client)
		want := 1
		if r.IsCluster() {
			want = 3
		}
		if err != nil || len(report.Nodes) != want {
			t.Errorf("%d nodes, %v; want %d\n%v", len(report.Nodes), err, want, report)
		}
	})
}

func TestCheckFails(t *testing.T) {
	t.Parallel()
	if _, err := desir.Check(ctx, nil); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("a nil client: %v", err)
	}
	dead := redistest.StartServer(t)
	rdb := dead.Client(t, func(o *redis.Options) { o.MaxRetries = -1 })
	dead.Kill()
	if _, err := desir.Check(ctx, rdb); !errors.Is(err, desir.ErrUnavailable) {
		t.Errorf("a dead server: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := desir.Check(ended, rdb); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

// TestCheckNoCluster checks a standalone server through a cluster client.
func TestCheckNoCluster(t *testing.T) {
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{redistest.StartServer(t).Addr}})
	defer rdb.Close()
	if _, err := desir.Check(t.Context(), rdb); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("Check: %v; want ErrNotSupported", err)
	}
}
