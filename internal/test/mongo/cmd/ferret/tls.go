package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// selfSigned makes a certificate for 127.0.0.1 that no one vouches for.
func selfSigned(dir string) (ferretdb.ListenerConfig, error) {
	listener := ferretdb.ListenerConfig{
		TLS: "127.0.0.1:0", TLSCertFile: filepath.Join(dir, "cert.pem"), TLSKeyFile: filepath.Join(dir, "key.pem"),
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return listener, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ferret"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return listener, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return listener, err
	}
	for file, block := range map[string]*pem.Block{
		listener.TLSCertFile: {Type: "CERTIFICATE", Bytes: cert},
		listener.TLSKeyFile:  {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			return listener, err
		}
	}
	return listener, nil
}
