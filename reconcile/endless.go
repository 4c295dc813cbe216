package reconcile

import "slices"

// findEndless notes everybody who works under a contract that states no end.
func (e *Engine) findEndless() {
	p := new(Person)
	for i := range e.roster.records {
		if len(e.settings.Contractors) == 0 && !e.roster.records[i].has(mayBeEndless) {
			continue
		}
		if e.roster.load(p, int32(i)); e.endlessContract(p) {
			e.endless[int32(i)] = true
		}
	}
}

// withoutEnd reports whether whoever answers for the account works under a contract that states no end.
func (e *Engine) withoutEnd(f *file) bool {
	p := f.responsible()
	if len(e.endless) == 0 || p == nil {
		return false
	}
	for _, i := range e.roster.members(p.who, p.apart) {
		if e.endless[i] {
			return true
		}
	}
	return false
}

// endlessContract reports whether p works under a contract that states no end: in a source of contractors, or by the type of
// the employment.
func (e *Engine) endlessContract(p *Person) bool {
	if len(p.Also) > 0 {
		if i := e.roster.find(p.Ref()); i >= 0 {
			return slices.ContainsFunc(e.roster.humans[i].members, func(member int32) bool { return e.endlessContract(e.roster.person(member)) })
		}
	}
	contractors := e.settings.Contractors[p.System]
	if p.Gone() || p.State == Prehire {
		return false
	}
	for i := range p.Employments {
		t := &p.Employments[i]
		if t.End.IsKnown() || t.Status.Ended() {
			continue
		}
		if contractors || contingent(t.Type) {
			return true
		}
	}
	return contractors && len(p.Employments) == 0
}

// contingent reports whether employments of the type ought to have an end, whatever their source is.
func contingent(employment string) bool {
	employment = Fold(employment)
	return employment == "contractor" || employment == "contingent worker"
}
