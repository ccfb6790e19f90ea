package worker

import "testing"

// TestReplayGuard records calls: copies are recognized as long as they may begin, no
// matter how many calls came in between.
func TestReplayGuard(t *testing.T) {
	t.Parallel()
	s := newReplayGuard()
	if !s.start("A", 1, nil) || s.start("A", 1, nil) || !s.start("B", 1, nil) || !s.start("A", 2, nil) {
		t.Error("calls are told by their inboxes and IDs")
	}
	for i := range uint64(generationSize) {
		s.start("C", i+1, nil)
	}
	if s.start("A", 1, nil) {
		t.Errorf("a call is forgotten after %d others", generationSize)
	}
	for i := range uint64(5 * generationSize) {
		s.start("D", i+1, nil)
	}
	if n := s.young.calls.n + s.old.calls.n; n > 2*generationSize {
		t.Errorf("it keeps %d calls", n)
	}

	s = newReplayGuard()
	at := func(made int64) *sealTimes { return &sealTimes{made: made, last: made + 1_000_000, now: made + 5} }
	for i := range uint64(3 * sealedGenerationSize) {
		if !s.start("A", i+1, at(int64(i)+1)) {
			t.Fatalf("call %d is taken for a copy", i)
		}
	}
	for _, i := range []uint64{0, 1, sealedGenerationSize - 1, sealedGenerationSize, 3*sealedGenerationSize - 1} {
		m := at(int64(i) + 1)
		m.now = 3*sealedGenerationSize + 5
		if s.start("A", i+1, m) {
			t.Errorf("a copy of sealed call %d would run", i)
		}
	}
	if n := s.young.calls.n + s.old.calls.n; n > 2*sealedGenerationSize {
		t.Errorf("it keeps %d sealed calls", n)
	}
	if !s.start("B", 1, &sealTimes{made: 5, last: 1000, now: 6}) {
		t.Error("the clock of the server has gone back: a new call is refused")
	}
}
