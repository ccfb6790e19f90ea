package wire

import (
	"crypto/rand"
	"encoding/binary"
)

// CallIDs generates call IDs: 64 random bits each, never 0. They are read from
// crypto/rand in blocks of 64 IDs, so past IDs do not reveal the next one. A counter or a
// small generator would let a party that sees one ID forge results of later calls.
type CallIDs struct {
	block  [64 * 8]byte
	used   int // bytes of the block
	filled bool
}

// Next returns an ID. The caller must hold a lock.
func (g *CallIDs) Next() uint64 {
	for {
		if !g.filled || g.used == len(g.block) {
			_, _ = rand.Read(g.block[:]) // never fails: the process ends instead
			g.filled, g.used = true, 0
		}
		id := binary.LittleEndian.Uint64(g.block[g.used:])
		clear(g.block[g.used : g.used+8]) // a later memory leak reveals no past ID
		g.used += 8
		if id != 0 {
			return id
		}
	}
}
