package codec

import "encoding/binary"

// The frames of Encrypt and Sign begin alike:
//
//	version 1 | mode 1 | key id 4, most significant byte first
//
// and go on with nonce 12 | ciphertext | tag 16, or body | MAC 32. Header and scope
// are authenticated with the body, so that a frame cannot be moved to another
// object, be read in the other mode, or be said to be under another key.
//
// Version 2 is for values that have a place inside of their object, which is
// authenticated too. Version 1 is for values without one.
const (
	freeVersion  = 1
	boundVersion = 2

	signedMode    = 1
	encryptedMode = 2

	headerSize = 6
	nonceSize  = 12
	tagSize    = 16
	macSize    = 32
)

func putHeader(frame []byte, mode byte, at place, keyID uint32) {
	frame[0], frame[1] = freeVersion, mode
	if at.given {
		frame[0] = boundVersion
	}
	binary.BigEndian.PutUint32(frame[2:], keyID)
}

// readHeader checks that data can be a frame of the mode with so many bytes besides
// the body, and returns the id of its key. The place that it returns is the one to
// authenticate: none for an older frame, if those are read.
func (s *sealing) readHeader(data []byte, mode byte, at place, overhead int) (keyID uint32, _ place, err error) {
	switch {
	case len(data) < overhead:
		return 0, at, badSignature("too short for a frame")
	case data[0] != freeVersion && data[0] != boundVersion:
		return 0, at, badSignature("no frame, or one of a newer version")
	case data[1] != mode:
		return 0, at, badSignature("a frame of another kind")
	case data[0] == boundVersion && !at.given:
		return 0, at, badSignature("made for one place of an object")
	case data[0] == freeVersion && at.given && !s.unbound:
		return 0, at, badSignature("not bound to its place; see ReadUnbound")
	case data[0] == freeVersion:
		at = nowhere
	}
	return binary.BigEndian.Uint32(data[2:]), at, nil
}

// bound appends what is authenticated besides header and body: the object, and the
// place if there is one. Their lengths stand in front of them, so that nothing can be
// cut in another place.
func (s *sealing) bound(b []byte, at place) []byte {
	b = append(binary.BigEndian.AppendUint64(b, uint64(len(s.object))), s.object...)
	if at.given {
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(at.at))), at.at...)
	}
	return b
}

// sealing is what Encrypt and Sign have in common.
type sealing struct {
	keys    KeyRing
	object  string
	unbound bool // reads frames of version 1 at a place
}

// SealOption is a setting of [Encrypt] and [Sign].
type SealOption interface{ applySeal(s *sealing) }

type sealOption func(*sealing)

func (o sealOption) applySeal(s *sealing) { o(s) }

// ReadUnbound also reads frames that are not bound to their place: what versions of desir
// before places wrote into maps. It is for an upgrade. As long as it is given, who can
// write to Redis can exchange those old values between the keys of one map, or put an old
// one in the place of a new one. What is written is bound: write every value once more,
// and take the option away.
func ReadUnbound() SealOption { return sealOption(func(s *sealing) { s.unbound = true }) }

func newSealing(keys KeyRing, opts []SealOption) sealing {
	s := sealing{keys: keys}
	for _, o := range opts {
		if o != nil {
			o.applySeal(&s)
		}
	}
	return s
}
