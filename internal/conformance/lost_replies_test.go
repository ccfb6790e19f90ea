package conformance_test

import (
	"testing"

	"github.com/desir-go/desir/internal/conformance"
)

func TestLostReplies(t *testing.T) {
	t.Parallel()
	conformance.LostReplies(t, conformance.Subjects()...)
}

func TestSilence(t *testing.T) {
	t.Parallel()
	conformance.Silence(t, conformance.Subjects()...)
}
