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

// Program is a server that tests can start.
type Program struct {
	Name string // product and version, "valkey-9.1.2"
	Path string // of its executable
	err  error  // why it cannot be used; Name is then that of its folder
}

// Servers is the environment variable that lists more servers than the one on
// PATH. It is a list as PATH is one: each entry is the folder of a redis-server or
// valkey-server, or a folder of such folders.
const Servers = "DESIR_SERVERS"

// ServerBinary returns the path of redis-server, or of valkey-server, or "".
func ServerBinary() string {
	for _, name := range serverNames {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

var serverNames = []string{"redis-server", "valkey-server"}

// Programs returns the servers that DESIR_SERVERS lists, each name once. An entry
// without a server that runs is among them, so that [Program.Need] reports it.
func Programs() []Program {
	var all []Program
	for _, entry := range filepath.SplitList(os.Getenv(Servers)) {
		if entry == "" {
			continue
		}
		folders, err := serverFolders(entry)
		if err != nil {
			all = append(all, Program{Name: filepath.Base(entry), err: fmt.Errorf("%s of %s: %w", entry, Servers, err)})
			continue
		}
		for _, path := range folders {
			all = append(all, identify(path))
		}
	}
	slices.SortStableFunc(all, func(a, b Program) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b Program) bool { return a.Name == b.Name })
}

// serverFolders returns the executables in a folder, or in its folders.
func serverFolders(folder string) (paths []string, err error) {
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
		err = errors.New("no redis-server or valkey-server in it")
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

var versions sync.Map // of identify, by path

// identify asks a server for its product and version.
func identify(path string) Program {
	if p, ok := versions.Load(path); ok {
		return p.(Program)
	}
	out, err := exec.Command(path, "--version").Output()
	p := Program{Name: filepath.Base(filepath.Dir(path)), Path: path}
	if m := versionLine.FindSubmatch(out); m != nil {
		p.Name = strings.ToLower(string(m[1])) + "-" + string(m[2])
	} else {
		p.err = fmt.Errorf("%s --version: %q, %w", path, out, cmp.Or(err, errors.New("which names no version")))
	}
	versions.Store(path, p)
	return p
}

var versionLine = regexp.MustCompile(`^(\w+) server v=(\S+)`)

// Need skips the test if the program cannot be used, or fails it if DESIR_REQUIRE
// has the word "servers".
func (p Program) Need(t testing.TB) {
	t.Helper()
	if p.err != nil {
		Missing(t, p.err.Error(), "servers")
	}
}

// Use is the option that starts this program instead of the one on PATH.
func Use(p Program) ServerOption {
	return func(c *serverConfig) { c.program = p }
}

// describePrograms names the servers that the tests run on, for a human reader.
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
