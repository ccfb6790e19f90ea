// Package outage logs that a server does not serve what waits there: when that begins, when
// its reason changes, and when it is over.
package outage
