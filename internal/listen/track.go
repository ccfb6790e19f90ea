package listen

import (
	"strconv"
	"strings"
)

// frame is the prefix of a numbered message. No text, JSON or msgpack value begins with this
// byte, so that other messages can be distinguished from numbered ones.
const frame = "\xc1n"

// cutFrame splits a numbered message: "\xc1n<epoch>:<number>:<value>".
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

// markWord is the prefix of a mark.
const markWord = "number "

// mark is a message on a private channel with the number of a topic's last message.
type mark struct {
	epoch string // of the counter
	n     int64  // the number
	run   string // run ID of the server process; "" if it is not known
	name  string // of the topic
}

// cutMark reads a mark, "number <epoch> <n> <run> <name>", which the script topic_sync publishes.
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
	known bool   // epoch and last are known
	epoch string // of the counter; a counter that is created again gets a new epoch
	last  int64  // the number of the last message
	broke bool   // messages may have been missed since
}

// see returns how many messages were missed before number n, or -1 if that is not known.
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
		missed = -1 // the server has lost a part of the count
	}
	t.set(epoch, n)
	return missed
}

// mark is like see, for the number of the last message that can have arrived.
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
