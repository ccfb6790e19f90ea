package lock_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

// TestLeaderFullMemory campaigns while the server has no memory left. The process is elected
// when it has some again.
func TestLeaderFullMemory(t *testing.T) {
	s := redistest.StartServer(t)
	admin := s.Client(t)
	set := func(limit string) {
		if err := admin.ConfigSet(t.Context(), "maxmemory", limit).Err(); err != nil {
			t.Fatal(err)
		}
	}
	set("1")
	ended := make(chan error, 1)
	go func() {
		l := lock.NewLeader(s.Client(t), "l")
		ended <- l.Run(redistest.Within(t, 20*time.Second), func(context.Context) error { return nil })
	}()
	refused := func() bool { return strings.Contains(admin.Info(t.Context(), "errorstats").Val(), "errorstat_OOM") }
	redistest.Eventually(t, 10*time.Second, refused, "the first attempt is refused")
	set("0")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
