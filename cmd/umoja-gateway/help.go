package main

// long is the help; its examples are held to be configurations by a test.
const long = `umoja-gateway serves feature phones for one provider until it is stopped by SIGTERM or Ctrl-C.

The provider must stand in the genesis file; "umoja key new" makes its key, "umoja network init --help" shows how it is
founded. The alias key is the network's secret that turns phone numbers into aliases: every provider, attestor and
validator has the same. The pepper is this provider's own, and without it no PIN can be checked. Both are files of 64
hexadecimal digits, as "openssl rand -hex 32" makes them. Only the gateway's user may read key files. A gateway.toml;
paths are relative to its folder:
` + gatewayExample + `
Also: turns_per_minute of one phone number; validators (addresses instead of those of the genesis file); keys, a sealed
file instead of the three, with keys_identity, keys_passphrase_file or keys_passphrase_env ("umoja-gateway custody" makes
it); memory_mb, the MiB that the process tries to stay within, 200 if left out; [[smpp]] tables, which carry
messages for an [[sms]] table of kind smpp, and USSD where they have a dialect; log (debug, info, warn or error).
"umoja-gateway adapters" lists the aggregators and carriers.

With --role attestor it is an attestor: it sends codes by its own SMS routes to people who move their number, and signs
the move when the right code comes back. Its key must stand in the ledger's directory of attestors, its secret is its own.
It may be a provider's; then it takes no part in what that provider is a part of. An attestor.toml:
` + attestorExample + `
Also: providers (accounts of those that may ask; all of the directory may without), [limits] with codes_per_number and
messages_per_number (a day), messages_per_provider (of those, for one provider), codes_per_minute and wrong_per_hour (of one provider), resend_seconds.`

const gatewayExample = `
  name = "mwanga"
  dir = "store"
  genesis = "genesis.json"
  validators_tls = "system"             # or a PEM file of the authorities behind the validators' certificates
  listen = "127.0.0.1:8080"             # HTTP; put TLS in front of it
  provider_key = "provider.key"
  alias_key = "alias.key"
  pepper = "pin.pepper"
  provider_name = "Mwanga"              # on screens
  telephone = "+254700000000"           # for people who need help
  service_code = "*384*2050#"
  region = "KE"                         # where phone numbers without a country code are from
  asset = "KES"

  [[aggregators]]
  kind = "africastalking"
  path = "/ussd/3f9c1b7d0e5a4c2896f1d8b7"   # long and secret; or set allow, user and password_file, or header

  [[sms]]
  name = "at"
  kind = "africastalking"
  username = "mwanga"
  key_file = "sms.key"
  from = "UMOJA"

  [[attestors]]
  name = "Amani Trust"                  # how its messages begin
  url = "https://attest.amani.example"
  key = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
`

const attestorExample = `
  dir = "store"
  genesis = "genesis.json"
  validators_tls = "system"
  listen = "127.0.0.1:8090"             # HTTP; put TLS in front of it
  attestor_key = "attestor.key"
  alias_key = "alias.key"
  secret = "codes.secret"

  [[sms]]
  name = "bearerbox"
  kind = "kannel"
  url = "http://127.0.0.1:13013/cgi-bin/sendsms"
  username = "attestor"
  key_file = "kannel.password"
  from = "AMANI"
`
