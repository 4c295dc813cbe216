package schedule

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// SyntaxError says what is wrong with a cron expression.
type SyntaxError struct {
	// Expression is the whole text, Field the name of the field at fault ("minute"); empty when it is the whole.
	Expression string
	Field      string
	// Problem says what is wrong, Hint what to write instead; Hint may be empty.
	Problem string
	Hint    string
}

// Error names expression, field, problem and, on a second line, the hint.
func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("cron expression %q: ", e.Expression)
	if e.Field != "" {
		text += e.Field + ": "
	}
	text += e.Problem
	if e.Hint != "" {
		text += "\nhint: " + e.Hint
	}
	return text
}

// set holds numbers from 0 to 63, one a bit.
type set uint64

func (s set) has(n int) bool { return s&(1<<n) != 0 }

// field describes one of the five fields.
type field struct {
	name     string
	min, max int
	// names are the words for min, min+1 and so on.
	names []string
}

func fields() [5]field {
	return [5]field{
		{"minute", 0, 59, nil},
		{"hour", 0, 23, nil},
		{"day of the month", 1, 31, nil},
		{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
		{"day of the week", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
	}
}

func shorthands() map[string]string {
	return map[string]string{"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
		"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *"}
}

// maxLength bounds an expression: every minute of an hour listed one by one is shorter.
const maxLength = 1000

// Parse reads a cron expression whose times are meant in zone; nil means UTC. The error is a [*SyntaxError].
func Parse(expression string, zone *time.Location) (Schedule, error) {
	if zone == nil {
		zone = time.UTC
	}
	s := Schedule{text: expression, zone: zone}
	if wrong := s.parse(); wrong != nil {
		wrong.Expression = expression
		if len(expression) > maxLength {
			wrong.Expression = expression[:maxLength] + "…"
		}
		return Schedule{}, wrong
	}
	return s, nil
}

func (s *Schedule) parse() *SyntaxError {
	if len(s.text) > maxLength {
		return &SyntaxError{Problem: fmt.Sprintf("is longer than %d characters", maxLength)}
	}
	words := strings.Fields(strings.ToLower(s.text))
	if len(words) == 1 && strings.HasPrefix(words[0], "@") {
		long, known := shorthands()[words[0]]
		if !known {
			return &SyntaxError{Problem: fmt.Sprintf("%q is not known", words[0]), Hint: "use @hourly, @daily, @weekly, @monthly, @yearly or five fields"}
		}
		words = strings.Fields(long)
	}
	if len(words) != 5 {
		return &SyntaxError{Problem: fmt.Sprintf("has %d fields, not five", len(words)),
			Hint: "minute, hour, day of the month, month, day of the week: \"30 2 * * *\" is every night at 02:30; zone is a key of its own"}
	}
	into := [5]*set{&s.minutes, &s.hours, &s.days, &s.months, &s.weekdays}
	for i, f := range fields() {
		values, wrong := f.parse(words[i])
		if wrong != nil {
			wrong.Field = f.name
			return wrong
		}
		*into[i] = values
	}
	if s.weekdays.has(7) { // Sunday has two numbers
		s.weekdays = s.weekdays&^(1<<7) | 1
	}
	return s.settleDays(words[2], words[4])
}

// settleDays decides how the two day fields go together, and refuses days that never come.
func (s *Schedule) settleDays(days, weekdays string) *SyntaxError {
	s.either = days != "*" && weekdays != "*"
	if s.either && (strings.Contains(days, "*") || strings.Contains(weekdays, "*")) {
		return &SyntaxError{Problem: "gives both day fields and a step over all days in one: cron programs differ in what that means",
			Hint: "list the days, or leave one of the two fields at *"}
	}
	if s.either || weekdays != "*" {
		return nil
	}
	for month := 1; month <= 12; month++ {
		longest := time.Date(2024, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
		if s.months.has(month) && bits.TrailingZeros64(uint64(s.days)) <= longest {
			return nil
		}
	}
	return &SyntaxError{Field: "day of the month", Problem: "never comes in the given months"}
}

// parse reads one field: a list of parts.
func (f *field) parse(text string) (set, *SyntaxError) {
	var all set
	for part := range strings.SplitSeq(text, ",") {
		values, wrong := f.part(part)
		if wrong != nil {
			return 0, wrong
		}
		all |= values
	}
	return all, nil
}

// part reads a number, a range or *, each but the number with an optional step.
func (f *field) part(text string) (set, *SyntaxError) {
	span, stepText, stepped := strings.Cut(text, "/")
	first, last, wrong := f.span(span)
	switch {
	case wrong != nil:
		return 0, wrong
	case stepped && span != "*" && !strings.Contains(span, "-"):
		return 0, &SyntaxError{Problem: fmt.Sprintf("%q has a step and no range: cron programs differ in what that means", text),
			Hint: fmt.Sprintf("write %s-%d/%s", span, f.max, stepText)}
	}
	step := 1
	if stepped {
		var ok bool
		if step, ok = number(stepText); !ok || step == 0 {
			return 0, &SyntaxError{Problem: fmt.Sprintf("%q is no step", stepText), Hint: "for example */15"}
		}
		if step > last-first {
			return 0, &SyntaxError{Problem: fmt.Sprintf("a step of %d is longer than the range it is in", step)}
		}
	}
	var values set
	for n := first; n <= last; n += step {
		values |= 1 << n
	}
	return values, nil
}

// span reads what stands before a step: *, a number or a range.
func (f *field) span(text string) (first, last int, wrong *SyntaxError) {
	if text == "*" {
		last = f.max
		if last == 7 { // Sunday only once, or steps would hit it twice
			last = 6
		}
		return f.min, last, nil
	}
	from, to, isRange := strings.Cut(text, "-")
	if first, wrong = f.value(from); wrong != nil {
		return 0, 0, wrong
	}
	if !isRange {
		return first, first, nil
	}
	if last, wrong = f.value(to); to == "sun" {
		last = 7
	}
	if wrong == nil && first > last {
		wrong = &SyntaxError{Problem: fmt.Sprintf("the range %q runs backwards", text), Hint: "write two ranges, such as 22-23,0-4"}
	}
	return first, last, wrong
}

// value reads a number or a name of the field.
func (f *field) value(text string) (int, *SyntaxError) {
	for i, name := range f.names {
		if text == name {
			return f.min + i, nil
		}
	}
	n, ok := number(text)
	switch {
	case !ok:
		return 0, &SyntaxError{Problem: fmt.Sprintf("%q is not understood", text), Hint: "numbers, lists (1,15), ranges (1-5) and steps (*/15)"}
	case n < f.min || n > f.max:
		return 0, &SyntaxError{Problem: fmt.Sprintf("%d is not within %d to %d", n, f.min, f.max)}
	}
	return n, nil
}

// number reads up to two digits and nothing else.
func number(text string) (int, bool) {
	if len(text) == 0 || len(text) > 2 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
