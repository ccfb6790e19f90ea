package codec

import "encoding/binary"

// The frames of Encrypt and Sign begin alike:
//
//	version 1 | mode 1 | key id 4, most significant byte first
//
// and go on with nonce 12 | ciphertext | tag 16, or body | MAC 32. Header and scope
// are authenticated with the body, so that a frame cannot be moved to another
// object, be read in the other mode, or be said to be under another key.
const (
	frameVersion = 1

	signedMode    = 1
	encryptedMode = 2

	headerSize = 6
	nonceSize  = 12
	tagSize    = 16
	macSize    = 32
)

func putHeader(frame []byte, mode byte, keyID uint32) {
	frame[0], frame[1] = frameVersion, mode
	binary.BigEndian.PutUint32(frame[2:], keyID)
}

// readHeader checks that data can be a frame of the mode with so many bytes besides
// the body, and returns the id of its key.
func readHeader(data []byte, mode byte, overhead int) (keyID uint32, err error) {
	switch {
	case len(data) < overhead:
		return 0, badSignature("too short for a frame")
	case data[0] != frameVersion:
		return 0, badSignature("no frame, or one of a newer version")
	case data[1] != mode:
		return 0, badSignature("a frame of another kind")
	}
	return binary.BigEndian.Uint32(data[2:]), nil
}
