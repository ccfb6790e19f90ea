package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/internal/cmdline"
	"github.com/desir-go/desir/internal/redistest"
)

// TestComplete completes names, options and keys.
func TestComplete(t *testing.T) {
	s := redistest.StartServer(t)
	rdb, ctx := s.Client(t), context.Background()
	for _, key := range []string{"user:1", "user:2", "two words", "quo\"te", "ключ", "ключи", "star*", "starry", "bad\xff\x1b"} {
		if err := rdb.Set(ctx, key, "", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	r := &repl{rdb: rdb, spec: command.Builtin(), wait: time.Minute}
	for _, tt := range []struct {
		line, prefix string
		want         string // values with | between them
	}{
		{"getd", "getd", "getdel"},
		{"GETD", "GETD", "GETDEL"},
		{"Getd", "Getd", "GetdEL"},
		{"ex", "ex", "exec|exists|exit|expire|expireat|expiretime"},
		{"config re", "re", "resetstat|rewrite"},
		{"CONFIG RE", "RE", "RESETSTAT|REWRITE"},
		{"help getd", "getd", "getdel"},
		{"help config re", "re", "resetstat|rewrite"},
		{"help get ", "", ""},
		{"set k v n", "n", "nx"},
		{"SET k v NX E", "E", "EX|EXAT"},
		{"set k v ex ", "", ""},
		{"set k v ex 10 ", "", "nx|xx|get"},
		{"get us", "us", "user:1|user:2"},
		{"get user:1 ", "", ""},
		{"del user:1 us", "us", "user:1|user:2"},
		{"zunion 2 us", "us", "user:1|user:2"},
		{"xread streams us", "us", "user:1|user:2"},
		{"sort k store us", "us", "user:1|user:2"},
		{"get tw", "tw", `tw"o words"`},
		{`get "tw`, `"tw`, `"two words"`},
		{`get "two w`, `"two w`, `"two words"`},
		{`get 'two w`, `'two w`, `'two words'`},
		{"get qu", "qu", `qu"o\"te"`},
		{"get star*", "star*", "star*"},
		{"get bad", "bad", `bad"\xff\x1b"`},
		{"get ключ", "", ""}, // the editor counts bytes
		{"get 'ключ", "", ""},
		{`get "\xd0\xba`, `"\xd0\xba`, `"\xd0\xbaлюч"|"\xd0\xbaлючи"`},
		{"nosuch ", "", ""},
		{"get nosuch", "nosuch", ""},
		{"auth us", "us", ""},
		{"client list id 1 ", "", "type"},
	} {
		prefix, values := r.complete(tt.line)
		if got := strings.Join(values, "|"); prefix != tt.prefix || got != tt.want {
			t.Errorf("complete(%q) = %q, %q; want %q, %q", tt.line, prefix, got, tt.prefix, tt.want)
		}
		for _, value := range values {
			words, err := cmdline.Split(strings.TrimSuffix(tt.line, prefix) + value)
			if err != nil || len(words) == 0 || !printable(value) {
				t.Errorf("complete(%q): %q is no word: %v", tt.line, value, err)
			}
		}
	}
	if _, values := r.complete(""); len(values) < 200 || !slices.IsSorted(values) || !slices.Contains(values, "GETDEL") {
		t.Errorf("of nothing: %d values", len(values))
	}
}

// TestKeysLike finds keys on every kind of server.
func TestKeysLike(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		ctx, name := context.Background(), r.Key("completed")
		want := []string{name + ":*[a]", name + ":*b"}
		for _, key := range append([]string{name + ":x"}, want...) {
			if err := r.Client.Set(ctx, key, "", 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if got := keysLike(ctx, r.Client, name+":*", time.Minute); !slices.Equal(got, want) {
			t.Errorf("keysLike = %q; want %q", got, want)
		}
	})
}
