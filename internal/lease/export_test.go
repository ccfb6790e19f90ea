package lease

// Idle reports whether nothing is in flight, and there is no lease.
func (k *Keeper) Idle() bool { return k.pending() == 0 }
