package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// TestCompose adds flags to URLs of every form.
func TestCompose(t *testing.T) {
	for _, tt := range []struct {
		connectFlags
		password, want string
	}{
		{connectFlags{URL: "redis://h"}, "", "redis://h"},
		{connectFlags{URL: "redis://h", TLS: true}, "", "rediss://h"},
		{connectFlags{URL: "rediss://h/1", TLS: true}, "", "rediss://h/1"},
		{connectFlags{URL: "redis+cluster://a,b", Insecure: true}, "", "rediss+cluster://a,b?skip_verify=true"},
		{connectFlags{URL: "redis+sentinel://a,b/m?db=1", CACert: "/c a.pem"}, "", "rediss+sentinel://a,b/m?db=1&cacert=%2Fc+a.pem"},
		{connectFlags{URL: "rediss://h?cacert=/old&db=1", CACert: "/new"}, "", "rediss://h?db=1&cacert=%2Fnew"},
		{connectFlags{URL: "redis://h/1?x=y"}, "p@/:?#% +", "redis://:p%40%2F%3A%3F%23%25%20%2B@h/1?x=y"},
		{connectFlags{URL: "redis://ada:old@h", User: ""}, "new", "redis://ada:new@h"},
		{connectFlags{URL: "redis://old@h", User: "b:b"}, "", "redis://b%3Ab:old@h"},
		{connectFlags{URL: "unix:///run/redis?db=1"}, "pw", "unix://:pw@/run/redis?db=1"},
		{connectFlags{URL: "localhost:6379", TLS: true}, "pw", "localhost:6379"},
	} {
		if got, err := tt.fullURL(tt.password); err != nil || got != tt.want {
			t.Errorf("compose of %+v, %q = %q, %v; want %q", tt.connectFlags, tt.password, got, err, tt.want)
		}
		again := tt.connectFlags
		again.URL = tt.want
		if got, err := again.fullURL(tt.password); err != nil || got != tt.want {
			t.Errorf("again: %q, %v; want %q", got, err, tt.want)
		}
	}
}

const secret = "p@ss:/?#w%rd"

// TestUserAndTLS connects to a server that requires a user and has a self-signed
// certificate.
func TestUserAndTLS(t *testing.T) {
	s := redistest.StartServer(t, redistest.TLS(), redistest.Config("user", "app on >"+secret+" ~* &* +@all"), redistest.Config("user", "default off"))
	ca, key := filepath.Join(s.Dir, "cert.pem"), filepath.Join(s.Dir, "key.pem")
	plain, tls := "redis://"+s.Addr, "redis://"+s.TLSAddr
	for name, tt := range map[string]struct {
		args     []string
		password string
		status   int
		errs     string
	}{
		"no user":        {[]string{"--url", plain}, "", 1, "NOAUTH"},
		"user":           {[]string{"--url", plain, "--user", "app"}, secret, 0, ""},
		"wrong password": {[]string{"--url", plain, "--user", "app"}, "wrong", 1, "WRONGPASS"},
		"authority":      {[]string{"--url", tls, "--user", "app", "--cacert", ca}, secret, 0, ""},
		"not known":      {[]string{"--url", tls + "?max_retries=-1", "--user", "app", "--tls"}, secret, 1, "certificate"},
		"not verified":   {[]string{"--url", tls, "--user", "app", "--insecure"}, secret, 0, "warning: --insecure"},
		"pair":           {[]string{"--url", tls, "--user", "app", "--cacert", ca, "--cert", ca, "--key", key}, secret, 0, ""},
		"half a pair":    {[]string{"--url", tls, "--user", "app", "--cert", ca}, secret, 1, "belong together"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DESIR_PASSWORD", tt.password)
			status, out, errs := tool(t, append([]string{"counter", "get", "c"}, tt.args...)...)
			if status != tt.status || status == 0 && out != "0\n" || !strings.Contains(errs, tt.errs) || tt.errs == "" && errs != "" || strings.Contains(errs, secret) {
				t.Errorf("exit status %d, %q, %q; want %d, %q", status, out, errs, tt.status, tt.errs)
			}
		})
	}
	t.Run("tour", func(t *testing.T) { // its other process goes the same way
		t.Setenv("DESIR_PASSWORD", secret)
		status, out, errs := tool(t, "tour", "--url", tls, "--user", "app", "--cacert", ca)
		if status != 0 || !answers.MatchString(strings.ReplaceAll(out, `Often("a")`, `Often("the")`)) && !strings.Contains(out, "serves calls") {
			t.Errorf("exit status %d, %q, %q", status, out, errs)
		}
	})
	t.Run("asked", func(t *testing.T) {
		term := atTerminal(t, "counter", "get", "c", "--url", plain, "--user", "app", "--askpass")
		term.expect("Password: ")
		term.keys(secret + "\r")
		term.expect("0\r\n")
		<-term.ended
		if term.mu.Lock(); strings.Contains(term.seen.String(), secret) || term.err != nil {
			t.Errorf("the terminal shows %q, %v", term.seen.String(), term.err)
		}
		term.mu.Unlock()
	})
}
