package command

import (
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

func TestHelp(t *testing.T) {
	want := `RPOP key [count]

arguments:
  key              key
  count            integer, optional, since 6.2.0

facts:
  group            list
  since            1.0.0
  complexity       O(N)
  flags            write fast
  categories       @write @list @fast
`
	if got := need(t, "rpop").Help(); got != want {
		t.Errorf("Help of RPOP is\n%s", got)
	}
}

// TestHelpFits verifies that no line is longer than the terminal is wide, for any
// command.
func TestHelpFits(t *testing.T) {
	t.Parallel()
	spec, err := Load(ctx, redistest.StartServer(t).Client(t))
	if err != nil {
		t.Fatal(err)
	}
	for c := range spec.All() {
		for _, width := range []int{0, 60, 80, 120} {
			for line := range strings.Lines(c.HelpWidth(width)) {
				line = strings.TrimSuffix(line, "\n")
				if len(line) > max(width, narrowest) && len(strings.Fields(line)) > 2 { // a long word stands beside another
					t.Errorf("%s at %d: %q", c.Name, width, line)
				}
			}
		}
	}
	c, _ := spec.Lookup("rpop")
	help := strings.Join(strings.Fields(c.Help()), " ") // without line ends, which depend on the server's words
	for _, part := range []string{c.Summary, "Added the count argument.", "6.2.0", "O(N)"} {
		if part == "" || !strings.Contains(help, part) {
			t.Errorf("the help of RPOP lacks %q:\n%s", part, help)
		}
	}
	c, _ = spec.Lookup("config")
	if help := c.Help(); !strings.Contains(help, "CONFIG REWRITE") {
		t.Errorf("the help of CONFIG has no subcommands:\n%s", help)
	}
	c, _ = spec.Lookup("rpoplpush")
	deprecated := spec.Product == "Redis" || strings.HasPrefix(spec.Version, "8.") // Valkey 9 has taken it back
	if help := c.Help(); strings.Contains(help, "deprecated since 6.2.0, replaced by LMOVE") != deprecated {
		t.Errorf("the help of RPOPLPUSH does not warn:\n%s", help)
	}
}
