package rpc

import (
	"crypto/rand"
	"encoding/binary"
)

// ids generates call IDs: 64 random bits each, never 0. They are read from crypto/rand in
// blocks of 64 IDs, so past IDs do not reveal the next one. A counter or a small
// generator would let a party that sees one ID forge results of later calls.
type ids struct {
	block [64 * 8]byte
	used  int // bytes of the block
	made  bool
}

// next returns an ID. The caller must hold a lock.
func (i *ids) next() uint64 {
	for {
		if !i.made || i.used == len(i.block) {
			_, _ = rand.Read(i.block[:]) // never fails: the process ends instead
			i.made, i.used = true, 0
		}
		id := binary.LittleEndian.Uint64(i.block[i.used:])
		clear(i.block[i.used : i.used+8]) // a later memory leak reveals no past ID
		i.used += 8
		if id != 0 {
			return id
		}
	}
}
