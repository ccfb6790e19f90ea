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

// where is the part of the command line that says which Redis to work on.
type where struct {
	URL      string `help:"Redis to work on; without it an embedded one." env:"DESIR_URL" placeholder:"redis://…"`
	User     string `help:"User of the Redis, instead of the URL's." env:"DESIR_USER" placeholder:"NAME"`
	Askpass  bool   `help:"Ask for the password, which then stands in no list of processes; DESIR_PASSWORD has it without asking."`
	TLS      bool   `name:"tls" help:"Use TLS, as a URL of rediss:// does." env:"DESIR_TLS"`
	CACert   string `name:"cacert" help:"Trust the authorities in this file, in PEM, instead of the system's; means --tls." env:"DESIR_CACERT" placeholder:"FILE"`
	Cert     string `help:"Show the server this certificate; means --tls." env:"DESIR_CERT" placeholder:"FILE"`
	Key      string `help:"Key of --cert." env:"DESIR_KEY" placeholder:"FILE"`
	Insecure bool   `help:"Do not verify the server's certificate: anybody on the way can read and change everything; means --tls."`
}

var (
	errNoWhere = errors.New("--user, --askpass, --tls, --cacert, --cert, --key and --insecure are for the Redis of --url or DESIR_URL")
	errSocket  = errors.New("a socket has no TLS")
)

// resolve puts what the other flags say into the URL.
func (w *where) resolve(ctx context.Context, s streams) error {
	password := os.Getenv("DESIR_PASSWORD")
	given := *w
	given.URL = ""
	switch {
	case w.URL == "" && given != where{}:
		return errNoWhere
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
	w.URL, err = w.compose(password)
	return err
}

// compose returns the URL with the user, the password and the files. What is no URL
// is for desir.Open to refuse.
func (w *where) compose(password string) (string, error) {
	scheme, rest, ok := strings.Cut(w.URL, "://")
	if !ok {
		return w.URL, nil
	}
	files := url.Values{}
	for name, file := range map[string]string{"cacert": w.CACert, "cert": w.Cert, "key": w.Key} {
		if file == "" {
			continue
		}
		path, err := filepath.Abs(file) // the other process of a tour may stand elsewhere
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

// withUser returns what is behind a URL's scheme with the user and the password in front.
func (w *where) withUser(rest, password string) string {
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

// withOption is a query with an option, in place of one of that name.
func withOption(query, name, value string) string {
	var kept []string
	for option := range strings.SplitSeq(query, "&") {
		if option != "" && option != name && !strings.HasPrefix(option, name+"=") {
			kept = append(kept, option)
		}
	}
	return strings.Join(append(kept, name+"="+url.QueryEscape(value)), "&")
}

// escapedInURL escapes everything that a URL could take for something else.
func escapedInURL(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
