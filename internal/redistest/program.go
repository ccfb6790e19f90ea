package redistest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Program is an executable of a server that tests can start.
type Program struct {
	Name string // product and version, such as "valkey-9.1.2"
	Path string // path of the executable
	err  error  // why it cannot be used; Name is then the name of its directory
}

// ServersVariable is the environment variable that lists more servers than the one on
// PATH. It is a path list like PATH. Each entry is a directory that holds redis-server or
// valkey-server, or a directory of such directories.
const ServersVariable = "DESIR_SERVERS"

// ServerBinary returns the path of redis-server on PATH, else of valkey-server, else "".
func ServerBinary() string {
	for _, name := range serverNames {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

var serverNames = []string{"redis-server", "valkey-server"}

// Programs returns the servers that DESIR_SERVERS lists, sorted by name and without
// duplicates. It includes entries without a usable server, so that [Program.Need] reports
// them.
func Programs() []Program {
	var all []Program
	for _, entry := range filepath.SplitList(os.Getenv(ServersVariable)) {
		if entry == "" {
			continue
		}
		folders, err := serversIn(entry)
		if err != nil {
			all = append(all, Program{Name: filepath.Base(entry), err: fmt.Errorf("%s of %s: %w", entry, ServersVariable, err)})
			continue
		}
		for _, path := range folders {
			all = append(all, identify(path))
		}
	}
	slices.SortStableFunc(all, func(a, b Program) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b Program) bool { return a.Name == b.Name })
}

// serversIn returns the paths of the servers in a directory or in its subdirectories.
func serversIn(folder string) (paths []string, err error) {
	if path := executable(folder); path != "" {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if path := executable(filepath.Join(folder, e.Name())); path != "" {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		err = errors.New("no redis-server or valkey-server in this directory")
	}
	return paths, err
}

func executable(folder string) string {
	for _, name := range serverNames {
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path
		}
	}
	return ""
}

var versions sync.Map // results of identify, by path

// identify runs a server with --version to learn its product and version.
func identify(path string) Program {
	if p, ok := versions.Load(path); ok {
		return p.(Program)
	}
	out, err := exec.Command(path, "--version").Output()
	p := Program{Name: filepath.Base(filepath.Dir(path)), Path: path}
	if m := versionLine.FindSubmatch(out); m != nil {
		p.Name = strings.ToLower(string(m[1])) + "-" + string(m[2])
	} else {
		p.err = fmt.Errorf("%s --version: output %q: %w", path, out, cmp.Or(err, errors.New("no version in it")))
	}
	versions.Store(path, p)
	return p
}

var versionLine = regexp.MustCompile(`^(\w+) server v=(\S+)`)

// Need skips the test if the program cannot be used. If DESIR_REQUIRE contains "servers",
// it fails the test.
func (p Program) Need(t testing.TB) {
	t.Helper()
	if p.err != nil {
		Missing(t, p.err.Error(), "servers")
	}
}

// Use starts this program instead of the one on PATH.
func Use(p Program) ServerOption {
	return func(c *serverConfig) { c.program = p }
}

// describePrograms returns the names of the servers that the tests run on, for people.
func describePrograms() string {
	var all []string
	if path := ServerBinary(); path != "" {
		all = append(all, identify(path).Name+" (PATH)")
	}
	for _, p := range Programs() {
		if p.err != nil {
			p.Name = p.err.Error()
		}
		all = append(all, p.Name)
	}
	if len(all) == 0 {
		return "none on PATH"
	}
	return strings.Join(all, ", ")
}
