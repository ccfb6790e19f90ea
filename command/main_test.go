package command

import (
	"context"
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) {
	redistest.Parallel(8)
	os.Exit(redistest.Main(m))
}

var ctx = context.Background()

// need returns a command of the built-in table.
func need(t testing.TB, name string) *Command {
	t.Helper()
	c, ok := Builtin().Lookup(name)
	if !ok {
		t.Fatalf("no command %s", name)
	}
	return c
}
