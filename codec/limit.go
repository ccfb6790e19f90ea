package codec

import "strconv"

// Limit refuses values longer than maxBytes with [ErrTooLarge]. Encoding checks the
// length before anything is sent. Decoding checks it before the inner codec reads the
// bytes. The length is that of the bytes that inner writes, so to limit the stored bytes,
// put Limit outside Compress and Encrypt. If maxBytes is zero or negative, only values
// that inner writes as no bytes are accepted.
//
// Package channel limits a message to 1 MiB. A Limit anywhere in the codec replaces that
// bound. A wrapping codec that you wrote reports a Limit inside it with a method
// Limited() bool.
func Limit(inner Codec, maxBytes int) Codec { return wrap(limit(maxBytes), inner) }

type limit int

func (l limit) begin(dst []byte) ([]byte, error) { return dst, nil }

func (l limit) seal(dst []byte, start, _ int, _ place, _ checker) ([]byte, error) {
	return dst, l.allow(len(dst) - start)
}

func (l limit) open(data []byte, _ place, budget int) ([]byte, int, error) {
	return data, budget, l.allow(len(data))
}

func (l limit) allow(n int) error {
	if n > max(int(l), 0) {
		return tooLarge(strconv.Itoa(n) + " bytes, and the limit is " + strconv.Itoa(int(l)))
	}
	return nil
}

func (l limit) scope(string) layer  { return l }
func (l limit) binds() bool         { return false }
func (l limit) name() string        { return "limit" }
func (l limit) deterministic() bool { return true }
