package channel_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
)

// scale multiplies the length of the tests with histories.
const scale = 1

// item is one value of a history: the Nth value of a sender.
type item struct{ Sender, N int }

// history records the values that were sent to and received from a channel.
type history struct {
	mu         sync.Mutex
	sent       map[item]bool // true for acknowledged, false for ErrMaybeRan
	got        map[item]int
	unexpected []item           // received and never sent
	outOfOrder []string         // received by one receiver after a later value of the same sender
	last       map[string][]int // by receiver and sender: the last value received
	excused    map[item]bool    // may be lost or received twice
}

func newHistory() *history {
	return &history{sent: map[item]bool{}, got: map[item]int{}, last: map[string][]int{}, excused: map[item]bool{}}
}

const maxSenders = 64

// try records that a value is about to be sent.
func (h *history) try(m item) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent[m] = false
}

func (h *history) acked(m item) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent[m] = true
}

func (h *history) received(by string, ms ...item) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.last[by]
	if last == nil {
		last = make([]int, maxSenders)
		h.last[by] = last
	}
	for _, m := range ms {
		if _, ok := h.sent[m]; !ok {
			h.unexpected = append(h.unexpected, m)
			continue
		}
		if h.got[m]++; m.N < last[m.Sender] {
			h.outOfOrder = append(h.outOfOrder, fmt.Sprintf("%s got %v after %d", by, m, last[m.Sender]))
		}
		last[m.Sender] = m.N
	}
}

// missing returns how many acknowledged values were not received.
func (h *history) missing() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for m, acked := range h.sent {
		if acked && h.got[m] == 0 && !h.excused[m] {
			n++
		}
	}
	return n
}

// arrived returns how many values were received.
func (h *history) arrived() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.got)
}

// snapshot holds the values that were acknowledged and received up to one moment.
type snapshot struct{ acked, got map[item]bool }

// snapshot returns the present moment.
func (h *history) snapshot() snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := snapshot{map[item]bool{}, map[item]bool{}}
	for v, acked := range h.sent {
		if acked {
			m.acked[v] = true
		}
	}
	for v := range h.got {
		m.got[v] = true
	}
	return m
}

// excuse permits that values acknowledged since a moment are lost, and that values received
// since then are received twice. A failover may cause both.
func (h *history) excuse(since snapshot) {
	now := h.snapshot()
	h.mu.Lock()
	defer h.mu.Unlock()
	for v := range now.acked {
		if !since.acked[v] {
			h.excused[v] = true
		}
	}
	for v := range now.got {
		if !since.got[v] {
			h.excused[v] = true
		}
	}
}

// problems returns what is wrong: more lost values than allowed, values received twice or
// never sent, and optionally values out of order.
func (h *history) problems(mayLose int, inOrder bool) (wrong []string) {
	if lost := h.missing(); lost > mayLose {
		wrong = append(wrong, fmt.Sprintf("%d of %d lost, allowed %d", lost, len(h.sent), mayLose))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	twice := 0
	for m, n := range h.got {
		if n > 1 && !h.excused[m] {
			twice++
		}
	}
	if twice > 0 {
		wrong = append(wrong, fmt.Sprintf("%d received twice", twice))
	}
	if len(h.unexpected) > 0 {
		wrong = append(wrong, fmt.Sprintf("%d received that were not sent", len(h.unexpected)))
	}
	if inOrder && len(h.outOfOrder) > 0 {
		wrong = append(wrong, fmt.Sprintf("%d out of order, like %q", len(h.outOfOrder), h.outOfOrder[0]))
	}
	return wrong
}

// check fails the test with the problems.
func (h *history) check(t *testing.T, mayLose int, inOrder bool) {
	t.Helper()
	for _, w := range h.problems(mayLose, inOrder) {
		t.Error(w)
	}
}

// send sends n values, and repeats sends that were certainly not executed.
func (h *history) send(t *testing.T, c carrier, sender, n int) {
	for i := 1; i <= n; i++ {
		h.sendOne(t, c, item{sender, i})
	}
}

func (h *history) sendOne(t *testing.T, c carrier, m item) {
	h.try(m)
	for stop := time.Now().Add(30 * time.Second); ; {
		err := c.Send(ctx, m)
		switch {
		case err == nil:
			h.acked(m)
			return
		case errors.Is(err, desir.ErrMaybeRan):
			return
		case !errors.Is(err, desir.ErrUnavailable) || time.Now().After(stop):
			t.Errorf("Send: %v", err)
			return
		}
		sleep(10 * time.Millisecond)
	}
}

// drain receives until all acknowledged values but mayLose have arrived, or no more arrive.
func (h *history) drain(t *testing.T, c carrier, mayLose int) {
	t.Helper()
	for quiet := 0; quiet < 3 && (quiet == 0 || h.missing() > 0); {
		short, cancel := context.WithTimeout(ctx, time.Second)
		v, err := c.Recv(short)
		cancel()
		switch {
		case err == nil:
			h.received("drain", v)
		case errors.Is(err, context.DeadlineExceeded):
			quiet++
		default:
			t.Errorf("Recv: %v", err)
			return
		}
		if h.missing() <= mayLose && quiet > 0 {
			return
		}
	}
}

// sleep waits. It does not synchronize.
func sleep(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}

// lostCount returns the count of PerhapsLost.
func lostCount(t *testing.T, rdb redis.UniversalClient) int {
	t.Helper()
	return int(channel.PerhapsLost(rdb))
}
