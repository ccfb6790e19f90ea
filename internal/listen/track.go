package listen

import (
	"strconv"
	"strings"
)

// frame is what a numbered message begins with. No text, no JSON and no
// msgpack begins with this byte, so other messages are told apart from them.
const frame = "\xc1n"

// cutFrame takes a numbered message apart: "\xc1n<epoch>:<number>:<value>".
func cutFrame(payload string) (epoch string, n int64, value string, ok bool) {
	rest, ok := strings.CutPrefix(payload, frame)
	if !ok {
		return "", 0, payload, false
	}
	epoch, rest, ok = strings.Cut(rest, ":")
	if !ok || len(epoch) > 20 {
		return "", 0, payload, false
	}
	number, value, ok := strings.Cut(rest, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || n < 1 {
		return "", 0, payload, false
	}
	return epoch, n, value, true
}

// markWord is what the answer to a question for the number begins with.
const markWord = "number "

// mark is the number of the last message, and which process of the server says so; "" where
// that is not known.
type mark struct {
	epoch string
	n     int64
	run   string
	name  string
}

// cutMark reads "number <epoch> <n> <run> <name>", which scripts publish.
func cutMark(payload string) (m mark, ok bool) {
	rest, ok := strings.CutPrefix(payload, markWord)
	if !ok {
		return m, false
	}
	words := strings.SplitN(rest, " ", 4)
	if len(words) < 4 {
		return m, false
	}
	n, err := strconv.ParseInt(words[1], 10, 64)
	m = mark{words[0], n, words[2], words[3]}
	if m.run == "-" {
		m.run = ""
	}
	return m, err == nil && n >= 0
}

// track follows the numbers of one channel.
type track struct {
	known bool   // the next two are
	epoch string // of the counter: it got another when it was made anew
	last  int64
	broke bool // something may have passed unseen since
}

// see returns how many messages were missed before number n; -1 for some.
func (t *track) see(epoch string, n int64) (missed int64) {
	switch {
	case !t.known:
	case epoch != t.epoch:
		if n > 1 || t.broke {
			missed = -1
		}
	case n > t.last:
		missed = n - t.last - 1
	default:
		missed = -1 // the server has lost what it had counted
	}
	t.set(epoch, n)
	return missed
}

// mark is see for the number of the last message that can have arrived.
func (t *track) mark(epoch string, n int64) (missed int64) {
	switch {
	case !t.known:
	case epoch != t.epoch:
		if n > 0 || t.broke {
			missed = -1
		}
	case n >= t.last:
		missed = n - t.last
	default:
		missed = -1
	}
	t.set(epoch, n)
	return missed
}

func (t *track) set(epoch string, n int64) {
	if epoch != t.epoch {
		t.epoch = strings.Clone(epoch) // not the whole message
	}
	t.known, t.broke, t.last = true, false, n
}
