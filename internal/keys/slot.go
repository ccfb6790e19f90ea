package keys

import (
	"errors"
	"fmt"

	"github.com/desir-go/desir/internal/oneline"
)

// Slots is the number of hash slots of a Redis cluster.
const Slots = 16384

// ErrCrossSlot is wrapped by SameSlot's errors; see the root package.
var ErrCrossSlot = errors.New("keys of more than one hash slot; give the names one {tag}")

// Slot returns the hash slot of key: CRC16 of its hash tag, or of all of it.
// See https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
func Slot(key string) int {
	if t, ok := tag(key); ok {
		key = t
	}
	return int(crc16(key)) % Slots
}

// SameSlot returns an error that names the first key that is not in the slot
// of the first one.
func SameSlot(first string, others ...string) error {
	for _, k := range others {
		if Slot(k) != Slot(first) {
			return fmt.Errorf("%w: %s and %s", ErrCrossSlot, oneline.Quote(first, oneline.Name), oneline.Quote(k, oneline.Name))
		}
	}
	return nil
}

// crc16 is CRC-16/XMODEM: polynomial 0x1021, initial value 0, as the cluster
// specification asks. A name has a few bytes, so it goes bit by bit.
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
