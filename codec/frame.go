package codec

import "encoding/binary"

// The frames of Encrypt and Sign have the same header. The numbers are lengths in bytes:
//
//	version 1 | mode 1 | key id 4, big endian
//
// In a frame of Encrypt, nonce 12 | ciphertext | tag 16 follow. In a frame of Sign, body
// | MAC 32 follow. Header and object are authenticated with the body, so that a frame
// cannot be moved to another object, read in the other mode or claim another key.
//
// Version 2 is for values that have a place inside their object. The place is
// authenticated too. Version 1 is for values without a place.
const (
	unboundVersion = 1
	boundVersion   = 2

	signedMode    = 1
	encryptedMode = 2

	headerSize = 6
	nonceSize  = 12
	tagSize    = 16
	macSize    = 32
)

func putHeader(frame []byte, mode byte, at place, keyID uint32) {
	frame[0], frame[1] = unboundVersion, mode
	if at.given {
		frame[0] = boundVersion
	}
	binary.BigEndian.PutUint32(frame[2:], keyID)
}

// readHeader checks that data can be a frame of the mode with overhead bytes besides the
// body. It returns the id of the key, and the place to authenticate: none for a frame of
// version 1, which ReadUnbound accepts.
func (s *sealSettings) readHeader(data []byte, mode byte, at place, overhead int) (keyID uint32, _ place, err error) {
	switch {
	case len(data) < overhead:
		return 0, at, badSignature("too short for a frame")
	case data[0] != unboundVersion && data[0] != boundVersion:
		return 0, at, badSignature("not a frame, or a frame of a newer version")
	case data[1] != mode:
		return 0, at, badSignature("a frame of another mode")
	case data[0] == boundVersion && !at.given:
		return 0, at, badSignature("bound to a place in an object")
	case data[0] == unboundVersion && at.given && !s.readUnbound:
		return 0, at, badSignature("not bound to its place; see ReadUnbound")
	case data[0] == unboundVersion:
		at = noPlace
	}
	return binary.BigEndian.Uint32(data[2:]), at, nil
}

// appendBinding appends the object, and the place if there is one, each after its length,
// so that no other pair has the same bytes.
func (s *sealSettings) appendBinding(b []byte, at place) []byte {
	b = append(binary.BigEndian.AppendUint64(b, uint64(len(s.object))), s.object...)
	if at.given {
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(at.name))), at.name...)
	}
	return b
}

// sealSettings has the settings that Encrypt and Sign share.
type sealSettings struct {
	keys        KeyRing
	object      string
	readUnbound bool // read frames of version 1 at a place
}

// SealOption is an option of [Encrypt] and [Sign].
type SealOption interface{ applySeal(s *sealSettings) }

type sealOption func(*sealSettings)

func (o sealOption) applySeal(s *sealSettings) { o(s) }

// ReadUnbound makes a codec also read frames that are not bound to a place. Earlier
// versions of desir wrote such frames into maps. Use the option for an upgrade: write
// every value again, which binds it, and then remove the option. While the option is set,
// a client that can write to Redis can exchange these old values between the keys of one
// map, or replace a new value by an old one.
func ReadUnbound() SealOption { return sealOption(func(s *sealSettings) { s.readUnbound = true }) }

func newSealing(keys KeyRing, opts []SealOption) sealSettings {
	s := sealSettings{keys: keys}
	for _, o := range opts {
		if o != nil {
			o.applySeal(&s)
		}
	}
	return s
}
