package job

import (
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// Inputs are the parameters of a run as they are sealed in its folder, beside the snapshots and the history: with them
// the run can be judged again, whatever leaver.yaml says by then.
type Inputs struct {
	AsOf        time.Time            `json:"as_of"`
	Zone        string               `json:"zone"`
	Zones       map[string]string    `json:"zones"`
	Keys        []string             `json:"keys"`
	MailDomains map[string]string    `json:"mail_domains"`
	KeepZeros   map[string]bool      `json:"keep_zeros"`
	Contractors map[string]bool      `json:"contractors"`
	Thresholds  reconcile.Thresholds `json:"thresholds"`
	// People and Sources name what was read, in order; Unread the account sources that were not, or not completely.
	People     []string              `json:"people"`
	Sources    []string              `json:"sources"`
	Unread     []string              `json:"unread"`
	Rules      []policies.Rule       `json:"rules"`
	Exclusions []policies.Exclusion  `json:"exclusions"`
	LoginRules []reconcile.LoginRule `json:"login_rules"`
	Links      []reconcile.Link      `json:"links"`
	// TooBroad holds the exclusions that matched too much of a system, by id, and what they matched.
	TooBroad map[string]string `json:"too_broad,omitempty"`
}

// settings turns sealed inputs into what the engine takes.
func (in *Inputs) settings() (reconcile.Settings, error) {
	s := reconcile.Settings{AsOf: in.AsOf, Keys: in.Keys, MailDomains: in.MailDomains, KeepZeros: in.KeepZeros,
		PeopleComplete: true, Thresholds: in.Thresholds, Contractors: in.Contractors, Links: in.Links, LoginRules: in.LoginRules, Zones: map[string]*time.Location{}}
	var err error
	if s.Zone, err = time.LoadLocation(in.Zone); err != nil {
		return s, err
	}
	for source, name := range in.Zones {
		if s.Zones[source], err = time.LoadLocation(name); err != nil {
			return s, err
		}
	}
	return s, nil
}

// rules turns sealed inputs into what decides.
func (in *Inputs) rules(zone *time.Location) policies.Set {
	return policies.Set{Rules: in.Rules, Exclusions: in.Exclusions, Now: in.AsOf, Zone: zone, Hold: in.Thresholds.Hold, Planned: planned,
		TooBroad: in.TooBroad}
}

// inputs collects the parameters of this run.
func (t *attempt) inputs() Inputs {
	c := t.Config
	in := Inputs{AsOf: t.asOf, Zone: c.Timezone, Zones: map[string]string{}, Contractors: map[string]bool{}, Keys: c.Correlation.Keys,
		MailDomains: c.Correlation.MailDomains, KeepZeros: map[string]bool{}, Thresholds: c.Thresholds,
		Rules: t.Rules, Exclusions: c.Exclusions, Links: c.Links, LoginRules: c.Correlation.LoginRules, TooBroad: t.tooBroad}
	for _, source := range c.People {
		in.Zones[source.Name] = source.Zone.String()
		in.KeepZeros[source.Name] = c.Correlation.KeepZeros
		in.Contractors[source.Name] = source.Contractors
		in.People = append(in.People, source.Name)
	}
	for _, s := range t.sources {
		in.Sources = append(in.Sources, s.Name)
	}
	in.Unread = t.unread()
	return in
}
