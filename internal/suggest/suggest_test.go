package suggest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/internal/suggest"
)

func commands(yield func(string) bool) {
	for c := range command.Builtin().All() {
		if !yield(c.Name) {
			return
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"hgetal": "HGETALL", "gte": "GET", "confg get": "CONFIG GET", "ZADDD": "ZADD", "subscrib": "SUBSCRIBE", "lpsh": "LPUSH",
	} {
		if got := suggest.Names(name, commands); len(got) == 0 || !slices.Contains(got[:min(2, len(got))], want) || len(got) > 5 {
			t.Errorf("Names(%q) = %q; want %s first", name, got, want)
		}
	}
	for _, name := range []string{"", "qqqqqqqq", strings.Repeat("g", 1<<16)} {
		if got := suggest.Names(name, commands); got != nil {
			t.Errorf("Names(%.10q) = %q", name, got)
		}
	}
}
