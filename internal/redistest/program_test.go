package redistest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeProgram creates a directory with a fake server that prints a version.
func writeProgram(t *testing.T, folder, name, output string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho '" + output + "'\n"
	if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestPrograms lists a directory of servers, the directory of one server, a server twice,
// and three entries without a server.
func TestPrograms(t *testing.T) {
	if os.PathListSeparator != ':' {
		t.Skip("the servers of this test are shell scripts")
	}
	dir := t.TempDir()
	writeProgram(t, dir+"/many/a", "redis-server", "Redis server v=8.0.2 sha=0 bits=64")
	writeProgram(t, dir+"/many/b", "valkey-server", "Valkey server v=9.1.2 sha=0 bits=64")
	writeProgram(t, dir+"/many/.hidden", "redis-server", "Redis server v=1.0.0 sha=0 bits=64")
	writeProgram(t, dir+"/one", "redis-server", "Redis server v=7.4.1 sha=0 bits=64")
	writeProgram(t, dir+"/again", "redis-server", "Redis server v=7.4.1 sha=0 bits=64")
	writeProgram(t, dir+"/broken", "redis-server", "no such library")
	if err := os.Mkdir(dir+"/empty", 0o700); err != nil {
		t.Fatal(err)
	}
	entries := []string{dir + "/many", "", dir + "/one", dir + "/again", dir + "/broken", dir + "/empty", dir + "/absent"}
	t.Setenv(ServersVariable, strings.Join(entries, ":"))
	t.Setenv("DESIR_REQUIRE", "")
	var names []string
	for _, p := range Programs() {
		bad := slices.Contains([]string{"absent", "broken", "empty"}, p.Name)
		got := runFake(t, p.Need)
		if (len(got.skips) == 1) != bad || len(got.failures) > 0 || bad && !strings.Contains(got.skips[0], p.Name) {
			t.Errorf("%s: skips %q, failures %q", p.Name, got.skips, got.failures)
		}
		names = append(names, p.Name)
	}
	want := []string{"absent", "broken", "empty", "redis-7.4.1", "redis-8.0.2", "valkey-9.1.2"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("Programs (-want +got):\n%s", diff)
	}
	if text := describePrograms(); !strings.Contains(text, "redis-8.0.2, valkey-9.1.2") || !strings.Contains(text, "no such library") {
		t.Errorf("described as %q", text)
	}

	t.Setenv("DESIR_REQUIRE", "servers")
	if got := runFake(t, Programs()[0].Need); len(got.failures) != 1 {
		t.Errorf("required: skips %q, failures %q; want a failure", got.skips, got.failures)
	}
	t.Setenv(ServersVariable, "")
	if all := Programs(); len(all) != 0 {
		t.Errorf("without a list: %v", all)
	}
}
