package conformance_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/rights"
)

// root is the directory of the module.
const root = "../.."

// place is an item of the list "Add a type" in CONTRIBUTING.md: a file that has to change
// for every new type.
type place struct {
	item   string // the first file of the item in CONTRIBUTING.md, for the type collections.Bitmap
	holds  func(t *testing.T, typ conformance.Type) bool
	except map[string]string // types that need not be there, and why
}

// places has every item of the list but those in byHand.
var places = []place{
	{"docs/design/0004-keys.md", mentions("docs/design/0004-keys.md"), map[string]string{
		"command.Runner": "its keys are the user's",
		"desir.Object":   "it is a part of the types",
	}},
	{"collections/bitmap.go", declared, nil},
	{"collections/doc.go", func(t *testing.T, typ conformance.Type) bool {
		pkg, _ := typ.Split()
		return mentions("PACKAGE/doc.go")(t, typ) && (pkg == "desir" || strings.Contains(read(t, "doc.go"), "desir/"+pkg+"]"))
	}, nil},
	{"internal/conformance/bitmap.go", func(_ *testing.T, typ conformance.Type) bool { return typ.Suite != nil }, nil},
	{"internal/conformance/subject.go", func(_ *testing.T, typ conformance.Type) bool {
		return slices.ContainsFunc(typ.Subjects, func(s conformance.Subject) bool { return s.Object != nil })
	}, map[string]string{
		"channel.Chan":          "its methods wait",
		"channel.PriorityQueue": "its methods wait",
		"channel.Mailbox":       "its methods wait",
		"channel.Topic":         "its methods wait",
		"command.Runner":        "its commands are the user's",
		"lock.Mutex":            "its methods wait",
		"lock.Semaphore":        "its methods wait",
		"lock.RWMutex":          "its methods wait",
		"lock.Leader":           "its methods wait",
		"rpc.Server":            "its methods wait",
		"desir.Object":          "its methods are those of every subject",
	}},
	{"internal/conformance/all.go", func(*testing.T, conformance.Type) bool { return true }, nil}, // see TestAll
	{"integration/features_test.go", mentions("integration/features_test.go"), nil},
	{"internal/rights/table.go", func(_ *testing.T, typ conformance.Type) bool {
		pkg, name := typ.Split()
		return slices.ContainsFunc(rights.Roles, func(r rights.Role) bool { return r.Type == name || r.Type == pkg })
	}, map[string]string{
		"command.Runner": "its commands are the user's",
		"desir.Object":   "its methods are in the roles of every type",
	}},
	{"collections/example_test.go", hasExample, nil},
	{"docs/guarantees.md", mentions("docs/guarantees.md"), map[string]string{"desir.Object": "it is a part of the types"}},
	{"docs/from-go-redis.md", mentions("docs/from-go-redis.md"), nil},
	{"README.md", mentions("README.md"), map[string]string{"desir.Object": "it is a part of the types"}},
	{"cmd/desir", mentions("cmd/desir/*.go"), map[string]string{
		"counter.IDs":     "the tool shows its key as a counter",
		"counter.Bounded": "the tool shows its key as a counter",
		"counter.Sharded": "the tool shows its keys as counters",
	}},
}

// byHand has the items that no test can check for a type of any kind.
var byHand = []string{
	"internal/send/short.go",    // TestEveryCommandIsClassed
	"docs/design/NNNN-*.md",     // not every type needs one
	"collections/scripts/*.lua", // not every type has some
	"collections/testdata",      // not every type has a format of its own
	"CHANGELOG.md",              // it says what is new
}

// TestTypeIsEverywhere looks for every type at each place of CONTRIBUTING's list "Add a
// type", and compares that list with the places that it knows.
func TestTypeIsEverywhere(t *testing.T) {
	t.Parallel()
	known := slices.Clone(byHand)
	for _, p := range places {
		known = append(known, p.item)
		for _, typ := range conformance.All() {
			_, excepted := p.except[typ.Name]
			switch holds := p.holds(t, typ); {
			case !holds && !excepted:
				t.Errorf("%s is missing in %s (as collections.Bitmap in %s; see CONTRIBUTING.md)", typ.Name, p.item, p.item)
			case holds && excepted:
				t.Errorf("%s stands in %s: it needs no exception", typ.Name, p.item)
			}
		}
		for name := range p.except {
			if !slices.ContainsFunc(conformance.All(), func(typ conformance.Type) bool { return typ.Name == name }) {
				t.Errorf("the exception %s of %s is no type", name, p.item)
			}
		}
	}
	listed := checklist(t)
	for _, item := range listed {
		if !slices.Contains(known, item) {
			t.Errorf("no test looks at %s, an item of CONTRIBUTING.md", item)
		}
	}
	for _, item := range known {
		if !slices.Contains(listed, item) {
			t.Errorf("%s is no item of CONTRIBUTING.md", item)
		}
	}
}

// checklist returns the first file of each item of "Add a type".
func checklist(t *testing.T) (items []string) {
	t.Helper()
	_, rest, ok := strings.Cut(read(t, "CONTRIBUTING.md"), "## Add a type\n")
	list, _, ok2 := strings.Cut(rest, "Rules for the code:")
	if !ok || !ok2 {
		t.Fatal("CONTRIBUTING.md has no list of files")
	}
	for _, m := range regexp.MustCompile("(?m)^- \\[ \\] `([^`]+)`").FindAllStringSubmatch(list, -1) {
		items = append(items, m[1])
	}
	if len(items) == 0 || len(items) != strings.Count(list, "- [ ]") {
		t.Errorf("%d of %d items begin with a file", len(items), strings.Count(list, "- [ ]"))
	}
	return items
}

func read(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// mentions looks for the name of a type as a word. Of package rpc, the name of the package
// is enough, since its types work together.
func mentions(file string) func(*testing.T, conformance.Type) bool {
	return func(t *testing.T, typ conformance.Type) bool {
		t.Helper()
		pkg, name := typ.Split()
		if pkg == "rpc" {
			name = "rpc|" + name
		}
		text := read(t, strings.Replace(file, "PACKAGE", directory(pkg), 1))
		return regexp.MustCompile(`\b(` + name + `)\b`).MatchString(text)
	}
}

func declared(t *testing.T, typ conformance.Type) bool {
	t.Helper()
	pkg, name := typ.Split()
	return regexp.MustCompile(`(?m)^type ` + name + `\b`).MatchString(read(t, directory(pkg)+"/*.go"))
}

func hasExample(t *testing.T, typ conformance.Type) bool {
	t.Helper()
	pkg, name := typ.Split()
	return regexp.MustCompile(`(?m)^func Example` + name + `[_(]`).MatchString(read(t, directory(pkg)+"/*_test.go"))
}

// directory returns the directory of a package.
func directory(pkg string) string {
	if pkg == "desir" {
		return "."
	}
	return pkg
}
