package ussd

import (
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Kind says what a transaction does. Its text is stored.
type Kind string

// KindTransfer pays an account.
const KindTransfer Kind = "transfer"

// kind is what phones are told of a kind of transaction at each stage. Every text may mention amount, fee, total, name, number, account,
// code, balance and time (the expiry).
type kind struct {
	// Confirm asks for the PIN, ConfirmAccount where the other side is known by account number only; empty: Confirm.
	confirm, confirmAccount menu.Key
	// done tells that it is made and final, doneBalance with the new balance where that is known; empty: done.
	done, doneBalance menu.Key
	// processing promises the outcome by SMS, busy does while the network takes no more.
	processing, busy menu.Key
	// lineDone, lineProcessing and lineNotMade stand above the main menu at the next dial.
	lineDone, lineProcessing, lineNotMade menu.Key
	// notMade tells on the screen, smsNotMade by SMS, that it was refused.
	notMade, smsNotMade menu.Key
	// spends means that amount and fee leave the account: they are compared with its balance and caps before the PIN is asked for.
	spends bool
	// settled, if set, is what else the outcome changes, in the store transaction that records it.
	settled func(s *Service, w Writer, p Payment, nowUnixMs uint64) error
	// smsPaid and smsGot are the receipts by SMS of money that moved by it; empty are those of a payment.
	smsPaid, smsGot menu.Key
	// short is said when the account has too little for an amount that cannot be changed, or may not spend it now; empty asks for another.
	short menu.Key
	// expired is said when the confirm screen stood for too long; empty: that no money was moved.
	expired menu.Key
	// refused are the kind's own words for what may become of it.
	refused map[OutcomeCode]menu.Key
	// waits is how long the amount is kept after the order's expiry; 0 when it is not.
	waits uint64
	// life is how long the confirm screen stands, in milliseconds; 0 is PaymentLife.
	life uint64
	// plain means that no PIN is asked for, since nothing of the user's can be lost by it: "1" confirms.
	plain bool
}

// kindOf finds the texts of a kind.
func kindOf(k Kind) kind {
	switch k {
	case KindTransfer:
		return transferKind
	case KindRequest:
		return requestKind
	case KindDecline:
		return declineKind
	case KindClose:
		return closeKind
	case KindAttest:
		return attestKind
	case KindMove, KindConfirmMove:
		return moveKind
	case KindStopMove:
		return stopMoveKind
	case KindKeep:
		return keepKind
	case KindDelay:
		return delayKind
	case KindRelease:
		return releaseKind
	case KindClaim:
		return claimKind
	case KindReturn:
		return returnKind
	case KindCashIn:
		return cashInKind
	case KindCashOut:
		return cashOutKind
	case KindCashGive:
		return cashGiveKind
	case KindFloat:
		return floatKind
	case KindGroupOpen:
		return groupOpenKind
	case KindGroupIn:
		return groupInKind
	case KindGroupOut:
		return groupOutKind
	}
	return kind{}
}
