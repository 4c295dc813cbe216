package reports

import (
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

func TestTerminationTest(t *testing.T) {
	// The last day is Friday 20 November; employment ends at 23:00 UTC on that day, 24 hours before the as-of.
	person := leaver("E1", "Doe", "Alex", "2026-11-20")
	long := leaver("E2", "Doe", "Bo", "2026-11-01")
	inferred := &reconcile.Person{System: "hr", ID: "E3", State: reconcile.Ended, End: reconcile.End{At: when("2026-11-10 23:00"), Inferred: true}}
	on := func(p *reconcile.Person, used string, kind reconcile.Kind) reconcile.Verdict {
		return verdict(account("crm", "1", "a", used), kind, reconcile.High, p, "why")
	}
	off := func(p *reconcile.Person, used, at string) reconcile.Verdict {
		return verdict(disabled(account("crm", "1", "a", used), at), reconcile.KindNone, reconcile.Info, p, "")
	}
	neverUsed := off(person, "", "2026-11-20 23:10")
	neverUsed.Account.Signals = []scanners.Signal{{Name: "lastLogon", At: scanners.Never[time.Time]()}}
	rounded := off(person, "2026-11-15 10:00", "2026-11-20 23:10")
	rounded.Account.Signals[0].Precision, rounded.LastUse.Precision = 14*24*time.Hour, 14*24*time.Hour
	half := off(person, "2026-11-15 10:00", "2026-11-20 23:10")
	half.Account.Signals = append(half.Account.Signals, scanners.Signal{Name: "webLogon", At: scanners.Unknown[time.Time]("not readable")})
	unknownState := on(long, "", reconcile.LeaverActive)
	unknownState.Account.Enabled = scanners.Unknown[bool]("no column")

	const day = 24 * time.Hour
	tests := map[string]struct {
		verdict  reconcile.Verdict
		decision policies.Decision
		limit    time.Duration // below zero: none stated
		want     string        // result and the marks A to E
	}{
		"disabled the same day":                          {off(person, "2026-11-19 10:00", "2026-11-20 23:30"), none(), 0, "Pass ✓✓✓–✓"},
		"disabled before the end":                        {off(person, "2026-11-19 10:00", "2026-11-19 23:30"), none(), 0, "Pass ✓✓✓–✓"},
		"disabled a day late, at once demanded":          {off(long, "2026-10-19 10:00", "2026-11-03 00:30"), none(), 0, "Late ✓✗✓–✓"},
		"disabled in hour 4 of 4":                        {off(long, "2026-10-19 10:00", "2026-11-02 03:00"), none(), 4 * time.Hour, "Pass ✓✓✓–✓"},
		"disabled in hour 5 of 4, no whole day late":     {off(long, "2026-10-19 10:00", "2026-11-02 03:01"), none(), 4 * time.Hour, "Late ✓✗✓–✓"},
		"disabled at an unknown time":                    {off(long, "2026-10-19 10:00", ""), none(), day, "Not tested ✓–✓–✓"},
		"disabled at an unknown time, no limit":          {off(long, "2026-10-19 10:00", ""), none(), -1, "Pass ✓–✓–✓"},
		"disabled in time, but used after the end":       {off(person, "2026-11-21 01:00", "2026-11-21 02:00"), none(), day, "Late ✓✓✗–✓"},
		"disabled, used within the tolerance":            {off(person, "2026-11-20 23:14", "2026-11-20 23:20"), none(), day, "Pass ✓✓✓–✓"},
		"disabled, never used":                           {neverUsed, none(), day, "Pass ✓✓✓–✓"},
		"disabled, signal too coarse to tell":            {rounded, none(), day, "Pass ✓✓––✓"},
		"disabled, one signal unreadable":                {half, none(), day, "Pass ✓✓––✓"},
		"disabled, use unknown":                          {off(person, "", "2026-11-20 23:10"), none(), day, "Pass ✓✓––✓"},
		"disabled, end inferred":                         {off(inferred, "2026-10-19 10:00", "2026-11-11 10:00"), none(), day, "Not tested –––" + "–✓"},
		"disabled and excluded: tested like any other":   {off(long, "2026-10-19 10:00", "2026-11-09 00:30"), policies.Decision{Kind: policies.Excluded, By: "X-01"}, day, "Late ✓✗✓–✓"},
		"enabled, limit not reached":                     {on(person, "2026-11-19 10:00", reconcile.LeaverActive), reportOnly(), 2 * day, "Open ✓–✓✗–"},
		"enabled past the limit":                         {on(long, "2026-10-19 10:00", reconcile.LeaverActive), dueDecision(), day, "Open ✓✗✓✗–"},
		"enabled past the limit, in grace":               {on(long, "2026-10-19 10:00", reconcile.LeaverActive), graceDecision(), day, "In grace ✓✗✓––"},
		"enabled, no limit":                              {on(long, "2026-10-19 10:00", reconcile.LeaverActive), reportOnly(), -1, "Open ✓✗✓✗–"},
		"enabled, no limit, in grace":                    {on(long, "2026-10-19 10:00", reconcile.LeaverActive), graceDecision(), -1, "In grace ✓–✓––"},
		"used after the end, in grace":                   {on(long, "2026-11-09 10:00", reconcile.UsedAfterEnd), graceDecision(), day, "Open ✓✗✗✗–"},
		"used after the end, excluded":                   {on(long, "2026-11-09 10:00", reconcile.UsedAfterEnd), policies.Decision{Kind: policies.Excluded, By: "X-01"}, day, "Excluded ✓✗✗✓–"},
		"excluded without an approver":                   {on(long, "2026-10-19 10:00", reconcile.LeaverActive), policies.Decision{Kind: policies.Excluded, By: "X-02"}, day, "Excluded ✓✗✓✗–"},
		"excluded by an exclusion that is not on record": {on(long, "2026-10-19 10:00", reconcile.LeaverActive), policies.Decision{Kind: policies.Excluded, By: "X-99"}, day, "Excluded ✓✗✓✗–"},
		"kept":                                   {on(long, "2026-10-19 10:00", reconcile.LeaverActive), policies.Decision{Kind: policies.Keep}, day, "Excluded ✓✗✓✓–"},
		"held":                                   {on(long, "2026-10-19 10:00", reconcile.LeaverActive), policies.Decision{Kind: policies.Held}, day, "Open ✓✗✓✗–"},
		"HR contradicts itself":                  {flagged(on(long, "2026-10-19 10:00", reconcile.LeaverActive), reconcile.HRConflict), reportOnly(), day, "Open ✗✗✓✗–"},
		"end inferred":                           {on(inferred, "2026-10-19 10:00", reconcile.LeaverActive), reportOnly(), day, "Open –––✗–"},
		"end inferred, in use since":             {flagged(on(inferred, "2026-11-19 10:00", reconcile.LeaverActive), reconcile.InUse), reportOnly(), day, "Open ––✗✗–"},
		"state unknown":                          {unknownState, reportOnly(), day, "Open ✓✗–✗–"},
		"disabled, yet used after the disabling": {verdict(disabled(account("crm", "1", "a", "2026-11-18 10:00"), "2026-11-02 00:00"), reconcile.Contradiction, reconcile.High, long, "w"), reportOnly(), day, "Open ✓✓✗✗✗"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := everything()
			r.Thresholds.RemovalStated, r.Thresholds.Removal = test.limit >= 0, max(0, test.limit)
			a := newIndex(r).assess(Row{test.verdict, test.decision})
			got := string(a.Result) + " "
			for _, m := range a.Marks {
				got += string(m)
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestPopulation(t *testing.T) {
	gone, service := leaver("E1", "Doe", "Alex", "2026-11-01"), account("crm", "1", "svc", "")
	service.Kind = scanners.KindService
	bySponsor := verdict(account("crm", "1", "a", ""), reconcile.KindNone, reconcile.Info, gone, "")
	bySponsor.MatchedBy = "sponsor"
	tests := map[string]struct {
		verdict reconcile.Verdict
		want    bool
		home    home
	}{
		"disabled account of a leaver":         {verdict(disabled(account("crm", "1", "a", ""), ""), reconcile.KindNone, reconcile.Info, gone, ""), true, onTerminations},
		"contradiction of a leaver":            {verdict(disabled(account("crm", "1", "a", ""), ""), reconcile.Contradiction, reconcile.High, gone, ""), true, onTerminations},
		"contradiction of somebody employed":   {verdict(disabled(account("crm", "1", "a", ""), ""), reconcile.Contradiction, reconcile.High, employed("E2", "D", "B"), ""), false, onOther},
		"service account a leaver answers for": {verdict(service, reconcile.OwnerLeft, reconcile.High, gone, ""), false, onOther},
		"disabled service account":             {verdict(disabled(service, ""), reconcile.KindNone, reconcile.Info, gone, ""), false, onOther},
		"sponsored by a leaver":                {bySponsor, false, onOther},
		"orphan":                               {verdict(account("crm", "1", "a", ""), reconcile.Orphan, reconcile.High, nil, ""), false, onOrphans},
		"dormant":                              {verdict(account("crm", "1", "a", ""), reconcile.Dormant, reconcile.Low, employed("E2", "D", "B"), ""), false, onDormant},
		"never used without an owner":          {verdict(account("crm", "1", "a", ""), reconcile.NeverUsed, reconcile.Low, nil, ""), false, onDormant},
		"disputed":                             {disputed(), false, onAmbiguous},
		"excluded without a finding":           {verdict(account("crm", "1", "a", ""), reconcile.KindNone, reconcile.Info, nil, ""), false, onOther},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := Row{Verdict: test.verdict}
			if r.OfLeaver() != test.want || homeOf(r) != test.home {
				t.Errorf("OfLeaver %v, home %d; want %v, %d", r.OfLeaver(), homeOf(r), test.want, test.home)
			}
		})
	}
}

func TestUnknownIsNeverNo(t *testing.T) {
	blank := &scanners.Account{System: "crm", ID: "c-1"}
	gone := leaver("E1", "Doe", "Alex", "2026-11-01")
	v := verdict(blank, reconcile.LeaverActive, reconcile.High, gone, "why")
	v.DaysLate, v.DaysLateHR = scanners.Unknown[int64]("not known"), scanners.Unknown[int64]("not known")
	orphan := verdict(&scanners.Account{System: "crm", ID: "c-2"}, reconcile.Orphan, reconcile.High, nil, "why")
	off := verdict(disabled(&scanners.Account{System: "crm", ID: "c-3"}, ""), reconcile.KindNone, reconcile.Info, gone, "")
	r := report([]Row{{v, reportOnly()}, {orphan, reportOnly()}, {off, none()}})
	all := grids(t, open(t, workbook(t, r)), false)

	for sheet, cells := range map[string]map[string][]string{
		"Terminations": {"T-00001": {"Priv.", "Enabled", "Last sign-in (UTC)", "Days late", "Late by HR", "Late by IT"}, "T-00002": {"Priv.", "Last sign-in (UTC)", "Disabled at (UTC)", "Days late"}},
		"Orphans":      {"O-00001": {"Priv.", "Enabled", "Last sign-in (UTC)", "Created (UTC)"}},
	} {
		for id, heads := range cells {
			for _, head := range heads {
				if got := cellsUnder(t, all[sheet], head)[id]; got != unknown {
					t.Errorf("%s %s %q: %q, want unknown", sheet, id, head, got)
				}
			}
		}
	}
	l := Lines(r)(Row{v, reportOnly()})
	if l.Enabled != nil || l.Privileged != nil || l.LastUse != nil || l.Created != nil || l.DaysLate != nil || l.DisabledAt != nil {
		t.Errorf("an unknown fact has a value: %+v", l)
	}
	var b strings.Builder
	if err := CSV(&b, r); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(strings.Split(b.String(), "\n")[1], ","+unknown); n != 8 {
		t.Errorf("%d unknown fields in %s", n, strings.Split(b.String(), "\n")[1])
	}
}
