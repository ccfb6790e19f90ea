package codec

import "fmt"

// KeyRing gives the keys of [Encrypt] and [Sign]: the one that new values are
// written under, and any that stored values may still be under. To rotate, add a
// key, make it the current one everywhere, and take the old one away when nothing
// is stored under it any more. Keys of 32 random bytes serve both codecs; Encrypt
// takes no other length, Sign takes longer ones too.
//
// It must be safe for use by many goroutines, is asked for every value, and should
// keep its keys to itself when it is printed. Use different rings for things that
// must not be mistaken for each other.
type KeyRing interface {
	// Current returns the key that new values are written under.
	Current() (id uint32, key []byte)
	// Key returns the key of a stored value, and whether there is one.
	Key(id uint32) ([]byte, bool)
}

const keySize = 32

// current asks the ring for the key to write under.
func current(ring KeyRing, fit func(n int) bool) (id uint32, key []byte, err error) {
	defer ringCaught(&err)
	if ring == nil {
		return 0, nil, badSignature("there is no key ring")
	}
	id, key = ring.Current()
	if !fit(len(key)) {
		return 0, nil, badSignature(fmt.Sprintf("key %d has %d bytes, and 32 are needed", id, len(key)))
	}
	return id, key, nil
}

// keyOf asks the ring for the key of a stored value.
func keyOf(ring KeyRing, id uint32, fit func(n int) bool) (_ []byte, err error) {
	defer ringCaught(&err)
	if ring == nil {
		return nil, badSignature("there is no key ring")
	}
	key, ok := ring.Key(id)
	switch {
	case !ok:
		return nil, badSignature(fmt.Sprintf("the key ring has no key %d", id))
	case !fit(len(key)):
		return nil, badSignature(fmt.Sprintf("key %d has %d bytes, and 32 are needed", id, len(key)))
	}
	return key, nil
}

// ringCaught takes a ring that panics, as one that indexes a slice with a hostile id
// does, for one without the key.
func ringCaught(err *error) {
	if recover() != nil {
		*err = badSignature("the key ring panicked")
	}
}
