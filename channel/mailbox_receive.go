package channel

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/wait"
)

const (
	firstPage = 10        // letters in the first page of a scan
	fullPage  = 100       // letters in a later page, at most
	pageBytes = 256 << 10 // in a later page, if its letters are as long as those of the page before
)

// Receive takes the first letter for which match returns true. It waits until there is one.
// The other letters stay in their order. With [LIFO] it examines the newest letter first.
//
// Receive calls match in the caller's goroutine, possibly more than once for a letter. A
// letter for which match returned true is removed by LREM, which is atomic. Another receiver
// may have taken it before that; Receive then continues with the next letter. If match
// panics, the panic propagates to the caller, and nothing is taken. Receive skips letters
// that do not decode, and leaves them for [Mailbox.Recv].
//
// Receive reads the letters in pages of up to 100 letters, with one script and one round trip
// for each page. If no letter matches, it waits until Redis publishes that a letter has
// arrived, and examines the new letters. All selective receivers of the client that wait for
// this mailbox share one subscription. Once a second, Receive scans all letters. It is
// therefore slow if very many letters stay in the mailbox.
//
// If the context ends while the removal of a letter is in flight, Receive waits up to 50
// ms for it and returns the letter. A letter that is removed later is not lost: it goes
// to the head of the mailbox or to another receiver. Otherwise nothing was taken. After
// [desir.ErrMaybeRan] one letter may be lost. If a server does not serve Receive, Receive
// waits, and [log/slog.Default] logs the outage. If the context ends during an outage,
// the error wraps the context's error and the reason.
func (m *Mailbox[T]) Receive(ctx context.Context, match func(Letter[T]) bool) (Letter[T], error) {
	l, err := m.receiveMatch(ctx, match)
	return l, m.h.Fail("Receive", err)
}

func (m *Mailbox[T]) receiveMatch(ctx context.Context, match func(Letter[T]) bool) (l Letter[T], err error) {
	shared, err := m.h.Shared()
	if err != nil {
		return l, err
	}
	n := &letterNotifier{shared: shared, name: notifyChannel(m.h.Key)}
	defer n.close()
	tracker := &outageTracker{shared: shared, key: m.h.Key}
	for pos := (scanPosition{}); ; {
		full := pos == scanPosition{}
		l, ok, err := m.scan(ctx, tracker, &pos, match)
		switch {
		case ok:
			return l, nil
		case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) && !errors.Is(err, desir.ErrMaybeRan):
			return l, tracker.ctxErr(ctx)
		case err != nil && !send.Retryable(err):
			return l, err
		}
		if full {
			n.nextScan = time.Now().Add(rescanTime)
		}
		if err != nil {
			pos = scanPosition{} // an earlier letter may match
		}
		came, err := n.wait(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return l, tracker.ctxErr(ctx)
		case err != nil:
			return l, err
		}
		if !came {
			pos = scanPosition{}
		}
	}
}

// scanPosition is how far a selective receiver has scanned the mailbox.
type scanPosition struct {
	examined int    // number of letters examined
	last     string // the last letter examined
	first    string // the letter with which this scan began
	stopAt   string // the letter with which the previous scan began; with LIFO this scan stops there
}

// scan scans the letters after pos, and takes the first that matches.
func (m *Mailbox[T]) scan(ctx context.Context, tracker *outageTracker, pos *scanPosition, match func(Letter[T]) bool) (l Letter[T], ok bool, err error) {
	if m.order == newestFirst { // new letters come first
		*pos = scanPosition{first: pos.first, stopAt: pos.first}
	}
	for limit := firstPage; ; {
		var page []string
		err := tracker.do(ctx, outage.SelectiveReceivers, func() (err error) {
			page, err = m.readPage(ctx, tracker.shared, pos, limit)
			return err
		})
		if err != nil {
			return l, false, err
		}
		size := 1
		for _, stored := range page {
			size += len(stored)
			l, err := m.decode(&m.letters, stored, m.h.Key)
			if err != nil || !match(l) {
				continue
			}
			var claimed bool
			err = tracker.do(ctx, outage.Removals, func() (err error) {
				claimed, err = m.claim(ctx, tracker.shared, stored)
				return err
			})
			if claimed || err != nil {
				return l, claimed, err
			}
		}
		if len(page) < limit {
			return l, false, nil
		}
		limit = min(fullPage, 1+pageBytes*len(page)/size)
	}
}

// readPage returns the letters that follow pos, and advances pos. It fails while the client
// is being closed, since Close waits until nothing is in flight.
func (m *Mailbox[T]) readPage(ctx context.Context, shared *clients.Shared, pos *scanPosition, limit int) ([]string, error) {
	if err := shared.ErrIfClosed(); err != nil {
		return nil, err
	}
	reply, err := mailboxScan.Run(ctx, shared, []string{m.h.Key}, pos.examined, pos.last, limit, m.order, pos.stopAt)
	if err != nil {
		return nil, err
	}
	parts, _ := reply.([]any)
	n, _ := parts[0].(int64)
	page := make([]string, len(parts)-1)
	for i, p := range parts[1:] {
		page[i], _ = p.(string)
	}
	pos.examined = int(n) + len(page)
	if len(page) > 0 {
		pos.last = page[len(page)-1]
		if n == 0 {
			pos.first = page[0]
		}
	}
	return page, nil
}

// claim removes one letter at any position, and reports whether it was there. If the caller
// has left by then, the letter is requeued.
func (m *Mailbox[T]) claim(ctx context.Context, shared *clients.Shared, stored string) (claimed bool, err error) {
	direction := 1
	if m.order == newestFirst {
		direction = -1
	}
	claimed, left, err := send.RunOr(ctx, shared.Sender, wait.LeaveTime, func(claiming context.Context) (bool, error) {
		cmd := redis.NewIntCmd(claiming, "lrem", m.h.Key, direction, stored)
		n, err := send.Reply(cmd, shared.Sender.Write(claiming, cmd))
		return n > 0, err
	}, func(claimed bool, err error) {
		switch {
		case claimed:
			wait.Of(shared).RequeueLate(ctx, m.source, []string{stored})
		case errors.Is(err, desir.ErrMaybeRan):
			wait.Of(shared).ReportLost(m.source, 1, err)
		}
	})
	if left {
		err = ctx.Err() // a letter that is still claimed is requeued
	}
	return claimed, err
}
