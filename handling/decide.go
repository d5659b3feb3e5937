package handling

import (
	"slices"
	"strings"
	"time"
)

// Act is what somebody wants to do with a record.
type Act string

// The acts.
const (
	Open     Act = "open"     // look at it
	Copy     Act = "copy"     // take it into one's own files
	Send     Act = "send"     // to another member
	Bulk     Act = "bulk"     // export many at once
	Court    Act = "court"    // disclose it in judicial proceedings
	Tell     Act = "tell"     // tell the person whom it is about
	Publish  Act = "publish"  // an extract for everybody
	Measure  Act = "measure"  // act on the person: stop, question, search
	Coerce   Act = "coerce"   // act on the person against their will: arrest, detain, restrict
	Blind    Act = "blind"    // ask a bank whether it knows an account, without telling it which
	Stop     Act = "stop"     // ask a bank to hold money: it learns of which account
	Merge    Act = "merge"    // derive another record from it
	Evaluate Act = "evaluate" // owner's own work on it: correct, review, extend, withdraw, delete
)

var acts = []Act{Open, Copy, Send, Bulk, Court, Tell, Publish, Measure, Coerce, Blind, Stop, Merge, Evaluate}

// Party is a member in a request.
type Party struct {
	Member  string
	Kind    Kind
	Country string // ISO 3166
}

// Request is who wants to do what, and why.
type Request struct {
	Act        Act
	By         Party
	Person     string   // who acts for the member
	Groups     []string // to which the person belongs
	Second     string   // a second person who agrees; needed for what is confidential
	To         Party    // of a record that is sent, or of a bank that is asked
	Purpose    Purpose
	LegalBasis string
	Reason     string   // why a second purpose is compatible with the first, or why a danger to life cannot wait
	Consent    []string // owners who agreed to this very request
	Confirmed  bool     // the owner confirmed identity, validity and what may be done (a hit is not an identity)
	Danger     bool     // danger to life: the owner is asked afterwards
}

// Why is a reason of a decision: a code, the sentence for the person at the desk, and where the rule comes from.
type Why struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Rule string `json:"rule"`
}

// Decision is the answer. Of a refusal all reasons are told, not the first alone. Exception says that it is allowed for danger to
// life only, and must be accounted for as such.
type Decision struct {
	Allowed   bool  `json:"allowed"`
	Exception bool  `json:"exception,omitempty"`
	Reasons   []Why `json:"reasons"`
}

// rule refuses where it matches.
type rule struct {
	code, text, source string
	refuses            func(c *asked) bool
	life               bool // danger to life goes before it
}

// asked is a request about a label, with what several rules ask of it.
type asked struct {
	*Label
	Request
	now    time.Time
	owner  bool     // the member owns it alone
	absent []string // owners who did not consent
}

// receiver is who gets to know it.
func (a *asked) receiver() Party {
	if a.Act == Send || a.Act == Stop || a.Act == Blind {
		return a.To
	}
	return a.By
}

func (a *asked) is(list ...Act) bool { return slices.Contains(list, a.Act) }

// has says that one of the codes is on the label.
func (a *asked) has(code string) bool { return slices.Contains(codes(a.Label), code) }

// denied says that a restriction of an owner other than the member itself matches.
func (a *asked) denied(fn func(r *Restriction) bool) bool {
	return slices.ContainsFunc(a.Restrictions, func(r Restriction) bool {
		return (r.By == "" || r.By != a.By.Member || a.is(Send, Stop, Blind)) && fn(&r)
	})
}

var rules = []rule{
	{"act", "This is nothing that can be asked for.", "ours", func(a *asked) bool { return !slices.Contains(acts, a.Act) }, false},
	{"who", "Say which member and which person asks.", "RPD 10", func(a *asked) bool {
		return a.By.Member == "" || a.Person == "" || !slices.Contains(Kinds, a.By.Kind)
	}, false},
	{"purpose", "Give the purpose first, one of the list.", "RPD 10(2)", func(a *asked) bool { return !slices.Contains(Purposes, a.Request.Purpose) }, false},
	{"legal_basis", "Give the legal basis first.", "RPD 12(1)", func(a *asked) bool { return strings.TrimSpace(a.LegalBasis) == "" }, false},
	{"label", "The record says nothing of how it is to be handled: ask its owner.", "ours", func(a *asked) bool { return a.Label.Check() != nil }, false},
	{"to", "Say to which member it is to go.", "ours", func(a *asked) bool {
		return a.is(Send, Stop, Blind) && (a.To.Member == "" || !slices.Contains(Kinds, a.To.Kind))
	}, false},
	{"withdrawn", "Its owner has withdrawn it: destroy your copy.", "RPD 63-65", func(a *asked) bool { return a.Withdrawn && !(a.owner && a.Act == Evaluate) }, false},
	{"retention", "Its retention has ended: it is to be deleted.", "RPD 50, 51", func(a *asked) bool { return !a.now.Before(a.Until) && !(a.owner && a.Act == Evaluate) }, false},
	{"lease", "This copy is not up to date: connect to the exchange, so that its owner can renew it.", "RPD 63-65; the time is ours", func(a *asked) bool {
		return !a.owner && !a.Lease.IsZero() && !a.now.Before(a.Lease)
	}, true},
	{"owner_only", "Only its owner may do this.", "RPD 34-61", func(a *asked) bool { return a.Act == Evaluate && !a.owner }, false},
	{"second_purpose", "It was recorded for another purpose: ask its owner.", "RPD 10(6)-(7)", func(a *asked) bool {
		return a.Request.Purpose != a.Label.Purpose && !(a.owner && strings.TrimSpace(a.Reason) != "") && len(a.absent) > 0
	}, false},
	{"denied", "Its owner denies it to this member.", "RPD 58", func(a *asked) bool {
		to := a.receiver()
		return a.denied(func(r *Restriction) bool {
			return slices.Contains(r.Members, to.Member) || slices.Contains(r.Kinds, to.Kind) || to.Country != "" && slices.Contains(r.Countries, to.Country) ||
				to.Country == "" && len(r.Countries) > 0 && to.Kind != International && to.Kind != Secretariat
		})
	}, false},
	{"denied_purpose", "Its owner denies it for this purpose.", "RPD 58", func(a *asked) bool {
		return a.denied(func(r *Restriction) bool { return slices.Contains(r.Purposes, a.Request.Purpose) }) && len(a.absent) > 0
	}, false},
	{"unread", "Its owner wrote a restriction in words: a person must read it and set a rule first (H3).", "Europol handling code H3", func(a *asked) bool {
		return !a.owner && a.Act != Evaluate && (a.has(H3) && !a.covered() ||
			slices.ContainsFunc(a.Restrictions, func(r Restriction) bool { return r.Text != "" && !r.TextIsCovered }))
	}, false},
	{"onward", "It may not be passed on without its owner's permission (H2).", "Europol handling code H2; RPD 63-65", func(a *asked) bool {
		back := len(a.Owners) == 1 && a.Owners[0] == a.To.Member
		onward := a.is(Send, Stop, Blind) && !a.owner && !back
		return onward && len(a.absent) > 0 && (!slices.Equal(codes(a.Label), []string{H0}) || a.denied(func(r *Restriction) bool { return r.NoOnward }))
	}, false},
	{"court", "It may not be disclosed in judicial proceedings without its owner's permission (H1).", "Europol handling code H1; RPD", func(a *asked) bool {
		return a.Act == Court && !a.owner && len(a.absent) > 0
	}, false},
	{"tell", "Its owner asks that the person is not told.", "CCF statute 35", func(a *asked) bool {
		return a.Act == Tell && (!a.owner && len(a.absent) > 0 || a.denied(func(r *Restriction) bool { return r.NoDisclosure }))
	}, false},
	{"tlp", "Its TLP label keeps it from there.", "TLP 2.0", func(a *asked) bool {
		to := a.receiver()
		mine := len(a.Owners) == 1 && a.Owners[0] == to.Member // of what was derived each has seen its part only
		switch a.TLP {
		case TLPRed:
			return !mine && !slices.Contains(a.Addressed, to.Member) || !a.owner && !slices.Contains(a.Named, a.Person) || a.is(Publish, Bulk)
		case TLPAmber, TLPAmberStrict:
			return !mine && !slices.Contains(a.Addressed, to.Member) || a.Act == Publish
		case TLPGreen:
			return a.Act == Publish
		}
		return false
	}, false},
	{"pap", "Its PAP label forbids what could be noticed from outside.", "PAP", func(a *asked) bool {
		return a.is(Stop, Blind, Measure, Coerce) && a.PAP == PAPRed || a.is(Stop, Measure, Coerce) && a.PAP == PAPAmber
	}, true},
	{"named", "It is open to named persons and groups only.", "RPD 112", func(a *asked) bool {
		if a.Confidentiality != Restricted && a.Confidentiality != Confidential {
			return false
		}
		return !slices.Contains(a.Named, a.Person) && !(a.Confidentiality == Restricted && slices.ContainsFunc(a.Groups, func(g string) bool { return slices.Contains(a.Named, g) }))
	}, false},
	{"second_person", "It is confidential: a second person must agree.", "RPD 112", func(a *asked) bool {
		return a.Confidentiality == Confidential && (a.Second == "" || a.Second == a.Person)
	}, false},
	{"no_copy", "It is confidential: no copy is made of it.", "RPD 112", func(a *asked) bool { return a.Confidentiality == Confidential && a.is(Copy, Bulk, Merge) }, false},
	{"no_bulk", "It is restricted: it is exported by itself only.", "RPD 112", func(a *asked) bool { return a.Confidentiality == Restricted && a.Act == Bulk }, false},
	{"not_public", "Its owner did not allow it to be made public.", "RPD 61", func(a *asked) bool {
		return a.Act == Publish && (!a.Public || a.Confidentiality == Restricted || a.Confidentiality == Confidential || a.Status == Victim || a.Status == Witness || a.Minor)
	}, false},
	{"protected", "Nothing coercive is done to a victim, a witness or a minor.", "RPD 39-42", func(a *asked) bool {
		return a.Act == Coerce && (a.Status == Victim || a.Status == Witness || a.Minor)
	}, false},
	{"contact_first", "Contact its owner first, who confirms identity and what may be done.", "RPD 104-106", func(a *asked) bool {
		return a.is(Measure, Coerce) && !a.owner && !a.Confirmed
	}, true},
	{"police", "Only a police body acts on a person.", "ours", func(a *asked) bool {
		return a.is(Measure, Coerce) && !slices.Contains([]Kind{Bureau, Unit, Police}, a.By.Kind)
	}, false},
}

// Decide says whether a request may be met: only where no rule refuses it. Danger to life goes before the few rules that time
// alone speaks for, with a reason, as an exception.
func Decide(l *Label, r Request, now time.Time) Decision {
	if l == nil {
		l = &Label{}
	}
	a := &asked{Label: l, Request: r, now: now, owner: len(l.Owners) == 1 && l.Owners[0] == r.By.Member}
	for _, o := range l.Owners {
		if o != r.By.Member && !slices.Contains(r.Consent, o) {
			a.absent = append(a.absent, o)
		}
	}
	d := Decision{Allowed: true, Reasons: []Why{}}
	for _, x := range rules {
		if !x.refuses(a) {
			continue
		}
		d.Reasons = append(d.Reasons, Why{x.code, x.text, x.source})
		if x.life && r.Danger && strings.TrimSpace(r.Reason) != "" {
			d.Exception = true
			continue
		}
		d.Allowed = false
	}
	if !d.Allowed {
		d.Exception = false
	}
	if d.Allowed && len(d.Reasons) == 0 {
		d.Reasons = append(d.Reasons, Why{"allowed", "Within the purpose, and nothing speaks against it.", "RPD 10"})
	}
	return d
}
