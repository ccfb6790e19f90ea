// Command desir is the tool of the library: a tour of it on real text,
// its objects by hand, every Redis command, and calls by RPC.
//
//	desir tour [FILE…]     counts words with workers that share a channel, a map, a set, a list, a counter and a value,
//	                       and asks another process by RPC
//	desir map ls|get|set|del|len NAME
//	desir set ls|add|del|has|len NAME
//	desir list ls|push|pop|at|len NAME
//	desir sortedset ls|get|add|del|pop|len NAME
//	desir value get|set|del NAME
//	desir counter get|next|add|set NAME
//	desir chan send|recv|len|close|reopen NAME
//	desir mailbox send TO WORD…, desir mailbox recv|len NAME
//	desir pq ls|push|pop|len NAME
//	desir topic pub NAME WORD…, desir topic sub NAME
//	desir rpc ls|ping SERVICE, desir rpc call SERVICE METHOD [JSON]
//	desir ls [PATTERN]     lists keys with what they hold; --all with those that help others
//	desir check            says what the settings of the servers take from the guarantees
//	desir acl              prints the access rules that a user needs for a role at an object
//	desir help [COMMAND]
//	desir do [--json] COMMAND [ARGUMENT…]
//	desir repl
//	desir completion bash|zsh|fish
//	desir version
//	desir --help
//
// # Values
//
// A text is shown as it is, msgpack as JSON, any other bytes in quotes; what a
// terminal would obey is escaped. With --json each line is a JSON value, a text in
// quotes. What JSON has no word for is an object of one member:
//
//	{"$bytes": "text"}, {"$base64": "…"}       a byte slice
//	{"$string": "base64"}                      a string that is not UTF-8
//	{"$time": "2024-02-29T12:30:00Z"}          an instant
//	{"$float": "nan"}, {"$float32": 0.1}       floats; a whole one has a point, as 2.0
//	{"$map": [[key, value], …]}                a map whose keys are no texts
//	{"$ext": [type, "base64"]}                 an extension of msgpack
//
// What is written takes the form of the Go value that it is, as [codec.Auto]
// stores it. A word is a text, and one that begins with { or [ is JSON: an object is
// a struct or a map, with its members in their order, and becomes msgpack, as an
// array does. With --json every word is JSON: "tea", 7, 1.5 and true then are a
// string, an int, a float64 and a bool, which Redis holds as texts, and null is a nil
// pointer. With --msgpack all of these are msgpack as well, as pointers, interfaces
// and codec.Msgpack want them, and with --text all words are texts, as codec.JSON
// wants its objects. So what is shown of msgpack can be written again and gives the
// same bytes. A dash stands for standard input.
//
// Lines of standard input end with LF or CRLF. The lines in front of one that fails
// are done, and the error has its number and theirs.
//
// What desir rpc call asks and prints is JSON in the same form: a number without a
// fraction is an integer, exact to 64 bits, and 2.0 a float.
//
// A miss, as of a key that is not there, is an exit status of 1.
//
// # Redis commands
//
// desir do sends any command that the Redis specification knows, after checking it; answers are
// printed in the way of redis-cli, with what a terminal would obey escaped, or as JSON. Its own flags
// stand in front of the command. What destroys data, ends a server or changes a connection needs
// --allow with the name.
//
// desir repl does the same line by line, on one connection: with --allow
// multi,exec,watch,select they do what they do in redis-cli. At a terminal lines are
// edited: Tab completes commands, subcommands, options and keys, the usage of the command
// stands below, and lines are kept in the file desir/history of the user's directory for
// configuration, which nobody else can read. Passwords (AUTH, HELLO, MIGRATE, ACL
// SETUSER, CONFIG SET of what has one) are shown as stars, and their lines are not kept.
// Ctrl-C ends the running command; twice, or Ctrl-D, the session. Keys for editing are
// those of ~/.inputrc. From a pipe there is no prompt, an answer for each line, errors
// with the line's number on standard error, and an exit status of 1 if a line failed.
// Without a URL it works on an embedded Redis.
//
// desir help COMMAND explains with the sentences of the server of the URL, else with the facts
// that are built in.
//
// # Where
//
// It works on the Redis that --url or the environment variable DESIR_URL names (see
// desir.Open for the forms), else on an embedded one that ends with it. The user may
// stand in --user or DESIR_USER, the password in DESIR_PASSWORD, or --askpass asks for
// it: never in a word of the command line, which a list of processes shows. For TLS there
// are --tls, --cacert, --cert and --key (DESIR_TLS, DESIR_CACERT, DESIR_CERT, DESIR_KEY),
// and --insecure, which does not verify the server.
//
// Exit status: 0 done, 1 failed, interrupted or nothing there, 2 wrong usage. Without
// a word the tool prints its usage.
package main
