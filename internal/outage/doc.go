// Package outage logs when a server stops serving the receivers and subscriptions that wait
// for it, when the reason changes, and when the outage is over.
package outage
