//go:build !noentra

package entra

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// single reports whether the answer is one resource and not a collection.
func (q question) single() bool {
	return q.what == oneUser || q.what == oneDeletedUser || q.what == oneServicePrincipal
}

// open takes an answer apart.
func (q question) open(body []byte) (envelope, error) {
	if q.single() {
		if !json.Valid(body) {
			return envelope{}, errors.New("the answer is no JSON")
		}
		return envelope{records: []json.RawMessage{body}}, nil
	}
	records, rest, err := api.Split(body, "value")
	if err != nil {
		return envelope{}, err
	}
	e := envelope{records: records}
	if raw, ok := rest["@odata.nextLink"]; ok {
		if err := json.Unmarshal(raw, &e.next); err != nil {
			return envelope{}, fmt.Errorf("@odata.nextLink: %w", err)
		}
	}
	if raw, ok := rest["@odata.count"]; ok {
		if err := json.Unmarshal(raw, &e.count); err != nil {
			return envelope{}, fmt.Errorf("@odata.count: %w", err)
		}
		e.counted = true
	}
	return e, nil
}

// newRefusal reads what Graph says, or the sign-in service.
func newRefusal(status *api.StatusError, body []byte) *refusal {
	var said struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	var graph struct{ Code, Message string }
	r := &refusal{StatusError: status}
	if json.Unmarshal(body, &said) != nil || said.Error == nil {
		return r
	}
	if json.Unmarshal(said.Error, &graph) == nil {
		r.code, r.Said = graph.Code, graph.Code+": "+graph.Message
	} else if json.Unmarshal(said.Error, &r.code) == nil {
		r.Said, _, _ = strings.Cut(said.Description, "\r\n")
	}
	return r
}
