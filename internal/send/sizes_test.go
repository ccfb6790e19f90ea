package send

import "testing"

// TestSizes tracks replies that grow and shrink.
func TestSizes(t *testing.T) {
	e := newSizes().of("key")
	if n := e.guess(); n != minGuess {
		t.Errorf("a key that was never read: %d bytes, want %d", n, minGuess)
	}
	e.record(1 << 20)
	if n := e.guess(); n <= sharedSize {
		t.Errorf("after a large answer: %d bytes, want more than %d", n, sharedSize)
	}
	for range 100 {
		e.record(100_000)
	}
	if n := e.guess(); n < 90_000 || n > 110_000 {
		t.Errorf("after many of 100,000: %d bytes", n)
	}
	for range 100 {
		e.record(3)
	}
	if n := e.guess(); n > minGuess+8 {
		t.Errorf("after many small ones: %d bytes, want about %d", n, minGuess)
	}
}
