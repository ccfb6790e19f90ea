package counter

// Option changes how an object of this package works. Options are what this
// process believes; nothing of them is stored.
type Option interface{ apply(*settings) }

type settings struct {
	start int64
	apart bool // commands share nothing with those of others
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// Start sets the value that a missing key counts as; the default is 0. Every
// process that uses the counter should say the same.
func Start(n int64) Option { return option(func(s *settings) { s.start = n }) }

// Unbatched keeps the object's commands apart from those of others: each is
// a round trip of its own. By default concurrent calls through one client leave
// together, and many additions to one counter as one command.
func Unbatched() Option { return option(func(s *settings) { s.apart = true }) }

func gather(opts []Option) settings {
	var s settings
	for _, o := range opts {
		if o != nil {
			o.apply(&s)
		}
	}
	return s
}
