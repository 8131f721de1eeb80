package transport

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/raft"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	// ErrConfig means that a Config cannot make a transport; the message names the field and the rule.
	ErrConfig = errors.New("transport configuration is not usable")
	// ErrUnknownPeer means that a call names somebody who is not another validator.
	ErrUnknownPeer = errors.New("unknown peer")
	// ErrStranger means that a TLS certificate is missing or its key is not another validator's.
	ErrStranger = errors.New("certificate is not a validator's")
	// ErrWrongPeer means that the dialled address answered with another validator's certificate.
	ErrWrongPeer = errors.New("certificate is another validator's")
	// ErrIdentity means that a raft header does not name the validator whose key the connection proved.
	ErrIdentity = errors.New("raft header does not name the peer")
	// ErrMalformed means that a message cannot be what an honest peer sends, whatever the state.
	ErrMalformed = errors.New("malformed raft message")
	// ErrTooLarge means that a message breaks a limit of count or bytes.
	ErrTooLarge = errors.New("raft message over the limit")
	// ErrEntryGap means that the indexes of entries do not follow one another.
	ErrEntryGap = errors.New("entries leave a gap")
	// ErrEntryTerm means that the term of an entry falls, or is above the term of the request.
	ErrEntryTerm = errors.New("entry term out of order")
	// ErrEntryType means that an entry is of a kind raft would panic on, or that cannot stand in its place.
	ErrEntryType = errors.New("unknown entry type")
	// ErrConfiguration means that a raft configuration does not decode, or names somebody who is no validator.
	ErrConfiguration = errors.New("raft configuration is not allowed")
	// ErrTermWindow means that a term is too far ahead to be believed of one peer.
	ErrTermWindow = errors.New("term too far ahead")
	// ErrNotLeader means that somebody who is not the known leader asked for what only the leader may.
	ErrNotLeader = errors.New("peer is not the known leader")
	// ErrUncertified means that a peer speaks for a term and has not shown that it was elected. It shows it and tries again.
	ErrUncertified = errors.New("peer has not shown that it was elected")
	// ErrCertificate means that a vote or an election certificate does not hold.
	ErrCertificate = errors.New("election certificate does not hold")
	// ErrSecondLeader means that another validator was elected in the same term before: more than one voter lied, or one
	// voter whose two votes are evidence.
	ErrSecondLeader = errors.New("term has another leader")
	// ErrDoubleVote means that a validator's vote is for the second candidate in one term.
	ErrDoubleVote = errors.New("validator has voted for another candidate in the term")
	// ErrTransfer means that a leader tells this node to take over without its signed word that it may.
	ErrTransfer = errors.New("leadership transfer was not announced")
	// ErrCommitted means that a request would replace what is committed here.
	ErrCommitted = errors.New("request contradicts what is committed")
	// ErrDropped means that this node does not follow the peer, because it has stalled or censored; see Filter.Drop.
	ErrDropped = errors.New("leader is dropped")
	// ErrTooEarly means that raft's members are to change for a validator set that has not begun here yet. What comes before is taken.
	ErrTooEarly = errors.New("the change of raft's members is not due here yet")
	// ErrStale means that raft has to start again before it takes entries.
	ErrStale = errors.New("raft has the end of another log in mind")
	// ErrShort means that this node asks for no votes: raft's log lacks what its state was made of.
	ErrShort = errors.New("raft's log is too short to be elected with")
	// ErrVoteless means that this node stands for nothing, because raft's log gives it no vote.
	ErrVoteless = errors.New("raft's log gives this node no vote")
	// ErrRate means that a peer does something more often than an honest one; it may try again later.
	ErrRate = errors.New("too often")
	// ErrSnapshot means that the content of a snapshot was checked and is not true.
	ErrSnapshot = errors.New("snapshot is not true")
	// ErrSnapshotSize means that a snapshot is longer or shorter than announced.
	ErrSnapshotSize = errors.New("snapshot is not as long as announced")
	// ErrSlow means that a snapshot frame did not arrive or leave in time.
	ErrSlow = errors.New("snapshot frame is late")
	// ErrBusy means that the peer has as many calls in flight as it may; it may try again.
	ErrBusy = errors.New("too many calls in flight")
)

// errorDomain names the owner of the reasons below, as google.rpc.ErrorInfo wants it.
const errorDomain = "umoja.peer.v1"

// refusals maps each sentinel that travels to a peer to its status code and stable reason, so that errors.Is holds on
// both sides of a call. Reasons are never reused.
var refusals = []struct {
	err    error
	code   codes.Code
	reason string
}{
	{ErrTooEarly, codes.Unavailable, "TOO_EARLY"},
	{ErrStale, codes.Unavailable, "STALE"},
	{ErrStranger, codes.Unauthenticated, "STRANGER"},
	{ErrIdentity, codes.PermissionDenied, "IDENTITY"},
	{ErrMalformed, codes.InvalidArgument, "MALFORMED"},
	{ErrTooLarge, codes.InvalidArgument, "TOO_LARGE"},
	{ErrEntryGap, codes.InvalidArgument, "ENTRY_GAP"},
	{ErrEntryTerm, codes.InvalidArgument, "ENTRY_TERM"},
	{ErrEntryType, codes.InvalidArgument, "ENTRY_TYPE"},
	{ErrConfiguration, codes.InvalidArgument, "CONFIGURATION"},
	{ErrTermWindow, codes.FailedPrecondition, "TERM_WINDOW"},
	{ErrNotLeader, codes.PermissionDenied, "NOT_LEADER"},
	{ErrUncertified, codes.FailedPrecondition, "UNCERTIFIED"},
	{ErrCertificate, codes.InvalidArgument, "CERTIFICATE"},
	{ErrSecondLeader, codes.FailedPrecondition, "SECOND_LEADER"},
	{ErrDoubleVote, codes.FailedPrecondition, "DOUBLE_VOTE"},
	{ErrTransfer, codes.PermissionDenied, "TRANSFER"},
	{ErrCommitted, codes.FailedPrecondition, "COMMITTED"},
	{ErrDropped, codes.FailedPrecondition, "DROPPED"},
	{ErrVoteless, codes.FailedPrecondition, "VOTELESS"},
	{ErrRate, codes.ResourceExhausted, "RATE"},
	{ErrSnapshot, codes.InvalidArgument, "SNAPSHOT"},
	{ErrSnapshotSize, codes.InvalidArgument, "SNAPSHOT_SIZE"},
	{ErrSlow, codes.DeadlineExceeded, "SLOW"},
	{ErrBusy, codes.ResourceExhausted, "BUSY"},
}

// toStatus turns an error of this side into what the peer is told.
func toStatus(err error) error {
	if err == nil {
		return nil
	}
	for _, r := range refusals {
		if !errors.Is(err, r.err) {
			continue
		}
		st := status.New(r.code, err.Error())
		if detailed, derr := st.WithDetails(&errdetails.ErrorInfo{Reason: r.reason, Domain: errorDomain}); derr == nil {
			st = detailed
		}
		return st.Err()
	}
	switch {
	case errors.Is(err, raft.ErrTransportShutdown):
		return status.Error(codes.Unavailable, err.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return status.FromContextError(err).Err()
	}
	return status.Error(codes.Unknown, err.Error())
}

// fromStatus turns what a peer answered into an error of this side. The reason is the peer's claim, and so is good for
// nothing but telling how the call ended.
func fromStatus(peer string, err error) error {
	st, ok := status.FromError(err)
	if !ok {
		return fmt.Errorf("call %s: %w", peer, err)
	}
	for _, detail := range st.Details() {
		info, ok := detail.(*errdetails.ErrorInfo)
		if !ok || info.GetDomain() != errorDomain {
			continue
		}
		for _, r := range refusals {
			if r.reason == info.GetReason() {
				return fmt.Errorf("call %s: %w: %w", peer, r.err, err)
			}
		}
	}
	return fmt.Errorf("call %s: %w", peer, err)
}
