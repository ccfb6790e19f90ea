package lease

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/wait"
)

// Holder is one that holds a lock.
type Holder struct {
	Owner  string
	Token  int64
	Weight int64
	Left   time.Duration
}

// Holders returns those that hold a lock, those whose lease ends first before others.
func (k *Keeper) Holders(ctx context.Context, names Keys) ([]Holder, error) {
	reply, err := holdersScript.Run(ctx, k.shared, []string{names.Leases})
	if err != nil {
		return nil, err
	}
	parts, _ := reply.([]any)
	var all []Holder
	for i := 0; i+1 < len(parts); i += 2 {
		text, _ := parts[i].(string)
		left, err := number(text)
		if err != nil {
			return nil, err
		}
		record, _ := parts[i+1].(string)
		h, err := ParseRecord(record)
		if err != nil {
			return nil, err
		}
		h.Left = time.Duration(left) * time.Millisecond
		all = append(all, h)
	}
	return all, nil
}

// ParseRecord parses the record of a lease, which is a member of a sorted set: "ID token weight
// copies owner", perhaps after a "~". The score is its end in ms. Left is not set.
func ParseRecord(record string) (h Holder, err error) {
	h, _, err = parseRecord(record)
	return h, err
}

// parseRecord is ParseRecord. It also returns until when copies of the request may arrive.
func parseRecord(record string) (h Holder, copies int64, err error) {
	var fields [4]string
	for i := range fields {
		var found bool
		if fields[i], record, found = strings.Cut(record, " "); !found {
			return h, 0, badReply("a record is incomplete")
		}
	}
	h.Owner = record
	for i, n := range [...]*int64{&h.Token, &h.Weight, &copies} {
		if *n, err = number(fields[i+1]); err != nil {
			return h, 0, err
		}
	}
	return h, copies, nil
}

// IsMark reports whether a member is no lease, but a mark against late copies of a request.
func IsMark(member string) bool { return strings.HasPrefix(member, "!") }

// WaitingFor is how long after its last attempt a process counts as waiting.
const WaitingFor = 12 * time.Second

// Break asks those that hold a lock to give it up, or takes it from them. It returns how many
// there are.
func (k *Keeper) Break(ctx context.Context, names Keys, force bool) (int64, error) {
	reply, err := breakScript.Run(ctx, k.shared, names.all(), wait.WakeMode(k.shared), force)
	n, _ := reply.(int64)
	return n, err
}

// errTooShort is the error of Extend for a duration that is too short.
var errTooShort = errors.New("the lease would be shorter than a second")

// Extend makes a lease last at least d from now.
func (l *Lease) Extend(ctx context.Context, d time.Duration) error {
	if d < MinTTL {
		return send.WithClass(send.ErrNotSupported, errTooShort)
	}
	if l.ctx.Err() != nil || l.lost() {
		return ErrLost
	}
	pause := pauses.Start()
	for {
		sent := time.Now()
		reply, err := renewScript.Run(ctx, l.keeper.shared, []string{l.req.Keys.Leases, l.req.Keys.Meta}, l.record, d.Milliseconds())
		results, bad := parseRenewal(reply, 1)
		if err == nil {
			err = bad
		}
		switch {
		case err == nil && results[1] == renewed:
			l.keeper.extended(l.held, sent.Add(d))
			return nil
		case err == nil:
			l.keeper.ended(l.held)
			return ErrLost
		case errors.Is(err, send.ErrMaybeRan) && l.Context().Err() == nil && pause.Wait(ctx):
			continue
		}
		return err
	}
}

// extended records a new end of a lease.
func (k *Keeper) extended(h *held, end time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.index >= 0 && end.After(h.end) {
		h.setEnd(end)
		k.fix(h)
	}
}

// ended records that a lease was lost.
func (k *Keeper) ended(h *held) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.index >= 0 {
		k.drop(h)
	}
}
