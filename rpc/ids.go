package rpc

import (
	"crypto/rand"
	"encoding/binary"
)

// ids makes the IDs of calls: 64 random bits each, and never 0. They come out of
// crypto/rand in blocks, so a party that has seen any number of them knows nothing about the
// next one. A counter, or a generator with a small state, would let whoever sees one ID send
// results for the calls that follow. A block costs one read of random bytes for 64 calls.
type ids struct {
	block [64 * 8]byte
	used  int // bytes of the block
	made  bool
}

// next returns an ID. The caller has a lock.
func (i *ids) next() uint64 {
	for {
		if !i.made || i.used == len(i.block) {
			_, _ = rand.Read(i.block[:]) // never fails: the process ends instead
			i.made, i.used = true, 0
		}
		id := binary.LittleEndian.Uint64(i.block[i.used:])
		clear(i.block[i.used : i.used+8]) // a later leak of memory tells no ID of the past
		i.used += 8
		if id != 0 {
			return id
		}
	}
}
