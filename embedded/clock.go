package embedded

import "strings"

// watchExpiry starts the clock at the first command that may give a key or a
// field an expiry.
//
// A running clock is exact (each command first ages every expiry by the time
// since the last one, and needs no goroutine for it), but it looks at all keys:
// 0.15 µs for each, at every command. A program that sets no expiry never pays
// this.
//
// Commands of a script come through here as well, while their script holds the
// server's lock; the EVAL before them has started the clock already.
func (s *Server) watchExpiry(cmd string, args []string) {
	if maySetExpiry(cmd, args) {
		s.clock.Do(func() { s.mini.ClockTTL(true) })
	}
}

// maySetExpiry goes by the shape of the name, so that commands the server
// learns later (HPEXPIRE, MSETEX, HGETEX) are caught too.
func maySetExpiry(cmd string, args []string) bool {
	switch cmd {
	case "SET":
		return len(args) > 2 // EX, PX, EXAT, PXAT, or an option without expiry
	case "EXISTS", "HEXISTS", "EXEC":
		return false
	case "RESTORE", "EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL":
		return true
	default: // EXPIRE, PEXPIREAT, SETEX, GETEX, HEXPIRE, HSETEX …
		return strings.Contains(cmd, "EX")
	}
}
