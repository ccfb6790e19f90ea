package main

import (
	"context"
	"io"
	"sync"
)

// stdin is what a program is given to read. Reading ends with the context, which
// a terminal or a pipe alone would not notice, and begins with the first Read:
// what no command wants is left to others.
type stdin struct {
	from  io.Reader
	start func()
	out   *io.PipeReader
}

func newStdin(ctx context.Context, in io.Reader) *stdin {
	r, w := io.Pipe()
	return &stdin{from: in, out: r, start: sync.OnceFunc(func() {
		context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) })
		go func() {
			_, err := io.Copy(w, in)
			_ = w.CloseWithError(err) // io.EOF for none
		}()
	})}
}

// Read implements io.Reader.
func (s *stdin) Read(p []byte) (int, error) {
	s.start()
	return s.out.Read(p)
}

// close ends the reading; a read that is under way ends with the process.
func (s *stdin) close() { _ = s.out.Close() }
