package tx

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

func (o RegisterProvider) proto() *umojav1.Operation {
	return &umojav1.Operation{Operation: &umojav1.Operation_RegisterProvider{RegisterProvider: o.message()}}
}

func (o RegisterProvider) message() *umojav1.RegisterProvider {
	return &umojav1.RegisterProvider{
		Account: o.Account[:], Key: o.Key[:], Name: o.Name, Codes: o.Codes, Languages: o.Languages, Endpoints: o.Endpoints,
		Telephone: o.Telephone,
	}
}

func registerProviderOf(m *umojav1.RegisterProvider) (Operation, error) {
	o, err := providerEntryOf(m)
	return o, err
}

func providerEntryOf(m *umojav1.RegisterProvider) (RegisterProvider, error) {
	o := RegisterProvider{
		Name: m.GetName(), Codes: m.GetCodes(), Languages: m.GetLanguages(), Endpoints: m.GetEndpoints(), Telephone: m.GetTelephone(),
	}
	r := reader{of: "register_provider"}
	r.fixed(o.Account[:], m.GetAccount(), "account")
	r.fixed(o.Key[:], m.GetKey(), "key")
	return o, r.err
}

// EncodeProviderEntry gives the canonical bytes of a provider's entry in the directory.
func EncodeProviderEntry(o RegisterProvider) []byte { return marshal(o.message(), formProvider) }

// DecodeProviderEntry reads canonical bytes that were checked when they were written.
func DecodeProviderEntry(raw []byte) (RegisterProvider, error) {
	var m umojav1.RegisterProvider
	if err := unmarshal(raw, &m, formProvider); err != nil {
		return RegisterProvider{}, err
	}
	return providerEntryOf(&m)
}

func (o PublishFees) proto() *umojav1.Operation {
	m := &umojav1.PublishFees{
		Provider:          o.Provider[:],
		Asset:             uint32(o.Asset),
		Version:           o.Version,
		EffectiveAtUnixMs: o.EffectiveAtUnixMs,
	}
	for _, b := range o.Bands {
		m.Bands = append(m.Bands, &umojav1.FeeBand{UpTo: uint64(b.UpTo), Flat: uint64(b.Flat), BasisPoints: b.BasisPoints})
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_PublishFees{PublishFees: m}}
}

func publishFeesOf(m *umojav1.PublishFees) (Operation, error) {
	o := PublishFees{Asset: Asset(m.GetAsset()), Version: m.GetVersion(), EffectiveAtUnixMs: m.GetEffectiveAtUnixMs()}
	r := reader{of: "publish_fees"}
	r.fixed(o.Provider[:], m.GetProvider(), "provider")
	for _, b := range m.GetBands() {
		o.Bands = append(o.Bands, FeeBand{
			UpTo: amount.Amount(b.GetUpTo()), Flat: amount.Amount(b.GetFlat()), BasisPoints: b.GetBasisPoints(),
		})
	}
	return o, r.err
}

// EncodeAttestor gives the canonical bytes of an attestor's entry in the directory.
func EncodeAttestor(a Attestor) []byte { return marshal(a.message(), formAttestor) }

// DecodeAttestor reads canonical bytes that were checked when they were written.
func DecodeAttestor(raw []byte) (Attestor, error) {
	var m umojav1.Attestor
	if err := unmarshal(raw, &m, formAttestor); err != nil {
		return Attestor{}, err
	}
	return attestorOf(&m)
}

func (a Attestor) message() *umojav1.Attestor {
	return &umojav1.Attestor{
		Account: a.Account[:], Key: a.Key[:], Name: a.Name, Provider: bytes16(a.Provider), Endpoints: a.Endpoints,
	}
}

func attestorOf(m *umojav1.Attestor) (Attestor, error) {
	a := Attestor{Name: m.GetName(), Endpoints: m.GetEndpoints()}
	r := reader{of: "attestor"}
	r.fixed(a.Account[:], m.GetAccount(), "account")
	r.fixed(a.Key[:], m.GetKey(), "key")
	a.Provider = optional16[AccountID](&r, m.GetProvider(), "provider")
	return a, r.err
}
