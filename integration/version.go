package integration

import (
	"strconv"
	"strings"
)

// older reports whether version has is lower than version wants. It compares the parts as
// numbers. A missing part counts as 0. Characters after the digits of a part are ignored.
func older(has, wants string) bool {
	h, w := strings.Split(has, "."), strings.Split(wants, ".")
	for i := range max(len(h), len(w)) {
		if a, b := versionPart(h, i), versionPart(w, i); a != b {
			return a < b
		}
	}
	return false
}

func versionPart(version []string, i int) int {
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
