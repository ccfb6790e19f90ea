package integration

import (
	"strconv"
	"strings"
)

// versionIn finds the version in an answer to INFO: of valkey, too, which
// answers with the version of Redis that it is like, for old clients.
func versionIn(info string) string {
	found := ""
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "valkey_version":
			return value
		case "redis_version":
			found = value
		}
	}
	return found
}

// older compares versions part by part, as numbers. A part that is missing
// counts as 0, and what follows the digits of a part does not count.
func older(has, wants string) bool {
	h, w := strings.Split(has, "."), strings.Split(wants, ".")
	for i := range max(len(h), len(w)) {
		if a, b := part(h, i), part(w, i); a != b {
			return a < b
		}
	}
	return false
}

func part(version []string, i int) int {
	if i >= len(version) {
		return 0
	}
	digits := version[i]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	n, _ := strconv.Atoi(digits) // no digits: 0
	return n
}
