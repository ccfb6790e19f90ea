package counter

// Option configures an object of this package. Options are settings of this process and
// are not stored.
type Option interface{ apply(*settings) }

type settings struct {
	start     int64
	unbatched bool // commands are not batched with those of other calls
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// Start sets the value that a missing key counts as. The default is 0. Every process that
// uses the counter should set the same value.
func Start(n int64) Option { return option(func(s *settings) { s.start = n }) }

// Unbatched sends each of the object's commands in a separate round trip. By default,
// concurrent calls through one client share pipelines, and concurrent additions to one
// counter are merged into one command.
func Unbatched() Option { return option(func(s *settings) { s.unbatched = true }) }

func newSettings(opts []Option) settings {
	var s settings
	for _, o := range opts {
		if o != nil {
			o.apply(&s)
		}
	}
	return s
}
