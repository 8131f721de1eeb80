// Package ussd is the phone side: it turns what a person types on a feature phone into screens and payments.
//
// # The life of a session
//
// An aggregator posts a form; its adapter (package africastalking and its like) makes a Turn of it: the phone number,
// the aggregator's id of the session and everything typed so far. Service takes one turn at a time per phone number. It
// loads the Session from the Store and compares the transcript with the digests of the turns before: the same transcript
// again gets the reply that is stored, a longer one yields the new answers, anything else is refused. Each answer is given
// to Machine, which is pure: session, facts and event in, Action out. An action says what must be durable (Effects) and
// then either asks for a fact (Ask: who owns this number, is this PIN right, what became of this payment) or shows a
// screen (Reply). Service makes the effects durable first, in one store transaction with the session itself, and only
// then asks or replies. The session ends with an END screen; its record stays for a day, so that late duplicates of any of
// its turns get the same replies.
//
// # Flows
//
// What a person can do is a flow: prompts of one name ("send/payee", "send/amount"), in a file of that name, each with a show and a take.
// The menus, which are data of package menu, lead to flows. goTo shows the next prompt and remembers the way, "0" goes back by it, again
// refuses an answer and stays. A flow that reaches the ledger puts an Order together and proposes it; the confirm flow does the rest for
// every Kind of transaction: the screen, the PIN, the outcome. What was begun and lost is kept for ten minutes as a draft.
//
// # The life of a payment
//
// When the confirm screen is shown, the Ledger has prepared a transaction and its Payment is stored: shown. The PIN is
// counted as wrong, durably, then compared. A right one makes the payment submitted, durably, before the ledger hears
// of it. The outcome makes it settled. A crash anywhere leaves one of these, and repeating the turn, dialling again with the
// same payee and amount, or the Settler submits the same bytes again; the ledger applies them once. What is shown and
// never submitted is never signed and dies with its expiry.
//
// # What it promises and refuses
//
// A PIN is accepted only when the confirm screen was shown in an earlier turn. The words "not made" are used only for an
// outcome that can never change; a deadline that passes is "being processed", and the Settler drives it to an outcome and an
// SMS. No transcript, PIN or input is ever stored or logged; the store has keyed digests. The package knows no aggregator's
// wire form, no consensus and no database: it declares Ledger, Store and Outbox, and others implement them.
package ussd
