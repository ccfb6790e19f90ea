// Package hub holds the state that all objects of one client share: its sender, and what
// is known about its server.
//
// A registry maps clients to their hubs. It keeps neither alive: objects refer to the hub,
// and the hub refers to the client. When the last object is collected, so are the hub and
// its entry in the registry.
package hub
