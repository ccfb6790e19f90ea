package codec

import (
	"crypto/hmac"
	"crypto/sha256"
)

// Sign lets nobody without the keys make or change what inner writes: HMAC-SHA-256,
// the id of the key in front. The value stays readable, and the frame is longer by
// 38 bytes. Bytes that were altered, moved from another object or another key of a map,
// or made under a key that is not in the ring are ErrSignature, and the inner codec
// never sees them. Keys have 32 bytes or more. What has no place of its own in its
// object, as the elements of a list, is bound as [Encrypt] says.
//
// Who can write to Redis can still delete a value, or put an older one of the same
// place back. The bytes of a value change with the current key, so it is not for
// keys, nor for operations that compare.
func Sign(inner Codec, keys KeyRing, opts ...SealOption) Codec {
	return wrap(&signature{newSealing(keys, opts)}, inner)
}

type signature struct {
	sealing
}

func isSecretSize(n int) bool { return n >= keySize }

func (s *signature) begin(dst []byte) ([]byte, error) {
	return append(dst, make([]byte, headerSize)...), nil
}

func (s *signature) seal(dst []byte, start, _ int, at place, _ checker) ([]byte, error) {
	id, key, err := current(s.keys, isSecretSize)
	if err != nil {
		return nil, err
	}
	frame := dst[start:]
	putHeader(frame, signedMode, at, id)
	return s.mac(dst, key, frame, at), nil
}

func (s *signature) open(data []byte, at place, room int) ([]byte, int, error) {
	id, at, err := s.readHeader(data, signedMode, at, headerSize+macSize)
	if err != nil {
		return nil, 0, err
	}
	key, err := keyOf(s.keys, id, isSecretSize)
	if err != nil {
		return nil, 0, err
	}
	frame, mac := data[:len(data)-macSize], data[len(data)-macSize:]
	if !hmac.Equal(mac, s.mac(nil, key, frame, at)) {
		return nil, 0, badSignature("altered, or made for another object or under another key")
	}
	return frame[headerSize:], room, nil
}

// mac appends the code of header, object, place and body.
func (s *signature) mac(dst, key, frame []byte, at place) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(frame[:headerSize])
	h.Write(s.bound(make([]byte, 0, 16+len(s.object)+len(at.at)), at))
	h.Write(frame[headerSize:])
	return h.Sum(dst)
}

func (s *signature) scope(object string) layer {
	inner := s.sealing
	inner.object = object
	return &signature{inner}
}

func (s *signature) binds() bool         { return true }
func (s *signature) name() string        { return "sign" }
func (s *signature) deterministic() bool { return false }
