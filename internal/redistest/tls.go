package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Certificate is a self-signed certificate for the loopback interface.
type Certificate struct {
	Cert, Key string // PEM
	CA        *x509.CertPool
}

// Client returns a client configuration that trusts the certificate, on any host. Each
// call returns a new one.
func (c Certificate) Client() *tls.Config {
	return &tls.Config{RootCAs: c.CA, ServerName: "localhost", MinVersion: tls.VersionTLS12}
}

// TLSConfig returns the configuration lines with which a server uses a certificate. The
// caller adds tls-port.
func TLSConfig(certFile, keyFile string) []string {
	return []string{
		"tls-cert-file " + certFile,
		"tls-key-file " + keyFile,
		"tls-ca-cert-file " + certFile,
		"tls-auth-clients no",
	}
}

// setUpTLS makes a certificate and returns the lines of redis.conf that use it.
func (s *Server) setUpTLS() ([]string, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	s.TLSAddr = loopback(port)
	if s.cert, err = NewCertificate(); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	cert, key := filepath.Join(s.Dir, "cert.pem"), filepath.Join(s.Dir, "key.pem")
	if err := errors.Join(os.WriteFile(cert, []byte(s.cert.Cert), 0o600), os.WriteFile(key, []byte(s.cert.Key), 0o600)); err != nil {
		return nil, err
	}
	return append(TLSConfig(cert, key), fmt.Sprintf("tls-port %d", port)), nil
}

// TLSConfig returns a client configuration that trusts the server. Each call returns a
// new one.
func (s *Server) TLSConfig() *tls.Config { return s.cert.Client() }

// NewCertificate creates a certificate and its key. It is valid for 24 hours.
func NewCertificate() (c Certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "localhost"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return c, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return c, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return c, err
	}
	c = Certificate{Cert: inPEM("CERTIFICATE", der), Key: inPEM("PRIVATE KEY", secret), CA: x509.NewCertPool()}
	c.CA.AddCert(cert)
	return c, nil
}

func inPEM(kind string, data []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}))
}
