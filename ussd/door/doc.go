// Package door is how a process of the phone side is reached over HTTP: it takes connections up to a bound, gives each request its time, and
// closes in order.
//
// Serve answers until its context ends. Then it calls Stop, so that requests which wait for something else are answered at once, takes no more,
// gives the last answers two seconds to be read, and returns when the last request is done: what requests use can be closed after it.
package door
