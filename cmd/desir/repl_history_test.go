package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// tempHome sets a configuration directory for the test and returns the path of the
// history.
func tempHome(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("XDG_CONFIG_HOME moves the history on Linux alone")
	}
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	return filepath.Join(dir, "desir", "history")
}

func withoutSecret(line string) bool { return !strings.Contains(line, "s3cret") }

func TestHistory(t *testing.T) {
	file := tempHome(t)
	h := openHistory(withoutSecret)
	for _, line := range []string{"GET a", "", "  ", "AUTH s3cret", "ECHO \x1b", "ECHO 'a\nb'", "GET ключ"} {
		if _, err := h.Write(line); err != nil {
			t.Errorf("Write(%q): %v", line, err)
		}
	}
	want := []string{"GET a", "GET ключ"}
	if again := openHistory(withoutSecret); !slices.Equal(h.lines, want) || !slices.Equal(again.lines, want) {
		t.Errorf("kept %q, stored %q; want %q", h.lines, again.lines, want)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want a file for its owner alone", info.Mode(), err)
	}
	if line, err := h.GetLine(1); line != want[1] || err != nil {
		t.Errorf("GetLine(1) = %q, %v", line, err)
	}
	if line, err := h.GetLine(2); line != "" || err != nil {
		t.Errorf("GetLine(2) = %q, %v", line, err)
	}
}

// TestHistoryOfOthers reads a file whose permissions are too wide, that is too long,
// and that has lines that must not be kept.
func TestHistoryOfOthers(t *testing.T) {
	file := tempHome(t)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("AUTH s3cret\n\x1b]0;title\a\n")
	for i := range 2*historyMost + 1 {
		fmt.Fprintf(&b, "GET %d\n", i)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	h := openHistory(withoutSecret)
	if h.Len() != historyMost || h.lines[0] != fmt.Sprint("GET ", historyMost+1) {
		t.Errorf("%d lines from %q on; want the last %d", h.Len(), h.lines[0], historyMost)
	}
	if _, err := h.Write("PING"); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), "\n") != historyMost+1 || strings.Contains(string(text), "s3cret") {
		t.Errorf("%d lines stored, %v", strings.Count(string(text), "\n"), err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want a file for its owner alone", info.Mode(), err)
	}
}

// TestNoHistory works without a place for the file.
func TestNoHistory(t *testing.T) {
	file := tempHome(t)
	if err := os.WriteFile(filepath.Dir(file), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h := openHistory(withoutSecret)
	if n, err := h.Write("PING"); n != 1 || err != nil {
		t.Errorf("Write = %d, %v; want 1", n, err)
	}
}
