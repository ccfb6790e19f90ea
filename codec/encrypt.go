package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"sync"
)

// Encrypt hides what inner writes, and lets nobody without the keys change it:
// AES-256-GCM with a random nonce for each value, the id of the key in front. The
// frame is longer than the value by 34 bytes. Bytes that were altered, moved from
// another object or another key of a map, or made under a key that is not in the ring
// are ErrSignature, and the inner codec never sees them. The elements of a list and the
// values of channels and queues are bound to their object and to no place in it: who can
// write there can change their order, repeat them and drop some.
//
// Redis still sees how long values are, when they change, and all keys and names.
// Who can write there can delete a value or put an older one of the same place
// back. A value has other bytes each time, so it is not for keys, nor for
// operations that compare. One key is good for some 2^32 values: rotate.
func Encrypt(inner Codec, keys KeyRing, opts ...SealOption) Codec {
	return wrap(&encrypted{newSealing(keys, opts), new(sync.Map)}, inner)
}

type encrypted struct {
	sealing
	ciphers *sync.Map // of uint32 to *keyedCipher; shared by all scopes
}

// keyedCipher keeps what is made of a key, for as long as the ring says the same.
type keyedCipher struct {
	key  [keySize]byte
	aead cipher.AEAD
}

func isKeySize(n int) bool { return n == keySize }

func (e *encrypted) begin(dst []byte) ([]byte, error) {
	return append(dst, make([]byte, headerSize+nonceSize)...), nil
}

func (e *encrypted) seal(dst []byte, start, body int, at place, _ checker) ([]byte, error) {
	id, key, err := current(e.keys, isKeySize)
	if err != nil {
		return nil, err
	}
	aead, err := e.cipher(id, key)
	if err != nil {
		return nil, err
	}
	frame := dst[start:]
	putHeader(frame, encryptedMode, at, id)
	nonce := frame[headerSize:][:nonceSize]
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return aead.Seal(dst[:body], nonce, dst[body:], e.data(frame[:headerSize], at)), nil
}

func (e *encrypted) open(data []byte, at place, room int) ([]byte, int, error) {
	id, at, err := e.readHeader(data, encryptedMode, at, headerSize+nonceSize+tagSize)
	if err != nil {
		return nil, 0, err
	}
	key, err := keyOf(e.keys, id, isKeySize)
	if err != nil {
		return nil, 0, err
	}
	aead, err := e.cipher(id, key)
	if err != nil {
		return nil, 0, err
	}
	if room -= len(data); room < 0 {
		return nil, 0, tooLarge(whyRoom)
	}
	nonce := data[headerSize:][:nonceSize]
	plain, err := aead.Open(nil, nonce, data[headerSize+nonceSize:], e.data(data[:headerSize], at))
	if err != nil {
		return nil, 0, badSignature("altered, or made for another object or under another key")
	}
	return plain, room, nil
}

// data is what is authenticated besides the body. The header has a fixed size. In frames
// of version 1 the object follows it as it is.
func (e *encrypted) data(header []byte, at place) []byte {
	b := append(make([]byte, 0, headerSize+16+len(e.object)+len(at.at)), header...)
	if !at.given {
		return append(b, e.object...)
	}
	return e.bound(b, at)
}

func (e *encrypted) cipher(id uint32, key []byte) (cipher.AEAD, error) {
	if c, ok := e.ciphers.Load(id); ok {
		if c := c.(*keyedCipher); subtle.ConstantTimeCompare(c.key[:], key) == 1 {
			return c.aead, nil
		}
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, badSignature("the key is no AES-256 key")
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, badSignature("the key is no AES-256 key")
	}
	e.ciphers.Store(id, &keyedCipher{[keySize]byte(key), aead})
	return aead, nil
}

func (e *encrypted) scope(object string) layer {
	s := e.sealing
	s.object = object
	return &encrypted{s, e.ciphers}
}

func (e *encrypted) binds() bool         { return true }
func (e *encrypted) name() string        { return "encrypt" }
func (e *encrypted) deterministic() bool { return false }
