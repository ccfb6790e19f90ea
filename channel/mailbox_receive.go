package channel

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/wait"
)

const (
	firstPage = 10        // letters of the first look
	fullPage  = 100       // of those behind it
	pageBytes = 256 << 10 // of a page, unless one letter is longer, if letters are as long as before
)

// Receive takes the first letter for which match returns true, and waits for one.
// The others stay, in their order. With [LIFO] it looks at the newest first.
//
// It calls match in its own goroutine, perhaps several times for a letter, which
// may go to another receiver in the end. What match returns true for is taken, if
// it is still there: by LREM, atomic. A panic in match passes through, and nothing
// is taken. Letters that do not decode are passed over, and left for
// [Mailbox.Recv].
//
// It looks at pages of up to 100 letters, one script and one round trip for each;
// while none fits it is told by Redis of letters that come, through one
// subscription that the selective receivers of the client share, and looks at
// those; once a second it looks at all. So a mailbox in which very many letters
// stay is slow.
//
// The context's end takes nothing; a letter that was about to be taken goes to the
// head of the mailbox, or to another receiver. After [desir.ErrMaybeRan] one letter
// may be gone. A server that does not serve Receive is waited for, and logged by
// [log/slog.Default]; the reason is beside the error of a context that ends meanwhile.
func (m *Mailbox[T]) Receive(ctx context.Context, match func(Letter[T]) bool) (Letter[T], error) {
	l, err := m.pick(ctx, match)
	return l, m.fail("Receive", err)
}

func (m *Mailbox[T]) pick(ctx context.Context, match func(Letter[T]) bool) (l Letter[T], err error) {
	hub, err := m.h.Hub()
	if err != nil {
		return l, err
	}
	n := &news{hub: hub, name: newsOf(m.h.Key)}
	defer n.close()
	x := &exchange{hub: hub, key: m.h.Key}
	for seen := (sight{}); ; {
		all := seen == sight{}
		l, ok, err := m.look(ctx, x, &seen, match)
		switch {
		case ok:
			return l, nil
		case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) && !errors.Is(err, desir.ErrMaybeRan):
			return l, x.ended(ctx)
		case err != nil && !passes(err):
			return l, err
		}
		if all {
			n.due = time.Now().Add(lookAgain)
		}
		if err != nil {
			seen = sight{} // a letter that it has passed may be the first that fits
		}
		came, err := n.wait(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return l, x.ended(ctx)
		case err != nil:
			return l, err
		}
		if !came {
			seen = sight{}
		}
	}
}

// passes reports whether an error may be gone when one looks again.
func passes(err error) bool { return errors.Is(err, desir.ErrUnavailable) }

// sight is how far a selective receiver has looked.
type sight struct {
	n     int
	last  string // the last letter
	first string // where this look began
	known string // where the look before began, with LIFO: there this one ends
}

// look goes through the letters that are not in seen, and takes the first that fits.
func (m *Mailbox[T]) look(ctx context.Context, x *exchange, seen *sight, match func(Letter[T]) bool) (l Letter[T], ok bool, err error) {
	if m.end == fromLast { // new letters are in front
		*seen = sight{first: seen.first, known: seen.first}
	}
	for limit := firstPage; ; {
		var page []string
		err := x.do(ctx, outage.Looks, func() (err error) {
			page, err = m.page(ctx, x.hub, seen, limit)
			return err
		})
		if err != nil {
			return l, false, err
		}
		size := 1
		for _, stored := range page {
			size += len(stored)
			l, err := m.read(&m.letters, stored, m.h.Key)
			if err != nil || !match(l) {
				continue
			}
			var mine bool
			err = x.do(ctx, outage.Removals, func() (err error) {
				mine, err = m.claim(ctx, x.hub, stored)
				return err
			})
			if mine || err != nil {
				return l, mine, err
			}
		}
		if len(page) < limit {
			return l, false, nil
		}
		limit = min(fullPage, 1+pageBytes*len(page)/size)
	}
}

// page returns the next letters behind seen, which it moves on. It is refused while the
// client is being closed, which waits until nothing is in flight.
func (m *Mailbox[T]) page(ctx context.Context, hub *hub.Hub, seen *sight, limit int) ([]string, error) {
	if err := hub.Shut(); err != nil {
		return nil, err
	}
	answer, err := mailboxLook.Run(ctx, hub, []string{m.h.Key}, seen.n, seen.last, limit, m.end, seen.known)
	if err != nil {
		return nil, err
	}
	parts, _ := answer.([]any)
	n, _ := parts[0].(int64)
	page := make([]string, len(parts)-1)
	for i, p := range parts[1:] {
		page[i], _ = p.(string)
	}
	seen.n = int(n) + len(page)
	if len(page) > 0 {
		seen.last = page[len(page)-1]
		if n == 0 {
			seen.first = page[0]
		}
	}
	return page, nil
}

// claim takes one letter out, wherever it is, and reports whether it was there. A
// letter that is taken when the caller has left goes back.
func (m *Mailbox[T]) claim(ctx context.Context, hub *hub.Hub, stored string) (mine bool, err error) {
	direction := 1
	if m.end == fromLast {
		direction = -1
	}
	var over atomic.Bool // set by whichever comes first: the reply or the caller's leave
	var taken bool
	var refused error
	err = hub.Send.RunOn(ctx, wait.LeaveTime, func(claiming context.Context) {
		cmd := redis.NewIntCmd(claiming, "lrem", m.h.Key, direction, stored)
		refused = hub.Send.Write(claiming, cmd)
		taken = refused == nil && cmd.Val() > 0
		switch left := !over.CompareAndSwap(false, true); {
		case left && taken:
			wait.Of(hub).Return(ctx, m.source, []string{stored})
		case left && errors.Is(refused, desir.ErrMaybeRan):
			wait.Of(hub).Lost(m.source, 1, refused)
		}
	})
	if err != nil && over.CompareAndSwap(false, true) {
		if errors.Is(err, desir.ErrMaybeRan) { // what is taken yet goes back
			err = ctx.Err()
		}
		return false, err
	}
	return taken, refused
}
