package main

import (
	"strings"
	"testing"
)

// TestJSONRefused has ambiguous and invalid JSON.
func TestJSONRefused(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		`{"ID": 1, "ID": 2}`:                 `"ID" occurs twice`,
		`[{"a": {"b": 1, "c": 2, "b": 3}}]`:  `"b" occurs twice`,
		`{"ID": 1} {"ID": 2}`:                "after top-level value",
		`{"ID": 1}x`:                         "after top-level value",
		`[18446744073709551616]`:             "more than 64 bits",
		`[1e999]`:                            "out of the range",
		"{\"a\x1b[2J\": 1, \"a\x1b[2J\": 2}": "invalid character",
	} {
		if v, err := parseJSON(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q is read as %v, %v; want %q", text, v, err, says)
		}
	}
}
