package gateway

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// Both sides of a payment find its receipt by the true ledger, and nobody finds another amount.
func TestAReceiptIsCheckedByBothSides(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	j, a := s.phone(juma), s.phone(amina)
	paid := j.play("1", "0711000002", "40", jumaPIN)
	found := regexp.MustCompile(`Code ([0-9A-Z]{8})\.`).FindStringSubmatch(paid)
	if found == nil {
		t.Fatalf("no receipt code in %q", paid)
	}
	code := strings.ToLower(strings.ReplaceAll(found[1], "0", "o"))
	const moment = `[0-9]{2}/[0-9]{2} at [0-9]{2}:[0-9]{2}`
	matches(t, j.play("6", "2", code, "40"), `Yes: you paid 40\.00 KES to AMINA W\. on `+moment+`\. Code `+found[1]+`\.`)
	matches(t, a.play("6", "2", code, "40"), `Ndiyo: ulipokea 40\.00 KES kutoka Juma O\. tarehe .*\. Risiti `+found[1]+`\.`)
	matches(t, a.play("6", "2", code, "400"), `Hakuna malipo hayo: .*`)
	matches(t, j.play("6", "2", "ZZZZ2222", "40"), `No such payment: .*`)
}

// The receipt of a shop's customer is found behind a thousand others.
func TestAnOldReceiptIsFound(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	j := s.phone(juma)
	paid := j.play("1", "0711000002", "40", jumaPIN)
	found := regexp.MustCompile(`Code ([0-9A-Z]{8})\.`).FindStringSubmatch(paid)
	if found == nil {
		t.Fatalf("no receipt code in %q", paid)
	}
	for range receiptPage*receiptSurePages + 1 {
		s.network.Fund(t, s.network.Juma.Account, 1)
	}
	// A slow machine looks through as much as there is time for.
	var answer string
	for until := time.Now().Add(soon); !strings.HasPrefix(answer, "Yes:") && time.Now().Before(until); {
		answer = j.play("6", "2", found[1], "40")
	}
	matches(t, answer, `Yes: you paid 40\.00 KES to AMINA W\..*`)
}
