package desir_test

import (
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// loadedScript matches where a package loads a script or functions of its directory scripts.
var loadedScript = regexp.MustCompile(`\b(?:New|LoadFunctions)\(luaFiles, "(\w+)"`)

// TestScripts checks that each package loads every file of its directory scripts once, and
// no others. The packages load them at init, where a wrong name panics.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, loaded := map[string]bool{}, map[string]int{}
	eachFile(t, "", func(name string, text []byte) {
		switch name = filepath.ToSlash(name); {
		case strings.HasSuffix(name, ".lua"):
			files[name] = true
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			for _, m := range loadedScript.FindAllSubmatch(text, -1) {
				loaded[path.Join(path.Dir(name), "scripts", string(m[1])+".lua")]++
			}
		}
	})
	if len(files) < 50 {
		t.Errorf("%d files, want all scripts", len(files))
	}
	for name := range files {
		if loaded[name] != 1 {
			t.Errorf("%s is loaded %d times, want 1", name, loaded[name])
		}
	}
	for name := range loaded {
		if !files[name] {
			t.Errorf("%s is loaded, but there is no such file", name)
		}
	}
}
