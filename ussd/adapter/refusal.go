package adapter

import (
	"fmt"
	"net/http"
)

// refusal is an answer to a request that no person can have caused. Its reason names field and rule and nothing of what was
// sent.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, reason: fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) error {
	return refuse(http.StatusBadRequest, format, args...)
}
