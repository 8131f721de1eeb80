package vectors_test

import "github.com/umoja-ledger/umoja/proto/vectors"

// tales make the whole ledgers, family by family.
var tales = []func(*maker) []vectors.Ledger{questionTales, paymentTales, holdTales, accountTales, aliasTales, assetTales, ballotTales, ruleTales, epochTales}
