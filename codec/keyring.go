package codec

import "fmt"

// KeyRing supplies the keys of [Encrypt] and [Sign]: the current key, under which new
// values are written, and every key under which stored values may have been written.
//
// To rotate, add a key to the ring of every program. Then make it the current key in
// every program. Remove the old key when no stored value uses it any more. A key of 32
// random bytes works for both codecs. Encrypt accepts no other length; Sign also accepts
// longer keys.
//
// A KeyRing must be safe for concurrent use. It is called for every value. It should not
// show its keys when it is printed. Use different rings for data that must not be
// interchangeable.
type KeyRing interface {
	// Current returns the key under which new values are written.
	Current() (id uint32, key []byte)
	// Key returns the key with this id, and whether the ring has it.
	Key(id uint32) ([]byte, bool)
}

const keySize = 32

// currentKey returns the key of the ring under which values are written.
func currentKey(ring KeyRing, validSize func(n int) bool) (id uint32, key []byte, err error) {
	defer catchRingPanic(&err)
	if ring == nil {
		return 0, nil, badSignature("there is no key ring")
	}
	id, key = ring.Current()
	if !validSize(len(key)) {
		return 0, nil, badSignature(fmt.Sprintf("key %d has %d bytes, and 32 are needed", id, len(key)))
	}
	return id, key, nil
}

// keyByID returns the key of the ring that a stored value names.
func keyByID(ring KeyRing, id uint32, validSize func(n int) bool) (_ []byte, err error) {
	defer catchRingPanic(&err)
	if ring == nil {
		return nil, badSignature("there is no key ring")
	}
	key, ok := ring.Key(id)
	switch {
	case !ok:
		return nil, badSignature(fmt.Sprintf("the key ring has no key %d", id))
	case !validSize(len(key)):
		return nil, badSignature(fmt.Sprintf("key %d has %d bytes, and 32 are needed", id, len(key)))
	}
	return key, nil
}

// catchRingPanic turns a panic of the ring into ErrSignature. A ring that indexes a slice
// with a forged id panics.
func catchRingPanic(err *error) {
	if recover() != nil {
		*err = badSignature("the key ring panicked")
	}
}
