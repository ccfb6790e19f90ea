package rights_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/rights"
)

var update = flag.Bool("update", false, "write the table")

const (
	page  = "../../docs/acl.md"
	begin = "<!-- This table is written by a test: go generate in internal/rights. -->\n"
	end   = "<!-- Here the table ends. -->\n"
)

// TestPage compares the table of the page with the one that the other tests prove.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := bytes.Cut(text, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", page)
	}
	want := fmt.Sprintf("%s%s%s%s%s", before, begin, table(), end, after)
	switch {
	case want == string(text):
	case *update:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what the table says; go generate writes it", page)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| type | role | methods | needed | without it, the same in another way |\n|---|---|---|---|---|\n")
	for _, r := range rights.Roles {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.Type, r.Name, r.Does, cell(r.Where), cell(r.Spared))
	}
	return b.String()
}

// cell is what a role has, as ACL SETUSER takes it.
func cell(w rights.Where) string {
	var parts []string
	for _, some := range []struct {
		where string
		rights.Rules
	}{{"", w.All}, {"not on a cluster: ", w.Alone}, {"on a cluster: ", w.Cluster}, {"where the server knows them: ", w.Newer}} {
		var rules []string
		for _, k := range some.Keys {
			access, pattern := rights.Split(k)
			rules = append(rules, access+pattern)
		}
		for _, c := range some.Channels {
			rules = append(rules, "&"+c)
		}
		for _, c := range strings.Fields(some.Commands) {
			rules = append(rules, "+"+strings.ReplaceAll(c, "|", "\\|"))
		}
		if len(rules) > 0 {
			parts = append(parts, some.where+"`"+strings.Join(rules, " ")+"`")
		}
	}
	return strings.Join(parts, "<br>")
}
