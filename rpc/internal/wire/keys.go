package wire

import (
	"time"

	"github.com/desir-go/desir/internal/keys"
)

// LeaseTime is how long a lease of a worker lasts.
const LeaseTime = 10 * time.Second

// Keys holds the keys of a service, and the channel of its cancels.
type Keys struct {
	Calls, Workers, About, Alive, Ended, Cancel string
}

// KeysOf returns the keys of the service with the given name.
func KeysOf(name string) Keys {
	return Keys{
		Calls:   name,
		Workers: keys.Part(name, "workers"),
		About:   keys.Part(name, "about"),
		Alive:   keys.Part(name, "alive"),
		Ended:   keys.Part(name, "ended"),
		Cancel:  keys.Part(name, "cancel"),
	}
}

// Poke returns the key of the list that ends a read of the incarnation with the given ID.
func (k Keys) Poke(id string) string { return keys.Part(k.Calls, "poke:"+id) }
