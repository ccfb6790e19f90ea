package desir_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

var (
	goBlock = regexp.MustCompile("(?s)```go\n(.*?)```\n(?:\n```text\n(.*?)```\n)?")
	inText  = regexp.MustCompile("```go\n")
)

// TestReadmeRuns pastes every program of the README into a file, runs it, and
// compares what it prints with the text block behind it. What is no program is
// a test, and has to pass.
func TestReadmeRuns(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := goBlock.FindAllSubmatch(readme, -1)
	if want := len(inText.FindAll(readme, -1)); len(blocks) != want || want == 0 {
		t.Fatalf("%d programs found, want %d", len(blocks), want)
	}
	for _, block := range blocks {
		file, how := filepath.Join(t.TempDir(), "main.go"), "run"
		if !bytes.HasPrefix(block[1], []byte("package main\n")) {
			file, how = filepath.Join(t.TempDir(), "main_test.go"), "test"
		}
		if err := os.WriteFile(file, block[1], 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("go", how, file)
		stderr := &testLog{t: t}
		cmd.Stderr = stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("the program does not run: %v\n%s", err, block[1])
			continue
		}
		if want := string(block[2]); want != "" && string(out) != want {
			t.Errorf("the program prints %q, the README says %q", out, want)
		}
	}
}

type testLog struct{ t *testing.T }

func (l *testLog) Write(p []byte) (int, error) {
	l.t.Log(string(p))
	return len(p), nil
}
