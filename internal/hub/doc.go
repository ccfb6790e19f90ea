// Package hub holds what the objects of one client share: its sender, and what
// its server turned out to be able to do.
//
// A registry leads from a client to its hub, and keeps neither alive: the
// objects hold the hub, the hub holds the client, and when the last object is
// gone the row goes with the hub, so a dropped client is not kept for ever.
package hub
