package finality

import "errors"

// Errors of this package.
var (
	// ErrNoState means there is no signer state file. A validator that ever signed must not sign without it.
	ErrNoState = errors.New("signer state is missing")
	// ErrCorrupt means the signer state file is damaged. The validator must not sign.
	ErrCorrupt = errors.New("signer state is damaged")
	// ErrFormat means the signer state file is of another version of the format. The validator must not sign.
	ErrFormat = errors.New("signer state is of another format")
	// ErrWrongSigner means the signer state belongs to another network, validator or key.
	ErrWrongSigner = errors.New("signer state belongs to another signer")
	// ErrWatermark means a signature was asked for at or below what was signed before.
	ErrWatermark = errors.New("below what was signed before")
	// ErrRolledBack means the signer state is older than a signature this validator gave. It must not sign.
	ErrRolledBack = errors.New("signer state is older than a signature given")
	// ErrDiverged means a quorum, or this validator's own earlier word, contradicts its tree. It must not sign.
	ErrDiverged = errors.New("own tree contradicts what was signed")
	// ErrStranger means the caller is not another validator of the set.
	ErrStranger = errors.New("not a peer in the validator set")
	// ErrBadMessage means a finality message is malformed.
	ErrBadMessage = errors.New("finality message is malformed")
	// ErrTooMany means a peer calls more often than an honest one has to.
	ErrTooMany = errors.New("too many exchanges")
	// ErrStopped means the driver has ended.
	ErrStopped = errors.New("finality driver has stopped")
	// ErrConfig means a machine or driver was put together wrongly.
	ErrConfig = errors.New("finality configuration is wrong")
)
