package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// connectFlags has the flags that select the Redis server.
type connectFlags struct {
	URL      string `help:"URL of the Redis server. Without it tour and repl use an embedded one." env:"DESIR_URL" placeholder:"redis://…"`
	User     string `help:"User name, instead of the one in the URL." env:"DESIR_USER" placeholder:"NAME"`
	Askpass  bool   `help:"Ask for the password, so that it is not in a process list. Scripts can set DESIR_PASSWORD instead."`
	TLS      bool   `name:"tls" help:"Use TLS, as with a rediss:// URL." env:"DESIR_TLS"`
	CACert   string `name:"cacert" help:"PEM file with the certificate authorities to trust instead of the system's; implies --tls." env:"DESIR_CACERT" placeholder:"FILE"`
	Cert     string `help:"PEM file with the client certificate; implies --tls." env:"DESIR_CERT" placeholder:"FILE"`
	Key      string `help:"PEM file with the key of --cert." env:"DESIR_KEY" placeholder:"FILE"`
	Insecure bool   `help:"Do not verify the server's certificate. Anyone in the network path can then read and change all data; implies --tls."`
}

var (
	errNoURL  = errors.New("--user, --askpass, --tls, --cacert, --cert, --key and --insecure need --url or DESIR_URL")
	errSocket = errors.New("TLS is not supported on a Unix socket")
)

// resolve adds the other flags to the URL.
func (w *connectFlags) resolve(ctx context.Context, s streams) error {
	password := os.Getenv("DESIR_PASSWORD")
	given := *w
	given.URL = ""
	switch {
	case w.URL == "" && given != connectFlags{}:
		return errNoURL
	case w.URL == "":
		return nil
	case w.Askpass:
		var err error
		if password, err = askPassword(ctx, s.err); err != nil {
			return err
		}
	}
	if w.Insecure {
		fmt.Fprintln(s.err, "desir: warning: --insecure: the server's certificate is not verified")
	}
	var err error
	w.URL, err = w.fullURL(password)
	return err
}

// fullURL returns the URL with the user, the password and the files. It leaves an
// invalid URL to desir.Open.
func (w *connectFlags) fullURL(password string) (string, error) {
	scheme, rest, ok := strings.Cut(w.URL, "://")
	if !ok {
		return w.URL, nil
	}
	files := url.Values{}
	for name, file := range map[string]string{"cacert": w.CACert, "cert": w.Cert, "key": w.Key} {
		if file == "" {
			continue
		}
		path, err := filepath.Abs(file) // the other process of a tour may have another working directory
		if err != nil {
			return "", err
		}
		files.Set(name, path)
	}
	if w.Insecure {
		files.Set("skip_verify", "true")
	}
	if w.TLS || len(files) > 0 {
		if scheme == "unix" {
			return "", errSocket
		}
		if kind, ok := strings.CutPrefix(scheme, "redis"); ok && !strings.HasPrefix(kind, "s") {
			scheme = "rediss" + kind
		}
	}
	rest, query, _ := strings.Cut(rest, "?")
	rest = w.withUser(rest, password)
	for name := range files {
		query = withOption(query, name, files.Get(name))
	}
	if query != "" {
		query = "?" + query
	}
	return scheme + "://" + rest + query, nil
}

// withUser adds the user and the password to the part of a URL after the scheme.
func (w *connectFlags) withUser(rest, password string) string {
	if w.User == "" && password == "" {
		return rest
	}
	authority, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	user, secret, hosts := "", "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		hosts = authority[i+1:]
		var both bool
		if user, secret, both = strings.Cut(authority[:i], ":"); !both {
			user, secret = "", user // redis://password@host
		}
	}
	if w.User != "" {
		user = escapedInURL(w.User)
	}
	if password != "" {
		secret = escapedInURL(password)
	}
	return user + ":" + secret + "@" + hosts + path
}

// withOption sets an option in a query.
func withOption(query, name, value string) string {
	var kept []string
	for option := range strings.SplitSeq(query, "&") {
		if option != "" && option != name && !strings.HasPrefix(option, name+"=") {
			kept = append(kept, option)
		}
	}
	return strings.Join(append(kept, name+"="+url.QueryEscape(value)), "&")
}

// escapedInURL escapes text for any part of a URL.
func escapedInURL(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
