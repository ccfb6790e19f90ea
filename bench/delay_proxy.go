package main

import (
	"context"
	"io"
	"net"
	"time"
)

const linkDelay = time.Millisecond // additional delay of a reply over the link

// serveLink is a link to the server at addr that delays replies by a millisecond. It
// delays only one direction, since a timer of an idle process is late by up to a
// millisecond and that should not happen twice.
func serveLink(_ context.Context, addr string) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", addr)
			if err != nil {
				_ = near.Close()
				continue
			}
			go func() {
				_, _ = io.Copy(server, near)
				_ = server.Close()
			}()
			go copyDelayed(near, server)
		}
	}()
	return l.Addr().String(), nil
}

// delayedChunk is the data of one read, with the time at which it is forwarded.
type delayedChunk struct {
	data []byte
	due  time.Time
}

func copyDelayed(to, from net.Conn) {
	pieces := make(chan delayedChunk, 1024)
	go func() {
		defer func() { _ = to.Close() }()
		for p := range pieces {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.data); err != nil {
				_ = from.Close()
			}
		}
	}()
	defer close(pieces)
	for {
		data := make([]byte, 64<<10)
		n, err := from.Read(data)
		if err != nil {
			return
		}
		pieces <- delayedChunk{data[:n], time.Now().Add(linkDelay)}
	}
}
