package conformance

import (
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// Set tests collections.Set on a backend.
func Set(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Model", setModel},
		failures(setSubject()),
		costs(setSubject()),
		part{"Costs", setCosts},
		part{"Undecodable", setUndecodable},
		part{"CrossSlot", setsCrossSlot},
		part{"OtherKey", otherWrongType},
		part{"Walks", setWalks},
	)
}
