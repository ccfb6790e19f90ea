package keys

import (
	"errors"
	"fmt"

	"github.com/desir-go/desir/internal/oneline"
)

// Slots is the number of hash slots of a Redis cluster.
const Slots = 16384

// ErrCrossSlot is wrapped by the errors of SameSlot. The root package documents it.
var ErrCrossSlot = errors.New("keys of more than one hash slot; give the names one {tag}")

// Slot returns the hash slot of key: the CRC16 of its hash tag, or of the whole key if it
// has no tag. See
// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
func Slot(key string) int {
	if t, ok := tag(key); ok {
		key = t
	}
	return int(crc16(key)) % Slots
}

// SameSlot returns an error if a key is not in the hash slot of the first key. The error
// names both keys.
func SameSlot(first string, others ...string) error {
	for _, k := range others {
		if Slot(k) != Slot(first) {
			return fmt.Errorf("%w: %s and %s", ErrCrossSlot, oneline.Quote(first, oneline.Name), oneline.Quote(k, oneline.Name))
		}
	}
	return nil
}

// crc16 is CRC-16/XMODEM (polynomial 0x1021, initial value 0), as the cluster
// specification requires. It works bit by bit, which is fast enough for short names.
func crc16(s string) uint16 {
	var crc uint16
	for i := range len(s) {
		crc ^= uint16(s[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
