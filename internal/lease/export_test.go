package lease

// Idle reports whether the keeper has no lease and no release in flight.
func (k *Keeper) Idle() bool { return k.pending() == 0 }

// Waits reports whether a caller of the process waits for a lock.
func (k *Keeper) Waits(names Keys) bool { return !k.lines.empty(names.Leases) }
