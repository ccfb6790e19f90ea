package embedded

import "strings"

// watchExpiry starts the clock at the first command that may set an expiry of a key or a
// field.
//
// A running clock is exact and needs no goroutine: each command first reduces every
// expiry by the time since the previous command. This scans all keys and costs 0.15 µs
// for each key at every command. A program that sets no expiry does not pay this cost.
//
// Commands of a script also call watchExpiry, while the script holds the server's lock.
// The EVAL before them has already started the clock.
func (s *Server) watchExpiry(cmd string, args []string) {
	if maySetExpiry(cmd, args) {
		s.clock.Do(func() { s.mini.ClockTTL(true) })
	}
}

// maySetExpiry decides by a pattern in the name, which also matches commands that later
// versions of the server may support (HPEXPIRE, MSETEX, HGETEX).
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
