package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	historyMost = 1000 // number of lines
	historyFile = 0o600
	historyDir  = 0o700
)

// history holds the lines typed before, oldest first, in a file that only its owner can
// read. Lines that must not be kept are neither stored nor held in memory.
//
// It implements a history source of the line editor. Concurrent sessions append to one
// file.
type history struct {
	lines []string
	path  string            // empty if nothing is stored
	keep  func(string) bool // whether a line may be kept
}

// openHistory reads the user's history. If the file cannot be used, the history lasts
// for this session only.
func openHistory(keep func(string) bool) *history {
	h := &history{keep: keep}
	dir, err := os.UserConfigDir()
	if err != nil {
		return h
	}
	path := filepath.Join(dir, "desir", "history")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) || os.MkdirAll(filepath.Dir(path), historyDir) != nil {
		return h
	}
	h.path = path
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSuffix(line, "\n"); h.keeps(line) {
			h.lines = append(h.lines, line)
		}
	}
	if n := len(h.lines); n > 2*historyMost {
		h.lines = h.lines[n-historyMost:]
		h.rewrite()
	}
	return h
}

// rewrite replaces the file by the lines in memory.
func (h *history) rewrite() {
	f, err := os.CreateTemp(filepath.Dir(h.path), "history") // readable by its owner only
	if err != nil {
		return
	}
	_, err = f.WriteString(strings.Join(h.lines, "\n") + "\n")
	if errors.Join(err, f.Close()) != nil || os.Rename(f.Name(), h.path) != nil {
		_ = os.Remove(f.Name())
	}
}

// keeps reports whether a line is not empty and may be kept.
func (h *history) keeps(line string) bool {
	return strings.TrimSpace(line) != "" && printable(line) && h.keep(line)
}

// Write adds a line. It ignores errors of the file.
func (h *history) Write(line string) (int, error) {
	if !h.keeps(line) {
		return len(h.lines), nil
	}
	h.lines = append(h.lines, line)
	if h.path == "" {
		return len(h.lines), nil
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, historyFile)
	if err != nil {
		return len(h.lines), nil
	}
	defer f.Close()
	if f.Chmod(historyFile) == nil {
		_, _ = f.WriteString(line + "\n")
	}
	return len(h.lines), nil
}

// GetLine returns the line at an index.
func (h *history) GetLine(at int) (string, error) {
	if at < 0 || at >= len(h.lines) {
		return "", nil
	}
	return h.lines[at], nil
}

// Len returns the number of lines.
func (h *history) Len() int { return len(h.lines) }

// Dump returns all lines.
func (h *history) Dump() any { return h.lines }
