// Package infobip speaks Infobip's wire forms.
//
// For USSD, Infobip's gateway calls four addresses below the callback: /session/ID/start, /response, /end and /status. Start and
// response are JSON POSTs with msisdn and text, end has exitCode and reason and no number, status asks whether the session
// is active. The reply has ussdMenu, shouldClose and responseExitCode. The first screen of a session can not close it: a
// last screen at the dial is shown, and whatever is typed then is told that the session is over.
package infobip
