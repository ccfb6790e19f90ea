// Package channel carries values between goroutines, processes and hosts: [Chan]
// is to processes what a Go channel is to goroutines.
//
// # Chan
//
// A Chan is a Redis list of values, nothing around them, so that plain RPUSH and
// LPOP from redis-cli take part. Each value goes to one receiver, in the order
// in which the sends were executed. Close is a mark in Redis that every process
// sees: receivers drain what is there and end, senders get [desir.ErrClosed].
//
// What a receiver does not take is not lost: a cancel, a deadline, a break of
// the loop lose nothing. A value that was under way to a receiver that left
// goes to another one, or back to the head of the list; another process may
// have taken later ones meanwhile. Only a process that dies, or a connection
// that is cut in the moment of handing over, loses values: at most one for
// each receiver that was waiting there. Delivery is at most once.
//
// Any number of receivers of one client wait on one connection (on a cluster
// one for each node), and a wake-up that is lost costs at most a second.
package channel
