package redistest

import (
	"context"
	"strconv"
	"strings"
	"testing"
)

// Scripts returns how often the server has run a script by its digest.
func (s *Server) Scripts(t testing.TB) int64 {
	t.Helper()
	info, err := s.Client(t).Info(context.Background(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(info, "cmdstat_evalsha:calls=")
	digits, _, _ := strings.Cut(rest, ",")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
