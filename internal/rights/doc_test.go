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
	begin = "<!-- This table is generated: go generate ./internal/rights -->\n"
	end   = "<!-- End of the table. -->\n"
)

// TestPage compares the table in docs/acl.md with the table in this package.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := bytes.Cut(text, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		t.Fatalf("%s has no markers for the table", page)
	}
	want := fmt.Sprintf("%s%s%s%s%s", before, begin, table(), end, after)
	switch {
	case want == string(text):
	case *update:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is out of date; run go generate ./internal/rights", page)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| type | role | methods | needed | optional |\n|---|---|---|---|---|\n")
	for _, r := range rights.Roles {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.Type, r.Name, r.Does, cell(r.Where), cell(r.Optional))
	}
	return b.String()
}

// cell formats the rules of a role as arguments of ACL SETUSER.
func cell(e rights.Where) string {
	var parts []string
	for _, some := range []struct {
		where string
		rights.Rules
	}{{"", e.All}, {"not on a cluster: ", e.Alone}, {"on a cluster: ", e.Cluster}, {"on servers that have them: ", e.Newer}} {
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
