package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress shows a running number of words on a terminal, and nothing otherwise.
type progress struct {
	w     io.Writer // nil if it is not a terminal
	mu    sync.Mutex
	words int
	last  time.Time
}

func newProgress(w io.Writer) *progress {
	if !isTerminal(w) {
		return &progress{}
	}
	return &progress{w: w}
}

const progressEvery = 100 * time.Millisecond

func (p *progress) add(words int) {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.words += words
	if now := time.Now(); now.Sub(p.last) >= progressEvery {
		p.last = now
		fmt.Fprintf(p.w, "\r%d words", p.words)
	}
}

// end clears the line.
func (p *progress) end() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
