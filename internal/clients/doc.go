// Package clients holds the state that all objects of one client share: its sender, and what
// is known about its server.
//
// A registry maps clients to their shared states. It keeps neither alive: objects refer to
// the state, and the state refers to the client. When the last object is collected, so are
// the state and its entry in the registry.
package clients
