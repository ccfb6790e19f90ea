package codec

import "strconv"

// Limit refuses values longer than maxBytes with ErrTooLarge: when they are
// encoded, before the network is touched, and when they are decoded, before the
// inner codec sees them. What counts are the stored bytes, so Limit belongs on the
// outside of Compress and Encrypt. With zero or less only the empty value passes.
//
// What package channel sends may have 1 MiB; a Limit, wherever it stands in the
// codec, takes the place of that bound. A wrapping codec of your own tells of one
// inside by a method Limited() bool.
func Limit(inner Codec, maxBytes int) Codec { return wrap(limit(maxBytes), inner) }

type limit int

func (l limit) begin(dst []byte) ([]byte, error) { return dst, nil }

func (l limit) seal(dst []byte, start, _ int, _ place, _ checker) ([]byte, error) {
	return dst, l.allow(len(dst) - start)
}

func (l limit) open(data []byte, _ place, room int) ([]byte, int, error) {
	return data, room, l.allow(len(data))
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
