// Command desir is the command-line tool of the desir library. It reads and changes the
// library's data structures, sends Redis commands, calls RPC services, and has a tour that
// demonstrates the library.
//
//	desir tour [FILE…]     count words with workers that share a channel, a map, a set, a list,
//	                       a counter and a value, then call another process by RPC
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
//	desir lock ls [PATTERN], desir lock show|break NAME
//	desir lock run NAME -- PROGRAM [ARGUMENT…]
//	desir rpc ls|ping SERVICE, desir rpc call SERVICE METHOD [JSON]
//	desir ls [PATTERN]     list keys with type, size, expiry and likely object type
//	desir check            report server settings that weaken the guarantees
//	desir acl              print the Redis ACL rules that a user needs for an object
//	desir help [COMMAND]
//	desir do [--json] COMMAND [ARGUMENT…]
//	desir repl
//	desir completion bash|zsh|fish
//	desir version
//	desir --help
//
// # Values
//
// Text is printed unchanged, msgpack is printed as JSON, and other bytes are quoted.
// Terminal control characters are escaped. With --json each line is a JSON value, and text
// is a JSON string. A value that JSON cannot express is an object with one member:
//
//	{"$bytes": "text"}, {"$base64": "…"}       a byte slice
//	{"$string": "base64"}                      a string that is not UTF-8
//	{"$time": "2024-02-29T12:30:00Z"}          a time
//	{"$float": "nan"}, {"$float32": 0.1}       floats; a whole one has a point, as in 2.0
//	{"$map": [[key, value], …]}                a map with other keys, or a key twice
//	{"$ext": [type, "base64"]}                 a msgpack extension
//
// A value to be written is stored as [codec.Auto] stores the Go value. An argument that
// begins with { or [ is parsed as JSON and stored as msgpack: an object is a struct or a
// map, with its members in their order. Any other argument is text.
//
//   - With --json every argument is JSON: "tea", 7, 1.5 and true are a string, an int, a
//     float64 and a bool, which are stored as text, and null is a nil pointer.
//   - With --msgpack every argument is JSON and is stored as msgpack, which pointers,
//     interfaces and codec.Msgpack need.
//   - With --text every argument is text, which codec.JSON needs for its objects.
//
// Printed msgpack can therefore be written again and gives the same bytes. A dash stands
// for standard input.
//
// Lines of standard input end with LF or CRLF. If a line fails, the lines before it have
// been processed. The error has the number of the failed line and the number of lines
// before it.
//
// desir rpc call reads and prints JSON in the same form: a number without a fraction is an
// integer, exact to 64 bits, and 2.0 is a float.
//
// If there is no value, for example because a key does not exist, the exit status is 1.
//
// # Redis commands
//
// desir do checks a Redis command against Redis's specification and sends it. It prints
// the reply in the format of redis-cli, with terminal control characters escaped, or as
// JSON. Its own flags must precede the command. A command that destroys data, stops a
// server or changes a connection needs --allow with its name.
//
// desir repl does the same for many commands on one connection. With --allow
// multi,exec,watch,select these commands work as in redis-cli. At a terminal, lines can be
// edited. Tab completes commands, subcommands, options and keys, and the usage of the
// command is shown below the line. Lines are stored in the file desir/history in the user's
// configuration directory, which only the user can read. Passwords (AUTH, HELLO, MIGRATE,
// ACL SETUSER, and CONFIG SET of a password) are shown as stars, and their lines are not
// stored. Ctrl-C cancels the running command. Ctrl-C twice, or Ctrl-D, ends the session.
// The editor's key bindings come from ~/.inputrc. From a pipe, desir repl prints no prompt
// and one reply per line, reports errors with their line numbers on standard error, and
// exits with status 1 if a line failed. Without a URL it uses an embedded Redis.
//
// desir help COMMAND describes a command from the table of the server of the URL, with
// summaries, or from the built-in table without them.
//
// # Locks
//
// desir lock ls lists the locks of package lock that somebody holds, and desir lock show prints
// the holders of one. desir lock break asks the holders to give it up: it is free once their
// contexts have ended. With --force it is free at once, and two may hold it for a moment.
//
// desir lock run runs a program while it holds a mutex, whose fencing token is in the
// environment variable DESIR_LOCK_TOKEN. The program is in its own process group, which gets
// SIGINT, SIGTERM, SIGHUP and SIGQUIT once each. If the lock is lost, the group is killed. The
// exit status is that of the program, 128 plus the number of the signal that ended it, 123 if the
// lock was not free, 124 if it was lost, 125 if it could not be used, 126 if the program cannot be
// executed, and 127 if it was not found.
//
// # Selecting the server
//
// --url or the environment variable DESIR_URL selects the server; [desir.Open] documents
// the forms. Without it, desir tour and desir repl use an embedded Redis that ends with
// them; commands that need stored data fail. The user name can be in --user or DESIR_USER.
// The password can be in DESIR_PASSWORD, or --askpass asks for it. It is never a command-line
// argument, which a process list would show. The flags for TLS are --tls, --cacert, --cert
// and --key (DESIR_TLS, DESIR_CACERT, DESIR_CERT, DESIR_KEY), and --insecure, which does
// not verify the server.
//
// The exit status is 0 on success, 1 on failure, on interruption or if there is no value,
// and 2 for wrong usage; that of desir lock run is described above. Without arguments the tool
// prints its help.
package main
