package main

import (
	"context"
	"io"
	"sync"
)

// stdin reads standard input until the context ends, which a blocked read of a terminal
// or pipe would not notice. It reads nothing before the first call of Read, so that
// unused input is left to other programs.
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
			_ = w.CloseWithError(err) // io.EOF if err is nil
		}()
	})}
}

// Read implements io.Reader.
func (s *stdin) Read(p []byte) (int, error) {
	s.start()
	return s.out.Read(p)
}

// close stops reading. A read that is in progress ends with the process.
func (s *stdin) close() { _ = s.out.Close() }
