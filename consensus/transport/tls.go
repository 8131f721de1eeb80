package transport

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// maxNameBytes bounds a validator's name, which travels in every message.
const maxNameBytes = 64

// NewCertificate makes the self-signed certificate that carries a validator's TLS key. Nobody checks its dates or its
// name: peers pin the key. It is the same bytes for the same key and name, so it need not be stored.
func NewCertificate(key ed25519.PrivateKey, name string) (tls.Certificate, error) {
	if len(key) != ed25519.PrivateKeySize {
		return tls.Certificate{}, fmt.Errorf("%w: TLS key is %d bytes, want %d", ErrConfig, len(key), ed25519.PrivateKeySize)
	}
	if err := checkName(name); err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Unix(0, 0).UTC(),
		// RFC 5280 4.1.2.5: the date of a certificate that has no end of its own.
		NotAfter:              time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("create certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("parse own certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// KeyHash is what a validator's public record pins: SHA-256 of the certificate's SubjectPublicKeyInfo.
func KeyHash(cert *x509.Certificate) [32]byte {
	return sha256.Sum256(cert.RawSubjectPublicKeyInfo)
}

// CertificateHash is KeyHash of a certificate that NewCertificate made.
func CertificateHash(c tls.Certificate) ([32]byte, error) {
	if len(c.Certificate) != 1 {
		return [32]byte{}, fmt.Errorf("%w: certificate chain has %d parts, want 1", ErrConfig, len(c.Certificate))
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		return [32]byte{}, fmt.Errorf("%w: parse certificate: %w", ErrConfig, err)
	}
	return KeyHash(leaf), nil
}

// checkName holds names to what stands in a log line, a raft configuration and a TLS server name alike.
func checkName(name string) error {
	if name == "" || len(name) > maxNameBytes {
		return fmt.Errorf("%w: name %q is %d bytes, want 1 to %d", ErrConfig, name, len(name), maxNameBytes)
	}
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return fmt.Errorf("%w: name %q, want only letters, digits, '-', '_' and '.'", ErrConfig, name)
		}
	}
	return nil
}

// directory is who the validators are. It never changes once made: another one takes its place.
type directory struct {
	self   string
	byName map[string]Peer
	byKey  map[[32]byte]string
}

// newDirectory checks that names and keys are each used once, and that self is among them with the key it holds.
func newDirectory(self string, certificate tls.Certificate, peers []Peer) (*directory, error) {
	d := &directory{self: self, byName: make(map[string]Peer, len(peers)), byKey: make(map[[32]byte]string, len(peers))}
	signers := make(map[[32]byte]string, len(peers))
	for _, p := range peers {
		if err := checkName(p.Name); err != nil {
			return nil, err
		}
		if _, ok := d.byName[p.Name]; ok {
			return nil, fmt.Errorf("%w: two peers are named %q", ErrConfig, p.Name)
		}
		if other, ok := d.byKey[p.TLSKeyHash]; ok {
			return nil, fmt.Errorf("%w: peers %q and %q have the same TLS key", ErrConfig, other, p.Name)
		}
		if other, ok := signers[p.Key]; ok {
			return nil, fmt.Errorf("%w: peers %q and %q have the same Key", ErrConfig, other, p.Name)
		}
		d.byName[p.Name] = p
		d.byKey[p.TLSKeyHash], signers[p.Key] = p.Name, p.Name
	}
	own, ok := d.byName[self]
	if !ok {
		return nil, fmt.Errorf("%w: peers do not contain %q itself", ErrConfig, self)
	}
	if len(certificate.Certificate) != 1 {
		return nil, fmt.Errorf("%w: certificate chain has %d parts, want 1", ErrConfig, len(certificate.Certificate))
	}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("%w: parse certificate: %w", ErrConfig, err)
	}
	if KeyHash(leaf) != own.TLSKeyHash {
		return nil, fmt.Errorf("%w: the certificate's key is not the one peers know %q by", ErrConfig, self)
	}
	return d, nil
}

// identify tells which other validator a certificate chain stands for. A connection that shows this node's own key is
// refused like a stranger's: nobody else has reason to hold it, and raft never calls itself.
func (d *directory) identify(chain []*x509.Certificate) (string, error) {
	if len(chain) != 1 {
		return "", fmt.Errorf("%w: chain of %d certificates, want 1", ErrStranger, len(chain))
	}
	name, ok := d.byKey[KeyHash(chain[0])]
	if !ok || name == d.self {
		return "", ErrStranger
	}
	return name, nil
}

// other returns the record of another validator.
func (d *directory) other(name string) (Peer, error) {
	p, ok := d.byName[name]
	if !ok || name == d.self {
		return Peer{}, fmt.Errorf("%w: %q", ErrUnknownPeer, name)
	}
	return p, nil
}

// keys are all validators' signing keys, for the filter.
func (d *directory) keys() map[string]ed25519.PublicKey {
	keys := make(map[string]ed25519.PublicKey, len(d.byName))
	for name, p := range d.byName {
		keys[name] = p.Key[:]
	}
	return keys
}

// serverTLS accepts exactly the other validators. VerifyConnection runs on every handshake; session tickets are off so
// that there is no other way in.
func serverTLS(certificate tls.Certificate, identify func([]*x509.Certificate) (string, error), refused func(error)) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{certificate},
		ClientAuth:             tls.RequireAnyClientCert,
		SessionTicketsDisabled: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			_, err := identify(state.PeerCertificates)
			if err != nil {
				refused(err)
			}
			return err
		},
	}
}

// clientTLS accepts exactly the dialled validator. The usual check of chains and host names is off because it answers
// another question; VerifyConnection takes its place, and TLS 1.3 itself proves that the peer holds the key.
func clientTLS(certificate tls.Certificate, peer string, identify func([]*x509.Certificate) (string, error)) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		Certificates:       []tls.Certificate{certificate},
		ServerName:         peer,
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			name, err := identify(state.PeerCertificates)
			if err != nil {
				return err
			}
			if name != peer {
				return fmt.Errorf("%w: dialled %q, met %q", ErrWrongPeer, peer, name)
			}
			return nil
		},
	}
}
