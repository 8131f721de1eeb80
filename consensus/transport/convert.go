//lint:file-ignore SA1019 raft still fills and reads the fields that its header replaces, so the wire carries both.

package transport

import (
	"fmt"
	"math"

	"github.com/hashicorp/raft"
	"google.golang.org/protobuf/types/known/timestamppb"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// The functions of this file translate between raft's structures and the wire, and judge nothing but whether a value
// fits. They share byte slices: an outgoing message is marshalled before the call returns, and an incoming one is
// referenced by nobody else.

func headerToProto(h raft.RPCHeader) *peerv1.RaftHeader {
	return &peerv1.RaftHeader{ProtocolVersion: int64(h.ProtocolVersion), Id: h.ID, Addr: h.Addr}
}

func headerFromProto(h *peerv1.RaftHeader) raft.RPCHeader {
	return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersion(h.GetProtocolVersion()), ID: h.GetId(), Addr: h.GetAddr()}
}

func entryToProto(e *raft.Log) *peerv1.RaftEntry {
	out := &peerv1.RaftEntry{Index: e.Index, Term: e.Term, Type: uint32(e.Type), Data: e.Data, Extensions: e.Extensions}
	if !e.AppendedAt.IsZero() {
		out.AppendedAt = timestamppb.New(e.AppendedAt)
	}
	return out
}

func entryFromProto(e *peerv1.RaftEntry) (*raft.Log, error) {
	if e.GetType() > math.MaxUint8 {
		return nil, fmt.Errorf("%w: %d", ErrEntryType, e.GetType())
	}
	out := &raft.Log{
		Index:      e.GetIndex(),
		Term:       e.GetTerm(),
		Type:       raft.LogType(e.GetType()),
		Data:       e.GetData(),
		Extensions: e.GetExtensions(),
	}
	if at := e.GetAppendedAt(); at != nil {
		if err := at.CheckValid(); err != nil {
			return nil, fmt.Errorf("%w: appended_at: %w", ErrMalformed, err)
		}
		out.AppendedAt = at.AsTime()
	}
	return out, nil
}

func appendRequestToProto(r *raft.AppendEntriesRequest) *peerv1.AppendEntriesRequest {
	out := &peerv1.AppendEntriesRequest{
		Header:            headerToProto(r.RPCHeader),
		Term:              r.Term,
		Leader:            r.Leader,
		PrevLogEntry:      r.PrevLogEntry,
		PrevLogTerm:       r.PrevLogTerm,
		LeaderCommitIndex: r.LeaderCommitIndex,
	}
	if len(r.Entries) > 0 {
		out.Entries = make([]*peerv1.RaftEntry, len(r.Entries))
	}
	for i, e := range r.Entries {
		out.Entries[i] = entryToProto(e)
	}
	return out
}

func appendRequestFromProto(r *peerv1.AppendEntriesRequest) (*raft.AppendEntriesRequest, error) {
	out := &raft.AppendEntriesRequest{
		RPCHeader:         headerFromProto(r.GetHeader()),
		Term:              r.GetTerm(),
		Leader:            r.GetLeader(),
		PrevLogEntry:      r.GetPrevLogEntry(),
		PrevLogTerm:       r.GetPrevLogTerm(),
		LeaderCommitIndex: r.GetLeaderCommitIndex(),
	}
	if len(r.GetEntries()) > 0 {
		out.Entries = make([]*raft.Log, len(r.GetEntries()))
	}
	for i, e := range r.GetEntries() {
		entry, err := entryFromProto(e)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		out.Entries[i] = entry
	}
	return out, nil
}

func appendResponseToProto(r *raft.AppendEntriesResponse) *peerv1.AppendEntriesResponse {
	return &peerv1.AppendEntriesResponse{
		Header:         headerToProto(r.RPCHeader),
		Term:           r.Term,
		LastLog:        r.LastLog,
		Success:        r.Success,
		NoRetryBackoff: r.NoRetryBackoff,
	}
}

func appendResponseFromProto(r *peerv1.AppendEntriesResponse) *raft.AppendEntriesResponse {
	return &raft.AppendEntriesResponse{
		RPCHeader:      headerFromProto(r.GetHeader()),
		Term:           r.GetTerm(),
		LastLog:        r.GetLastLog(),
		Success:        r.GetSuccess(),
		NoRetryBackoff: r.GetNoRetryBackoff(),
	}
}

// isHeartbeat tells an append that carries nothing but the leader's term, as raft's own network transport does.
func isHeartbeat(r *raft.AppendEntriesRequest) bool {
	return r.Term != 0 && r.PrevLogEntry == 0 && r.PrevLogTerm == 0 && len(r.Entries) == 0 && r.LeaderCommitIndex == 0
}

func heartbeatRequestToProto(r *raft.AppendEntriesRequest) *peerv1.HeartbeatRequest {
	return &peerv1.HeartbeatRequest{Header: headerToProto(r.RPCHeader), Term: r.Term, Leader: r.Leader}
}

func heartbeatRequestFromProto(r *peerv1.HeartbeatRequest) *raft.AppendEntriesRequest {
	return &raft.AppendEntriesRequest{RPCHeader: headerFromProto(r.GetHeader()), Term: r.GetTerm(), Leader: r.GetLeader()}
}

func heartbeatResponseToProto(r *raft.AppendEntriesResponse) *peerv1.HeartbeatResponse {
	return &peerv1.HeartbeatResponse{
		Header:         headerToProto(r.RPCHeader),
		Term:           r.Term,
		LastLog:        r.LastLog,
		Success:        r.Success,
		NoRetryBackoff: r.NoRetryBackoff,
	}
}

func heartbeatResponseFromProto(r *peerv1.HeartbeatResponse) *raft.AppendEntriesResponse {
	return &raft.AppendEntriesResponse{
		RPCHeader:      headerFromProto(r.GetHeader()),
		Term:           r.GetTerm(),
		LastLog:        r.GetLastLog(),
		Success:        r.GetSuccess(),
		NoRetryBackoff: r.GetNoRetryBackoff(),
	}
}

func voteRequestToProto(r *raft.RequestVoteRequest) *peerv1.RequestVoteRequest {
	return &peerv1.RequestVoteRequest{
		Header:             headerToProto(r.RPCHeader),
		Term:               r.Term,
		Candidate:          r.Candidate,
		LastLogIndex:       r.LastLogIndex,
		LastLogTerm:        r.LastLogTerm,
		LeadershipTransfer: r.LeadershipTransfer,
	}
}

func voteRequestFromProto(r *peerv1.RequestVoteRequest) *raft.RequestVoteRequest {
	return &raft.RequestVoteRequest{
		RPCHeader:          headerFromProto(r.GetHeader()),
		Term:               r.GetTerm(),
		Candidate:          r.GetCandidate(),
		LastLogIndex:       r.GetLastLogIndex(),
		LastLogTerm:        r.GetLastLogTerm(),
		LeadershipTransfer: r.GetLeadershipTransfer(),
	}
}

func voteResponseToProto(r *raft.RequestVoteResponse) *peerv1.RequestVoteResponse {
	return &peerv1.RequestVoteResponse{Header: headerToProto(r.RPCHeader), Term: r.Term, Peers: r.Peers, Granted: r.Granted}
}

func voteResponseFromProto(r *peerv1.RequestVoteResponse) *raft.RequestVoteResponse {
	return &raft.RequestVoteResponse{
		RPCHeader: headerFromProto(r.GetHeader()),
		Term:      r.GetTerm(),
		Peers:     r.GetPeers(),
		Granted:   r.GetGranted(),
	}
}

func preVoteRequestToProto(r *raft.RequestPreVoteRequest) *peerv1.RequestPreVoteRequest {
	return &peerv1.RequestPreVoteRequest{
		Header:       headerToProto(r.RPCHeader),
		Term:         r.Term,
		LastLogIndex: r.LastLogIndex,
		LastLogTerm:  r.LastLogTerm,
	}
}

func preVoteRequestFromProto(r *peerv1.RequestPreVoteRequest) *raft.RequestPreVoteRequest {
	return &raft.RequestPreVoteRequest{
		RPCHeader:    headerFromProto(r.GetHeader()),
		Term:         r.GetTerm(),
		LastLogIndex: r.GetLastLogIndex(),
		LastLogTerm:  r.GetLastLogTerm(),
	}
}

func preVoteResponseToProto(r *raft.RequestPreVoteResponse) *peerv1.RequestPreVoteResponse {
	return &peerv1.RequestPreVoteResponse{Header: headerToProto(r.RPCHeader), Term: r.Term, Granted: r.Granted}
}

func preVoteResponseFromProto(r *peerv1.RequestPreVoteResponse) *raft.RequestPreVoteResponse {
	return &raft.RequestPreVoteResponse{RPCHeader: headerFromProto(r.GetHeader()), Term: r.GetTerm(), Granted: r.GetGranted()}
}

func timeoutNowRequestToProto(r *raft.TimeoutNowRequest) *peerv1.TimeoutNowRequest {
	return &peerv1.TimeoutNowRequest{Header: headerToProto(r.RPCHeader)}
}

func timeoutNowRequestFromProto(r *peerv1.TimeoutNowRequest) *raft.TimeoutNowRequest {
	return &raft.TimeoutNowRequest{RPCHeader: headerFromProto(r.GetHeader())}
}

func timeoutNowResponseToProto(r *raft.TimeoutNowResponse) *peerv1.TimeoutNowResponse {
	return &peerv1.TimeoutNowResponse{Header: headerToProto(r.RPCHeader)}
}

func timeoutNowResponseFromProto(r *peerv1.TimeoutNowResponse) *raft.TimeoutNowResponse {
	return &raft.TimeoutNowResponse{RPCHeader: headerFromProto(r.GetHeader())}
}

func snapshotRequestToProto(r *raft.InstallSnapshotRequest) *peerv1.SnapshotHeader {
	return &peerv1.SnapshotHeader{
		Header:             headerToProto(r.RPCHeader),
		SnapshotVersion:    int64(r.SnapshotVersion),
		Term:               r.Term,
		Leader:             r.Leader,
		LastLogIndex:       r.LastLogIndex,
		LastLogTerm:        r.LastLogTerm,
		Peers:              r.Peers,
		Configuration:      r.Configuration,
		ConfigurationIndex: r.ConfigurationIndex,
		Size:               r.Size,
	}
}

func snapshotRequestFromProto(r *peerv1.SnapshotHeader) *raft.InstallSnapshotRequest {
	return &raft.InstallSnapshotRequest{
		RPCHeader:          headerFromProto(r.GetHeader()),
		SnapshotVersion:    raft.SnapshotVersion(r.GetSnapshotVersion()),
		Term:               r.GetTerm(),
		Leader:             r.GetLeader(),
		LastLogIndex:       r.GetLastLogIndex(),
		LastLogTerm:        r.GetLastLogTerm(),
		Peers:              r.GetPeers(),
		Configuration:      r.GetConfiguration(),
		ConfigurationIndex: r.GetConfigurationIndex(),
		Size:               r.GetSize(),
	}
}

func snapshotResponseToProto(r *raft.InstallSnapshotResponse) *peerv1.InstallSnapshotResponse {
	return &peerv1.InstallSnapshotResponse{Header: headerToProto(r.RPCHeader), Term: r.Term, Success: r.Success}
}

func snapshotResponseFromProto(r *peerv1.InstallSnapshotResponse) *raft.InstallSnapshotResponse {
	return &raft.InstallSnapshotResponse{RPCHeader: headerFromProto(r.GetHeader()), Term: r.GetTerm(), Success: r.GetSuccess()}
}
