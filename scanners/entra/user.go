package entra

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// recorded is since when Entra ID records the last successful sign-in of a user. It was not filled in for the time before.
func recorded() time.Time { return time.Date(2023, time.December, 1, 0, 0, 0, 0, time.UTC) }

// lag is how late sign-ins may reach the record.
const lag = 48 * time.Hour

// userFields are what is asked for of users; the rest of Graph's properties is left where it is.
func userFields(activity, leaving bool) []string {
	fields := []field{fID, fLogin, fDisplayName, fMail, fProxyAddresses, fOtherMails, fEmployeeID, fEnabled, fCreated, fUserType, fExternalState,
		fPasswordChanged, fSyncEnabled, fSyncDomain, fImmutableID, fSID, fStates, fLicences, fEmployeeType, fHired, fExternalSince, fSyncAccount, fSyncDN}
	if activity {
		fields = append(fields, fActivity)
	}
	if leaving {
		fields = append(fields, fLeft)
	}
	return named(fields...)
}

func named(fields ...field) []string {
	out := make([]string, 0, len(fields))
	for _, f := range fields {
		out = append(out, names[f])
	}
	return out
}

// decoder turns records into accounts, with what was read of the tenant around them.
type decoder struct {
	*surroundings
	places map[string]field
}

// user reads one user. A value that cannot be read makes its fact unknown; only where it would decide whose account this is,
// the record is rejected.
func (d *decoder) user(raw json.RawMessage) (scanners.Account, error) {
	var r record
	if err := r.take(raw, d.places); err != nil {
		return scanners.Account{}, &api.Defect{Field: "record", Reason: err.Error()}
	}
	a := scanners.Account{ID: r.id()}
	if a.ID == "" {
		return a, &api.Defect{Field: "id", Reason: fmt.Sprintf("%s is no GUID", r[fID])}
	}
	if defect := keys(&r, &a); defect != nil {
		return scanners.Account{}, defect
	}
	a.DisplayName = r.words(fDisplayName)
	a.Enabled = r.flag(fEnabled)
	a.DisabledAt = scanners.Unknown[time.Time]("Entra ID does not record it")
	if a.Created = r.time(fCreated, "createdDateTime is empty, as it is for the oldest users"); a.Created.IsNever() {
		a.Created = scanners.Unknown[time.Time]("createdDateTime is a date that means none")
	}
	a.PasswordChanged = r.time(fPasswordChanged, "lastPasswordChangeDateTime is empty")
	a.Expires = scanners.Unknown[time.Time]("Entra ID has no expiry of users")
	a.FailedLogins, a.Locked = scanners.Unknown[int64](notRead), scanners.Unknown[bool](notRead)
	if r.words(fUserType) == "Guest" {
		a.Kind, a.KindWhy = scanners.KindGuest, "userType Guest"
	}
	if synced, _ := r.flag(fSyncEnabled).Get(); synced {
		if a.Authority = r.words(fSyncDomain); a.Authority == "" {
			a.Authority = "a directory on premises"
		}
		a.AuthorityID = objectGUID(r.words(fImmutableID))
	}
	d.surround(&r, &a)
	var use record
	a.Signals = []scanners.Signal{d.signal(&r, &use, a.Created)}
	a.Evidence = append(r.evidence(fUserType, fExternalState, fExternalSince, fEmployeeType, fHired, fLeft, fSyncEnabled, fSyncAccount, fSyncDN,
		fEnabled, fCreated), use.evidence(fLastSuccess, fLastAttempt, fLastQuiet)...)
	return a, nil
}

const notRead = "Graph does not show it"

// keys reads what tells whose account it is.
func keys(r *record, a *scanners.Account) *api.Defect {
	bad := func(f field, err error) *api.Defect {
		return &api.Defect{ID: a.ID, Field: names[f], Reason: err.Error()}
	}
	login, err := r.text(fLogin)
	if err != nil {
		return bad(fLogin, err)
	}
	if login != "" {
		a.Logins = []string{login}
	}
	employee, err := r.text(fEmployeeID)
	if err != nil {
		return bad(fEmployeeID, err)
	}
	if employee != "" {
		a.EmployeeIDs = []string{employee}
	}
	if f, err := mails(r, a); err != nil {
		return bad(f, err)
	}
	immutable, err := r.text(fImmutableID)
	if err != nil {
		return bad(fImmutableID, err)
	}
	sid, err := r.text(fSID)
	if err != nil {
		return bad(fSID, err)
	}
	a.Anchors = anchors(immutable, sid)
	return nil
}

// mails collects addresses, primary first: mail, then the proxy address with SMTP:, then the others and the ones for recovery.
func mails(r *record, a *scanners.Account) (field, error) {
	mail, err := r.text(fMail)
	if err != nil {
		return fMail, err
	}
	proxies, err := r.list(fProxyAddresses)
	if err != nil {
		return fProxyAddresses, err
	}
	others, err := r.list(fOtherMails)
	if err != nil {
		return fOtherMails, err
	}
	add := func(address string) {
		if address != "" && !slices.ContainsFunc(a.Mails, func(has string) bool { return strings.EqualFold(has, address) }) {
			a.Mails = append(a.Mails, address)
		}
	}
	add(mail)
	for _, primary := range []bool{true, false} {
		for _, proxy := range proxies {
			if protocol, address, ok := strings.Cut(proxy, ":"); ok && strings.EqualFold(protocol, "smtp") && (protocol == "SMTP") == primary {
				add(address)
			}
		}
	}
	for _, other := range others {
		add(other)
	}
	return 0, nil
}

// anchors are what ties the user to an account of Active Directory: the immutable id as it stands and, where it is a GUID, as
// the directory writes it, and the security identifier.
func anchors(immutable, sid string) []string {
	var out []string
	for _, anchor := range []string{immutable, objectGUID(immutable), sid} {
		if anchor != "" {
			out = append(out, anchor)
		}
	}
	return out
}

// objectGUID is the immutable id as Active Directory writes its objectGUID, from which it is made unless somebody has chosen
// otherwise; empty when it is no GUID.
func objectGUID(immutable string) string {
	b, err := base64.StdEncoding.DecodeString(immutable)
	if err != nil || len(b) != 16 {
		return ""
	}
	return fmt.Sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%x-%x", b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8:10], b[10:])
}

// signal reads the record of sign-ins into use and says when the account was last used. Only successful sign-ins are use: the
// other two fields count attempts, so that whoever tries passwords would keep a dead account alive.
func (d *decoder) signal(r, use *record, created scanners.Fact[time.Time]) scanners.Signal {
	s := scanners.Signal{Name: names[fLastSuccess], Precision: lag}
	unknown := func(why string) scanners.Signal {
		s.At = scanners.Unknown[time.Time](why)
		return s
	}
	if !d.activity.asked {
		return unknown(d.activity.why)
	}
	if r[fActivity] != nil {
		if err := use.take(r[fActivity], d.places); err != nil {
			return unknown("signInActivity: " + err.Error())
		}
	}
	born, isKnown := created.Get()
	switch at := use.time(fLastSuccess, ""); {
	case at.IsKnown() || at.IsUnknown() && at.Reason != "":
		s.At = at
	case !d.activity.proved:
		return unknown(d.activity.why)
	case !isKnown:
		return unknown("no successful sign-in since 1 December 2023, when the record began; when the account was created is not known")
	case born.Before(recorded()):
		return unknown("no successful sign-in since 1 December 2023, when the record began; the account is older")
	default:
		s.At = scanners.Never[time.Time]()
	}
	return s
}

// deleted reads one soft-deleted user: an account that nobody can use, and that an administrator can restore for 30 days.
func (d *decoder) deleted(raw json.RawMessage) (scanners.Account, error) {
	a, err := d.user(raw)
	if err != nil {
		return a, err
	}
	var r record
	if err := r.take(raw, d.places); err != nil {
		return a, err
	}
	a.Enabled = scanners.Known(false)
	a.DisabledAt = r.time(fDeleted, "deletedDateTime is empty")
	a.Signals = []scanners.Signal{{Name: names[fLastSuccess], At: scanners.Unknown[time.Time]("not shown of deleted users"), Precision: lag}}
	if len(a.Logins) > 0 { // the name is freed for others by putting the id before it
		a.Logins[0] = strings.TrimPrefix(a.Logins[0], strings.ReplaceAll(a.ID, "-", ""))
	}
	a.Evidence = append([]scanners.Attribute{{Name: "soft-deleted", Values: []string{"true"}}}, append(r.evidence(fDeleted), a.Evidence...)...)
	return a, nil
}

// surround adds what other collections say about the user.
func (d *decoder) surround(r *record, a *scanners.Account) {
	if ids, err := r.related(fManager); err == nil && len(ids) > 0 {
		a.Manager = ids[0]
	}
	if a.Kind == scanners.KindGuest {
		a.Sponsor = d.sponsors.of(a.ID)
	}
	d.privileges(a)
	a.Grants = append(a.Grants, d.assigned.grants(a.ID)...)
	d.licences(r, a)
}

// licences reads which licences the user holds and which of them come through a group, where alone they can be taken away.
func (d *decoder) licences(r *record, a *scanners.Account) {
	var held []struct{ SkuID string }
	if r[fLicences] != nil && json.Unmarshal(r[fLicences], &held) == nil {
		for _, licence := range held {
			if name := d.sku(licence.SkuID); !slices.Contains(a.Licences, name) {
				a.Licences = append(a.Licences, name)
			}
		}
	}
	var states []struct{ SkuID, AssignedByGroup string }
	if r[fStates] == nil || json.Unmarshal(r[fStates], &states) != nil {
		return
	}
	for _, state := range states {
		direct := state.AssignedByGroup == ""
		a.Grants = append(a.Grants, scanners.Grant{ID: state.SkuID, Name: d.sku(state.SkuID), Type: "licence", Direct: direct, Removable: direct})
	}
}

// sku is the name of a product, or its id when it has no name here.
func (s *surroundings) sku(id string) string {
	if name := s.skus[strings.ToLower(id)]; name != "" {
		return name
	}
	return id
}
