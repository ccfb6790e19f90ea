package listen

import (
	"strconv"
	"strings"
)

// framePrefix is the prefix of a numbered message. No text, JSON or msgpack value begins with
// this byte, so that other messages can be distinguished from numbered ones.
const framePrefix = "\xc1n"

// parseFrame splits a numbered message: "\xc1n<epoch>:<number>:<value>".
func parseFrame(payload string) (epoch string, n int64, value string, ok bool) {
	rest, ok := strings.CutPrefix(payload, framePrefix)
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

// barrierPrefix is the prefix of a barrier.
const barrierPrefix = "number "

// barrier is a message on a private channel with the number of a topic's last message. When it
// arrives, all earlier messages of the topic have arrived or are missed.
type barrier struct {
	epoch string // of the counter
	n     int64  // the number
	runID string // run ID of the server process; "" if it is not known
	topic string // of the topic
}

// parseBarrier parses a barrier, "number <epoch> <n> <run> <name>", which the script
// topic_barrier publishes.
func parseBarrier(payload string) (m barrier, ok bool) {
	rest, ok := strings.CutPrefix(payload, barrierPrefix)
	if !ok {
		return m, false
	}
	words := strings.SplitN(rest, " ", 4)
	if len(words) < 4 {
		return m, false
	}
	n, err := strconv.ParseInt(words[1], 10, 64)
	m = barrier{words[0], n, words[2], words[3]}
	if m.runID == "-" {
		m.runID = ""
	}
	return m, err == nil && n >= 0
}

// sequence follows the numbers of one channel.
type sequence struct {
	known       bool   // epoch and last are known
	epoch       string // of the counter; a counter that is created again gets a new epoch
	last        int64  // the number of the last message
	interrupted bool   // messages may have been missed since
}

// observe returns how many messages were missed before number n, or -1 if that is not known.
func (s *sequence) observe(epoch string, n int64) (missed int64) {
	switch {
	case !s.known:
	case epoch != s.epoch:
		if n > 1 || s.interrupted {
			missed = -1
		}
	case n > s.last:
		missed = n - s.last - 1
	default:
		missed = -1 // the server has lost a part of the count
	}
	s.set(epoch, n)
	return missed
}

// observeBarrier is like observe, for the number of the last message that can have arrived.
func (s *sequence) observeBarrier(epoch string, n int64) (missed int64) {
	switch {
	case !s.known:
	case epoch != s.epoch:
		if n > 0 || s.interrupted {
			missed = -1
		}
	case n >= s.last:
		missed = n - s.last
	default:
		missed = -1
	}
	s.set(epoch, n)
	return missed
}

func (s *sequence) set(epoch string, n int64) {
	if epoch != s.epoch {
		s.epoch = strings.Clone(epoch) // not the whole message
	}
	s.known, s.interrupted, s.last = true, false, n
}
