package channel_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// TestAskLeavesLittle counts the keys that a thousand questions leave.
func TestAskLeavesLittle(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	all := within(t, time.Minute)
	var answering, asking sync.WaitGroup
	desk := channel.NewMailbox[int](s.Client(t), "desk")
	answering.Go(func() {
		for l, err := range desk.All(all) {
			if err != nil {
				t.Error(err)
				return
			}
			if l.Value < 0 {
				return
			}
			if err := l.Reply(all, l.Value+1); err != nil {
				t.Error(err)
			}
		}
	})
	asker := channel.NewMailbox[int](s.Client(t), "asker")
	for i := range 10 {
		asking.Go(func() {
			for j := range 100 {
				if l, err := asker.Ask(all, "desk", 100*i+j); err != nil || l.Value != 100*i+j+1 {
					t.Errorf("Ask = %d, %v; want %d", l.Value, err, 100*i+j+1)
					return
				}
			}
		})
	}
	asking.Wait()
	if err := asker.Send(all, "desk", -1); err != nil {
		t.Error(err)
	}
	answering.Wait()
	keys := s.Client(t).Keys(ctx, "*").Val()
	if len(keys) > 4 { // a poke key and a wake token for each mailbox
		t.Errorf("%d keys stay behind 1000 questions: %s…", len(keys), strings.Join(keys[:5], " "))
	}
}
