package desir_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// secret contains every character with a meaning in a URL.
const secret = "p:a/s?s#w@o%r&d"

// TestOpen connects with every form of URL.
func TestOpen(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t, redistest.TLS(),
		redistest.Config("user", "app on >"+secret+" ~* &* +@all"))
	cluster := redistest.StartCluster(t, 0)
	sentinel := redistest.StartSentinel(t)
	auth := "app:" + url.QueryEscape(secret) + "@"
	for name, raw := range map[string]string{
		"standalone":          "redis://" + s.Addr,
		"slash":               "redis://" + s.Addr + "/",
		"database":            "redis://" + s.Addr + "/3",
		"options":             "redis://" + s.Addr + "?pool_size=3&read_timeout=1s&client_name=me",
		"password":            "redis://" + auth + s.Addr + "/0",
		"TLS":                 "rediss://" + auth + s.TLSAddr + "?skip_verify=true",
		"socket":              "unix://" + s.Socket,
		"socket and password": "unix://" + auth + s.Socket + "?db=1",
		"cluster":             "redis+cluster://" + strings.Join(cluster.Addrs, ","),
		"cluster, one node":   "redis+cluster://" + cluster.Addrs[1] + "/0?pool_size=2",
		"sentinel":            "redis+sentinel://" + strings.Join(sentinel.SentinelAddrs, ",") + "/" + sentinel.MasterName,
		"sentinel, database":  "redis+sentinel://" + sentinel.SentinelAddrs[2] + "/" + sentinel.MasterName + "?db=2",
	} {
		t.Run(name, func(t *testing.T) {
			rdb, err := desir.Open(ctx, raw)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = rdb.Close() }()
			if err := rdb.Set(ctx, "open", name, 0).Err(); err != nil {
				t.Error(err)
			}
			if got := rdb.Get(ctx, "open").Val(); got != name {
				t.Errorf("got %q back", got)
			}
			if hello, err := rdb.Do(ctx, "hello").Result(); err != nil {
				t.Error(err)
			} else if m, ok := hello.(map[any]any); !ok || m["proto"] != int64(3) {
				t.Errorf("HELLO = %v; want RESP3", hello)
			}
		})
	}
	t.Run("TLS is verified", func(t *testing.T) {
		_, err := desir.Open(ctx, "rediss://"+auth+s.TLSAddr)
		if !errors.Is(err, desir.ErrNotSupported) || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("error %v, want one about the certificate", err)
		}
	})
}

// TestOpenOptions checks the client's options against the URL and the defaults.
func TestOpenOptions(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	rdb, err := desir.Open(ctx, "redis://"+s.Addr+"/5?pool_size=3&read_timeout=1s")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rdb.Close() }()
	o := rdb.(*redis.Client).Options()
	if o.DB != 5 || o.PoolSize != 3 || o.ReadTimeout != time.Second || o.WriteTimeout != 3*time.Second || o.Protocol != 3 {
		t.Errorf("database %d, pool %d, read %v, write %v, protocol %d", o.DB, o.PoolSize, o.ReadTimeout, o.WriteTimeout, o.Protocol)
	}
}

// TestOpenFails opens invalid URLs and unreachable servers. The error must say what is
// wrong and must not show the password.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t, redistest.Config("requirepass", "other"))
	dead := redistest.StartServer(t)
	dead.Kill()
	for name, tt := range map[string]struct {
		url  string
		want error
		text string
	}{
		"empty":              {"", nil, "scheme"},
		"no scheme":          {"localhost:6379", nil, "scheme"},
		"another scheme":     {"http://tops3cret@localhost", nil, "scheme"},
		"another kind":       {"redis+ring://tops3cret@localhost", nil, "scheme"},
		"no host":            {"redis://", nil, "address"},
		"bad port":           {"redis://u:tops3cret@h:port", nil, "address"},
		"password, no host":  {"redis://:tops3cret", nil, "address"},
		"slash in password":  {"redis://u:top/s3cret@h", nil, "percent-encode"},
		"query in password":  {"redis://u:top?s3cret@h", nil, "percent-encode"},
		"escape in password": {"redis://u:tops3cret%zz@h", nil, "percent-encode"},
		"database":           {"redis://u:tops3cret@h/nine", nil, "database"},
		"option":             {"redis://u:tops3cret@h/9?pool_sise=3", nil, "pool_sise"},
		"option's value":     {"redis://u:tops3cret@h/9?pool_size=tops3cret", nil, "pool_size"},
		"semicolon":          {"redis://u:tops3cret@h/9?read_timeout=1s;pool_size=3", nil, "name=value"},
		"bad escape":         {"redis://u:tops3cret@h/9?%zz=tops3cret", nil, "name=value"},
		"cluster, address":   {"redis+cluster://u:tops3cret@h1?addr=h2:6379", nil, "among its options"},
		"sentinel, twice":    {"redis+sentinel://u:tops3cret@h1/m?master_name=other", nil, "among its options"},
		"list of hosts":      {"redis://u:tops3cret@h1,h2", nil, "address"},
		"cluster, database":  {"redis+cluster://u:tops3cret@h1,h2/three", nil, "database"},
		"cluster, no hosts":  {"redis+cluster://u:tops3cret@/", nil, "address"},
		"cluster, gap":       {"redis+cluster://u:tops3cret@h1,,h2", nil, "address"},
		"sentinel, master":   {"redis+sentinel://u:tops3cret@h1,h2", nil, "master"},
		"sentinel, option":   {"redis+sentinel://h1/m?sentinel_password=tops3cret&bad=tops3cret", nil, "bad"},
		"socket":             {"unix://u:tops3cret@", nil, "socket"},
		"refused":            {"redis://u:tops3cret@" + dead.Addr + "?max_retries=-1", desir.ErrUnavailable, dead.Addr},
		"wrong password":     {"redis://u:tops3cret@" + s.Addr, desir.ErrDenied, "WRONGPASS"},
		"no password":        {"redis://" + s.Addr, desir.ErrDenied, "NOAUTH"},
		"socket is missing":  {"unix://:tops3cret@/nowhere/redis.sock?max_retries=-1", desir.ErrUnavailable, "/nowhere/redis.sock"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb, err := desir.Open(ctx, tt.url)
			if err == nil {
				_ = rdb.Close()
				t.Fatal("no error")
			}
			var op *desir.OpError
			if !errors.As(err, &op) || op.Op != "desir.Open" {
				t.Errorf("error %#v, want an OpError of desir.Open", err)
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %q does not say %q", err, tt.text)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), "s3cret") {
					t.Errorf("error %#v shows the password", e)
				}
			}
		})
	}
}

func TestOpenObeysTheContext(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	s.Freeze()
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := desir.Open(ctx, "redis://"+s.Addr)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("returned after %v", took)
	}
}

// FuzzURL checks that no URL makes Open panic and that no error shows the text in place
// of the password. It never connects, because the context has ended.
func FuzzURL(f *testing.F) {
	for _, s := range []string{
		"redis://u:p@h", "rediss://h/1?pool_size=2", "unix:///s?db=1", "redis+cluster://a,b", "redis+sentinel://a,b/m",
		"redis://[::1]:1", "redis://u:p%40@h", "redis://%zz", "redis://h?a=b;c", "redis://u:p@h/1/2",
	} {
		f.Add(s)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := desir.Open(ended, raw); err == nil {
			t.Error("no error although the context has ended")
		}
		_, err := desir.Open(ended, "redis://user:tops3cret@"+raw)
		if err == nil {
			t.Error("no error although the context has ended")
		} else if strings.Contains(err.Error(), "tops3cret") {
			t.Errorf("error %q shows the password", err)
		}
	})
}
