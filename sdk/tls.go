package sdk

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// SystemRoots is the source that trusts the authorities which the machine trusts.
const SystemRoots = "system"

// TLS makes Config.TLS from a setting: a PEM file of the authorities behind the validators' certificates, SystemRoots, or
// "" for plaintext (nil), which is for test networks. What a validator says is verified either way; without TLS
// others on the way see what is asked, and can answer in its name where one validator's word is enough.
func TLS(source string) (*tls.Config, error) {
	switch source {
	case "":
		return nil, nil
	case SystemRoots:
		return &tls.Config{MinVersion: tls.VersionTLS13}, nil
	}
	raw, err := os.ReadFile(source)
	if err != nil {
		return nil, fmt.Errorf("read authorities: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("%s holds no certificate: %w", source, ErrBadConfig)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots}, nil
}
