package desir_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// TestOpenCertificates opens URLs with options for certificates. The client must trust
// only the URL's authority and present the URL's certificate.
func TestOpenCertificates(t *testing.T) {
	t.Parallel()
	s, other := redistest.StartServer(t, redistest.TLS()), redistest.StartServer(t, redistest.TLS())
	ca, key := filepath.Join(s.Dir, "cert.pem"), filepath.Join(s.Dir, "key.pem")
	if err := s.Client(t).ConfigSet(ctx, "tls-auth-clients", "yes").Err(); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ url, want string }{
		"both":             {"rediss://" + s.TLSAddr + "?cacert=" + ca + "&cert=" + ca + "&key=" + key, ""},
		"another's":        {"rediss://" + other.TLSAddr + "?cacert=" + ca, "certificate"},
		"own, not checked": {"rediss://" + s.TLSAddr + "?skip_verify=true&cert=" + ca + "&key=" + key, ""},
		"none shown":       {"rediss://" + s.TLSAddr + "?max_retries=-1&cacert=" + ca, "certificate"},
		"no TLS":           {"redis://" + s.Addr + "?cacert=" + ca, "rediss://"},
		"half a pair":      {"rediss://" + s.TLSAddr + "?cert=" + ca, "belong together"},
		"no file":          {"rediss://" + s.TLSAddr + "?cacert=/no/such/file", "/no/such/file"},
		"nothing in it":    {"rediss://" + s.TLSAddr + "?cacert=" + url.QueryEscape(empty), "PEM"},
		"no pair":          {"rediss://" + s.TLSAddr + "?cert=" + ca + "&key=" + ca, "cert and key"},
		"odd skip_verify":  {"rediss+cluster://" + s.TLSAddr + "?skip_verify=perhaps", "skip_verify"},
		"cluster, no TLS":  {"redis+cluster://" + s.Addr + "?skip_verify=true", "rediss+cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			rdb, err := desir.Open(ctx, tt.url)
			if err == nil {
				defer func() { _ = rdb.Close() }()
				err = rdb.Ping(ctx).Err()
			}
			if _, ours := errors.AsType[*desir.OpError](err); (err == nil) != (tt.want == "") || err != nil && (!ours || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v; want %q", err, tt.want)
			}
		})
	}
}
