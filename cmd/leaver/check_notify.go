package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/connect"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/notify"
)

// notifyNotes tells what would keep messages from being delivered, as far as it shows without sending one.
func notifyNotes(c *config.Config) []job.Note {
	var notes []job.Note
	note := func(what string, err error) {
		if err != nil {
			notes = append(notes, job.Note{Topic: "notify", Text: what + ": " + strings.ReplaceAll(err.Error(), "\n", "; ")})
		}
	}
	n := c.Notify
	if n.CAFile != "" {
		_, err := connect.Roots(n.CAFile)
		note("ca_file", err)
	}
	if n.Metrics != "" {
		_, err := os.Stat(filepath.Dir(n.Metrics))
		note("metrics", err)
	}
	for _, ping := range []struct{ what, address string }{{"start", n.Ping.Start}, {"success", n.Ping.Success}, {"failure", n.Ping.Failure}} {
		if ping.address != "" {
			_, err := c.Address(ping.address)
			note("ping "+ping.what, err)
		}
	}
	for i, box := range n.Mail {
		if box.Password != "" {
			_, err := c.Secret(box.Password)
			note(fmt.Sprintf("mail %d", i+1), err)
		}
	}
	if n.Notices != nil && n.Notices.Password != "" {
		_, err := c.Secret(n.Notices.Password)
		note("notices", err)
	}
	for _, hook := range n.Webhooks {
		_, err := c.Address(hook.URL)
		note("webhook "+hook.Name, errors.Join(err, checkSecret(c, hook)))
	}
	return notes
}

func checkSecret(c *config.Config, hook config.Webhook) error {
	text, err := c.Secret(hook.Secret)
	if err == nil {
		_, err = notify.Secret(text.Reveal())
	}
	return err
}
