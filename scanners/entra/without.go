//go:build noentra

package entra

import (
	"context"
	"errors"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// client is what a build without the Graph SDK has in place of a connection: nothing can be asked.
type client struct {
	settings *settings
	watch    *api.Watch
}

func newClient(*settings, scanners.Env) (*client, error) {
	return nil, &scanners.ConfigError{Err: errors.New("this build of leaver has no connector for Entra ID: it was made with the tag noentra\n" +
		"hint: build it with `make build`, which needs 5 GB of memory for the Graph SDK")}
}

func (g *client) ask(context.Context, question) (envelope, error) {
	return envelope{}, errors.New("this build has no connector for Entra ID")
}

func (g *client) rights() []string { return nil }
