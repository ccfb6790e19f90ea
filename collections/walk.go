package collections

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

const (
	firstCount = 64   // elements requested for the first page
	maxCount   = 1000 // the limit for later pages; the number doubles from page to page

	maxPageAttempts = 6   // attempts to fetch a page
	maxRestarts     = 100 // the most restarts of an iteration
)

// pagePauses are the pauses between the attempts to fetch a page.
var pagePauses = backoff.Range{First: 50 * time.Millisecond, Last: time.Second}

// scan iterates over a collection with HSCAN, SSCAN or ZSCAN. It yields the raw
// elements page by page. A fatal error comes once, last.
//
// A cursor is valid in one server process only, because each process has its own seed
// for hash tables. A cursor of another process or another node silently skips elements.
// So scan fetches pages from the key's master, each together with INFO of the process.
// If the process differs from the previous page's, or the key has moved, the iteration
// starts again. See docs/design/0005-walks.md.
func scan(ctx context.Context, h *clients.Handle, command string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		shared, err := h.Shared()
		if err != nil {
			yield(nil, err)
			return
		}
		w := walker{shared: shared, key: h.Key, command: command}
		defer w.release()
		w.restart()
		var ahead *prefetch
		defer func() { ahead.stop() }()
		for slow := false; ; {
			page, err := ahead.pageOr(func() ([]string, error) { return w.next(ctx) })
			ahead = nil
			if err != nil {
				yield(nil, err)
				return
			}
			last, large := w.cursor == 0, w.count == maxCount // read before another goroutine uses w
			if slow && !last && w.conn == nil {
				ahead = w.startPrefetch(ctx)
			}
			began := time.Now()
			if len(page) > 0 && !yield(page, nil) || last {
				return
			}
			slow = large && time.Since(began) >= slowBody
		}
	}
}

// walker is the state of one iteration.
type walker struct {
	shared  *clients.Shared
	key     string
	command string

	cursor  uint64
	count   int
	process string      // run_id of the server process that returned the cursor
	starts  int         // how often the iteration started
	conn    *redis.Conn // the only connection of the iteration; used if INFO is denied
}

// restart starts again at the first page.
func (w *walker) restart() {
	w.release()
	w.cursor, w.count, w.process = 0, firstCount, ""
	w.starts++
}

func (w *walker) release() {
	if w.conn != nil {
		_ = w.conn.Close() // returns the connection to its pool
		w.conn = nil
	}
}

var (
	errMovesTooOften = errors.New("the collection kept moving between server processes")
	errConnLost      = errors.New("the connection of the iteration was lost, and without INFO the cursor cannot be checked")
)

// next returns the next page and moves the cursor.
func (w *walker) next(ctx context.Context) ([]string, error) {
	pause := pagePauses.Start()
	for attempt := 1; ; attempt++ {
		p, err := w.fetch(ctx)
		stale := send.SlotMoved(err) || err == nil && w.process != "" && p.process != w.process
		switch {
		case stale && w.starts > maxRestarts:
			return nil, errors.Join(desir.ErrUnavailable, errMovesTooOften)
		case stale:
			w.restart()
			if err == nil {
				continue
			}
			attempt = 0
		case err == nil:
			w.cursor, w.process = p.cursor, p.process
			w.count = min(2*w.count, maxCount)
			return p.elements, nil
		case w.conn != nil && w.cursor != 0 && send.Retryable(err):
			return nil, errors.Join(err, errConnLost)
		case !send.Retryable(err) || attempt == maxPageAttempts:
			return nil, err
		}
		w.release()
		if !pause.Wait(ctx) {
			return nil, ctx.Err()
		}
	}
}

// page is one reply of the server.
type page struct {
	elements []string
	cursor   uint64
	process  string
}

func (w *walker) fetch(ctx context.Context) (page, error) {
	if err := w.shared.ErrIfClosed(); err != nil {
		return page{}, err
	}
	node, err := w.shared.Node(ctx, w.key)
	switch {
	case err != nil:
		return page{}, w.shared.Sender.Classify(ctx, err)
	case node == nil:
		return w.fetchByScript(ctx)
	case w.shared.NoInfo.Load():
		return w.fetchOnConn(ctx, node)
	}
	scanCmd, info := w.scanCommand(ctx), redis.NewStringCmd(ctx, "info", "server")
	err = w.shared.Sender.ReadOn(ctx, node, scanCmd, info)
	var refusal redis.Error
	if errors.As(err, &refusal) && scanCmd.Err() == nil { // only INFO was refused: denied or not supported
		w.shared.NoInfo.Store(true)
		return w.fetchOnConn(ctx, node)
	}
	if err != nil {
		return page{}, err
	}
	elements, cursor := scanCmd.Val()
	return page{elements, cursor, runID(info.Val())}, nil
}

// fetchOnConn keeps the iteration on one connection. While the connection lives, its
// server process lives too.
func (w *walker) fetchOnConn(ctx context.Context, node *redis.Client) (page, error) {
	if w.conn == nil {
		w.conn = node.Conn()
	}
	scanCmd := w.scanCommand(ctx)
	if err := w.shared.Sender.ReadOn(ctx, w.conn, scanCmd); err != nil {
		return page{}, err
	}
	elements, cursor := scanCmd.Val()
	return page{elements: elements, cursor: cursor}, nil
}

func (w *walker) scanCommand(ctx context.Context) *redis.ScanCmd {
	return redis.NewScanCmd(ctx, nil, w.command, w.key, w.cursor, "count", w.count)
}

// fetchByScript fetches page and INFO with a script, which the client routes by the key.
func (w *walker) fetchByScript(ctx context.Context) (page, error) {
	reply, err := walkPage.Run(ctx, w.shared, []string{w.key}, w.command, w.cursor, w.count)
	if err != nil {
		return page{}, err
	}
	parts, _ := reply.([]any)
	var p page
	next, _ := parts[0].(string)
	if _, err := fmt.Sscan(next, &p.cursor); err != nil {
		return page{}, fmt.Errorf("the cursor of the page: %w", err)
	}
	elements, _ := parts[1].([]any)
	for _, e := range elements {
		s, _ := e.(string)
		p.elements = append(p.elements, s)
	}
	info, _ := parts[2].(string)
	p.process = runID(info)
	return p, nil
}

// runID returns the run_id in the text of INFO.
func runID(info string) string {
	_, rest, _ := strings.Cut(info, "run_id:")
	id, _, _ := strings.Cut(rest, "\r\n")
	return id
}
