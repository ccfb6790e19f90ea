package integration

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
)

//go:generate go test -count=1 -run ^(TestCompatibility|TestClientKinds)$ . -update

var update = flag.Bool("update", false, "write the table of docs/compatibility.md, where this run knows more or other things")

const (
	document   = "../docs/compatibility.md"
	tableBegin = "<!-- This table is written by a test: go generate in integration. -->\n"
	tableEnd   = "<!-- Here the table ends. -->\n"
)

// TestCompatibility tries every feature on the available servers and compares the results
// with the document. The servers are the embedded one, the one on PATH, those listed in
// DESIR_SERVERS, and containers of the images listed in DESIR_IMAGES. Columns of other
// servers stay unchanged. If a server has no column, the test prints one and is skipped.
func TestCompatibility(t *testing.T) {
	old := tableIn(t, tableBegin)
	table := readTable(old)
	compare := func(name string, create func(t *testing.T) (title string, rdb redis.UniversalClient)) {
		t.Run(name, func(t *testing.T) {
			title, rdb := create(t)
			cells := probe(t, rdb)
			if !slices.Contains(table.titles, title) {
				if !*update {
					t.Skipf("%s has no column for %s; go generate in integration adds this one:\n%s", document, title, column(cells))
				}
				table.titles = append(table.titles, title)
			}
			table.cells[title] = cells
		})
	}
	compare("embedded", func(t *testing.T) (string, redis.UniversalClient) {
		s, err := embedded.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return "embedded", s.Client()
	})
	compare("PATH", func(t *testing.T) (string, redis.UniversalClient) {
		needServer(t, "redis", "this test")
		t.Setenv("REDIS_URL", "")
		e := New(t)
		return title(t, e), e.Client()
	})
	for _, p := range redistest.Programs() {
		compare(p.Name, func(t *testing.T) (string, redis.UniversalClient) {
			p.Need(t)
			e := New(t, withProgram(p))
			return title(t, e), e.Client()
		})
	}
	for image := range strings.SplitSeq(os.Getenv("DESIR_IMAGES"), ",") {
		if image = strings.TrimSpace(image); image == "" {
			continue
		}
		compare(strings.ReplaceAll(image, "/", "-"), func(t *testing.T) (string, redis.UniversalClient) {
			t.Setenv("DESIR_REDIS_IMAGE", image)
			e := New(t, Container(), Alone())
			return title(t, e), e.Client()
		})
	}
	compareTable(t, tableBegin, old, table.String())
}

// tableIn returns the table of the document that follows begin.
func tableIn(t *testing.T, begin string) string {
	t.Helper()
	_, old, _ := cutTable(t, begin)
	return old
}

func cutTable(t *testing.T, begin string) (head, old, tail string) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	old, tail, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table %q", document, begin)
	}
	return head, old, tail
}

// compareTable fails the test if the document's table differs. With -update it writes the
// table instead.
func compareTable(t *testing.T, begin, old, written string) {
	t.Helper()
	switch {
	case written == old || t.Failed():
	case *update:
		head, _, tail := cutTable(t, begin)
		if err := os.WriteFile(document, []byte(head+begin+written+tableEnd+tail), 0o600); err != nil {
			t.Error(err)
		}
	default:
		t.Errorf("%s is not what was found here; go generate in integration writes it:\n%s", document, written)
	}
}

// column formats the results of a server that has no column.
func column(cells map[string]string) string {
	var b strings.Builder
	for _, f := range features {
		fmt.Fprintf(&b, "%-4s %s\n", cells[f.name], f.name)
	}
	return b.String()
}

// title returns the column title of a server: product, major and minor version, such as
// "Redis 7.0".
func title(t *testing.T, e *Env) string {
	t.Helper()
	info, err := e.Client().Info(ctx, "server").Result()
	if err != nil {
		t.Fatal(err)
	}
	name, version := clients.Product(info)
	parts := strings.Split(version, ".")
	return name + " " + strings.Join(parts[:min(2, len(parts))], ".")
}

const (
	yes     = "yes"
	no      = "–"
	unknown = "?"
)

// probe tries every feature and returns the cells of a server's column.
func probe(t *testing.T, rdb redis.UniversalClient) map[string]string {
	t.Helper()
	cells := map[string]string{}
	for _, f := range features {
		switch err := f.try(rdb); {
		case err == nil:
			cells[f.name] = yes
		case errors.Is(err, desir.ErrNotSupported), strings.Contains(err.Error(), "unknown command"), strings.Contains(err.Error(), "compiling script"):
			t.Logf("%s: %v", f.name, err)
			cells[f.name] = no
		default:
			t.Errorf("%s: %v", f.name, err)
		}
	}
	return cells
}

// table says which server has which feature.
type table struct {
	titles []string
	cells  map[string]map[string]string // by server and feature
}

const leadingColumns = 3 // columns before the servers' columns; one more follows them

// readTable parses a table that String formatted.
func readTable(text string) *table {
	t := &table{cells: map[string]map[string]string{}}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case len(cells) < leadingColumns+1 || strings.HasPrefix(cells[0], "---"):
		case t.titles == nil:
			t.titles = slices.Clone(cells[leadingColumns : len(cells)-1])
		default:
			for i, title := range t.titles {
				if t.cells[title] == nil {
					t.cells[title] = map[string]string{}
				}
				t.cells[title][cells[0]] = cells[leadingColumns+i]
			}
		}
	}
	return t
}

func (t *table) String() string {
	var b strings.Builder
	row := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	slices.Sort(t.titles) // "embedded" sorts last
	head := append([]string{"feature", "commands", "since"}, t.titles...)
	row(append(head, "tried on a server")...)
	fmt.Fprintln(&b, strings.Repeat("|---", len(head)+1)+"|")
	for _, f := range features {
		cells, tried := []string{f.name, f.commands, f.since}, "**not tested**"
		for _, title := range t.titles {
			cell := t.cells[title][f.name]
			if cell == "" {
				cell = unknown
			}
			if cell == yes && title != "embedded" {
				tried = yes
			}
			cells = append(cells, cell)
		}
		row(append(cells, tried)...)
	}
	return b.String()
}
