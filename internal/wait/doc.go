// Package wait is the one place that blocks on Redis: any number of receivers
// wait on Go channels while one connection per server waits for all of them.
//
// See the design page on waiting for what is promised and why.
package wait
