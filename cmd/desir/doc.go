// Command desir is the tool of the library: a tour of it on real text, and
// more as the library grows.
//
//	desir tour [FILE…]     counts words with workers that share a channel, a map, a set, a list, a counter and a value
//	desir chan send|recv|len|close|reopen NAME
//	desir mailbox send TO WORD…, desir mailbox recv|len NAME
//	desir topic pub NAME WORD…, desir topic sub NAME
//	desir version
//	desir --help
//
// It works on the Redis that --url or the environment variable DESIR_URL names
// (see desir.Open for the forms), else on an embedded one that ends with it.
// Exit status: 0 done, 1 failed, 2 wrong usage.
package main
