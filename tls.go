package desir

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
)

// certificates holds a URL's options for certificate files, named like redis-cli's flags.
type certificates struct {
	ca, cert, key string
	insecure      bool // skip_verify of a cluster; go-redis's cluster parser lacks it
}

var (
	errNoTLS    = errors.New("the options cacert, cert, key and skip_verify require TLS: rediss://, rediss+cluster:// or rediss+sentinel://")
	errHalfPair = errors.New("the options cert and key belong together")
	errNoCerts  = errors.New("the file of the option cacert contains no PEM certificate")
)

// takeCertificates removes the certificate options from query and returns them.
func takeCertificates(query url.Values, cluster bool) (c certificates, err error) {
	c = certificates{ca: query.Get("cacert"), cert: query.Get("cert"), key: query.Get("key")}
	for _, name := range []string{"cacert", "cert", "key"} {
		query.Del(name)
	}
	if text := query.Get("skip_verify"); cluster && text != "" {
		query.Del("skip_verify")
		if c.insecure, err = strconv.ParseBool(text); err != nil {
			return c, errors.New("the option skip_verify must be true or false")
		}
	}
	return c, nil
}

// apply loads the files into the TLS configuration.
func (c certificates) apply(config *tls.Config) error {
	switch {
	case c == certificates{}:
		return nil
	case config == nil:
		return errNoTLS
	case (c.cert == "") != (c.key == ""):
		return errHalfPair
	}
	config.InsecureSkipVerify = config.InsecureSkipVerify || c.insecure
	if c.ca != "" {
		pem, err := os.ReadFile(c.ca)
		if err != nil {
			return fmt.Errorf("the option cacert: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return errNoCerts
		}
	}
	if c.cert != "" {
		pair, err := tls.LoadX509KeyPair(c.cert, c.key)
		if err != nil {
			return fmt.Errorf("the options cert and key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return nil
}

// config returns the target's TLS configuration, or nil.
func (t *target) config() *tls.Config {
	switch {
	case t.cluster != nil:
		return t.cluster.TLSConfig
	case t.sentinel != nil:
		return t.sentinel.TLSConfig
	default:
		return t.single.TLSConfig
	}
}
