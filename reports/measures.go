package reports

import (
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Measures are the counts behind the measures of the CIS Controls v8 safeguards 5.1, 5.3 and 5.5, of the accounts of one source.
// Dormant + Active + Unmeasured are all accounts.
type Measures struct {
	// Users are the people's own accounts and those of administrators. Named, Dated, Placed and WithLogin are those of them of
	// which the name of the person, the start and stop dates, the department and the username are on record, Whole those with all
	// four.
	Users, Named, Dated, Placed, WithLogin, Whole int64
	// Authorised are those whose owner has an open employment and is not suspended, UnauthorisedEnabled the others that are not
	// disabled.
	Authorised, UnauthorisedEnabled int64
	// Dormant accounts were provably not used for longer than the threshold, DormantDisabled are disabled among them. Of
	// Unmeasured ones nobody can say.
	Dormant, DormantDisabled, Active, Unmeasured int64
	// Services are service accounts. Owned are those with somebody on record who answers for them and has not left, Departments
	// those whose owner's department is on record.
	Services, Owned, Departments int64
}

// Count adds one account. The threshold is the dormant one; 0 means that there is none.
func (m *Measures) Count(v *reconcile.Verdict, dormant time.Duration, asOf time.Time) {
	disabled := scanners.Is(v.Account.Enabled, false)
	switch idle := idleBeyond(v.Account, dormant, asOf); {
	case !idle.IsKnown():
		m.Unmeasured++
	case !idle.Value:
		m.Active++
	default:
		m.Dormant++
		m.DormantDisabled += one(disabled)
	}
	p := v.Person
	if v.Account.Kind == scanners.KindService {
		m.Services++
		m.Owned += one(p != nil && !p.Gone())
		m.Departments += one(p != nil && p.Department != "")
	}
	if !v.Account.Kind.Personal() {
		return
	}
	named, dated, placed := p != nil && p.DisplayName+p.GivenName+p.FamilyName != "", p != nil && dated(p), p != nil && p.Department != ""
	login := len(v.Account.Logins) > 0
	authorised := p != nil && (p.State == reconcile.Employed || p.State == reconcile.Leave)
	m.Users++
	m.Named += one(named)
	m.Dated += one(dated)
	m.Placed += one(placed)
	m.WithLogin += one(login)
	m.Whole += one(named && dated && placed && login)
	m.Authorised += one(authorised)
	m.UnauthorisedEnabled += one(!authorised && !disabled)
}

// idleBeyond says whether the account was provably not used for longer than the threshold; unknown when nobody can say.
func idleBeyond(a *scanners.Account, dormant time.Duration, asOf time.Time) scanners.Fact[bool] {
	since := a.Idle()
	if since.IsNever() {
		since = a.Created // provably never used since then
	}
	at, known := since.Get()
	if !known || dormant == 0 {
		return scanners.Unknown[bool]("no sign of use")
	}
	return scanners.Known(asOf.Sub(at) > dormant)
}

// dated reports whether HR states start and stop of every employment; open-ended is a statement.
func dated(p *reconcile.Person) bool {
	for _, e := range p.Employments {
		if !e.Start.IsKnown() || e.End.IsUnknown() {
			return false
		}
	}
	return len(p.Employments) > 0
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func (m *Measures) add(o Measures) {
	for _, pair := range [][2]*int64{{&m.Users, &o.Users}, {&m.Named, &o.Named}, {&m.Dated, &o.Dated}, {&m.Placed, &o.Placed}, {&m.WithLogin, &o.WithLogin},
		{&m.Whole, &o.Whole}, {&m.Authorised, &o.Authorised}, {&m.UnauthorisedEnabled, &o.UnauthorisedEnabled}, {&m.Dormant, &o.Dormant},
		{&m.DormantDisabled, &o.DormantDisabled}, {&m.Active, &o.Active}, {&m.Unmeasured, &o.Unmeasured}, {&m.Services, &o.Services},
		{&m.Owned, &o.Owned}, {&m.Departments, &o.Departments}} {
		*pair[0] += *pair[1]
	}
}

// share writes "3 of 12 (25.0 %)".
func share(part, whole int64) string {
	if whole == 0 {
		return "not measurable: there is none to divide by"
	}
	return fmt.Sprintf("%d of %d (%.1f %%)", part, whole, 100*float64(part)/float64(whole))
}

const cisReview = "not measurable from these sources: none states when people last reviewed it; over three months the safeguard fails"

// measureTerms are the measures of CIS 5.1, 5.3 and 5.5 by number, over all accounts that were read.
func (b *book) measureTerms() []term {
	var m Measures
	var read int64
	var short []string
	for _, s := range b.Sources {
		if s.People {
			continue
		}
		m.add(s.Accounts.Measures)
		read += s.Accounts.Read
		if !s.Coverage.Verdict.Complete() {
			short = append(short, s.Name)
		}
	}
	if b.Refused != "" || read == 0 || m.Dormant+m.Active+m.Unmeasured != read {
		return nil // nothing was judged, or the version that made the run did not measure
	}
	var all []term
	if len(short) > 0 {
		all = append(all, term{"CIS measure", "coverage", "The measures are over what was read. These sources were not read completely: " + strings.Join(short, ", ") + ".", "", "", -1})
	}
	all = append(all, inventoryTerms(m)...)
	all = append(all, dormantTerms(m, read, b.Thresholds)...)
	return append(all, serviceTerms(m)...)
}

func cisTerm(safeguard, measure, meaning, value string, n int64) term {
	return term{"CIS measure", safeguard + " " + measure, meaning, value, "CIS Controls v8 " + safeguard, n}
}

func inventoryTerms(m Measures) []term {
	elements := one(m.Named > 0) + one(m.Dated > 0) + one(m.Placed > 0) + one(m.WithLogin > 0)
	t := func(measure, meaning, value string, n int64) term { return cisTerm("5.1", measure, meaning, value, n) }
	return []term{
		t("M1", "Whether there is an inventory of accounts: what this run read and joined with HR.", "1", -1),
		t("M2", "Accounts in it: people's own and administrators'.", "", m.Users),
		t("M3", "How many of the four elements are on record for any account: name of the person, username, start and stop dates, department.", fmt.Sprintf("%d of 4", elements), elements),
		t("M4", "Accounts with all four elements; an employment without an end counts as dated.", share(m.Whole, m.Users), m.Whole),
		t("M5", "Accounts in which one is missing.", share(m.Users-m.Whole, m.Users), m.Users-m.Whole),
		t("M6", "Current accounts found in the systems: those of M2, because the inventory is read from them.", "", m.Users),
		t("M7", "Authorised accounts: the owner is employed or on leave.", share(m.Authorised, m.Users), m.Authorised),
		t("M8", "Unauthorised accounts, disabled ones too: no owner, several, or one who has left, is suspended or has not started.",
			fmt.Sprintf("%s; %d of them not disabled", share(m.Users-m.Authorised, m.Users), m.UnauthorisedEnabled), m.Users-m.Authorised),
		t("M9", "Months since the inventory was last reviewed.", cisReview, -1),
	}
}

func dormantTerms(m Measures, read int64, th reconcile.Thresholds) []term {
	t := func(measure, meaning, value string, n int64) term { return cisTerm("5.3", measure, meaning, value, n) }
	if th.Dormant == 0 {
		return []term{t("M2", "The threshold for dormant accounts.", "not measurable: no threshold for dormant accounts is set, so M3 to M6 are not either", -1)}
	}
	on := m.Dormant - m.DormantDisabled
	return []term{
		t("M1", "Accounts in the inventory, of every sort.", "", read),
		t("M2", "The threshold for dormant accounts; CIS states 45 days.", span(th.Dormant), -1),
		t("M3", "Dormant accounts: provably not used for longer than the threshold, never used ones from their creation on. Not the same as the finding dormant, which is about enabled accounts without a graver finding.", share(m.Dormant, read), m.Dormant),
		t("M4", "Active accounts: used within the threshold, or younger.", share(m.Active, read), m.Active),
		t("not measurable", "Accounts that are in neither, because no source says when they were last used.", share(m.Unmeasured, read), m.Unmeasured),
		t("M5", "Dormant accounts that are disabled.", share(m.DormantDisabled, m.Dormant), m.DormantDisabled),
		t("M6", "Dormant accounts that are enabled, or of unknown state.", "", on),
		t("M6 / M1", "Share of dormant accounts still enabled in the inventory.", share(on, read), -1),
		t("M6 / M3", "Share of the dormant accounts that are still enabled.", share(on, m.Dormant), -1),
	}
}

func serviceTerms(m Measures) []term {
	const unsaid = "not measurable from these sources: none states a review date or a purpose"
	t := func(measure, meaning, value string, n int64) term { return cisTerm("5.5", measure, meaning, value, n) }
	if m.Services == 0 {
		return []term{t("M1", "Whether there is an inventory of service accounts.", "not measurable: no source and no classifier names a service account", -1)}
	}
	return []term{
		t("M1", "Whether there is an inventory of service accounts: those that this run read.", "1", -1),
		t("M2", "Service accounts in it.", "", m.Services),
		t("M3", "How many of the three elements are on record: department of the owner, review date, purpose. No source states the last two.", fmt.Sprintf("%d of 3", one(m.Departments > 0)), one(m.Departments > 0)),
		t("M4", "Service accounts with all three elements.", unsaid, -1),
		t("M5", "Service accounts in which one is missing.", unsaid, -1),
		t("M6", "Current service accounts found in the systems: those of M2, because the inventory is read from them.", "", m.Services),
		t("M7", "Authorised ones: somebody answers for them who has not left.", share(m.Owned, m.Services), m.Owned),
		t("M8", "Unauthorised ones: nobody on record, or somebody who has left.", share(m.Services-m.Owned, m.Services), m.Services-m.Owned),
		t("M9", "Months since the inventory was last reviewed.", cisReview, -1),
	}
}

// profileWords says which profile is in force, and what its framework states.
func profileWords(name string) string {
	p, known := reconcile.Profiles()[name]
	if !known || name == reconcile.CustomProfile {
		return textOrDash(name)
	}
	states := func(what string, d *time.Duration) string {
		switch {
		case d == nil:
			return what + " not stated"
		case *d == 0:
			return what + " at once (same day)"
		default:
			return what + " " + span(*d)
		}
	}
	return name + "; the framework states: " + states("dormant", p.Dormant) + ", " + states("never used", p.NeverUsed) + ", " + states("removal after the end", p.Removal)
}

func textOrDash(text string) string {
	if text == "" {
		return dash
	}
	return text
}
