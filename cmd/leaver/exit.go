package main

import (
	"context"
	"errors"
	"slices"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/scanners"
)

// The exit codes. Other people's scripts rely on them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitIncomplete  = 3
	exitFindings    = 4
	exitGate        = 5
	exitPlan        = 6
	exitLocked      = 11
	exitInterrupted = 130
)

// precedence orders the codes for the case that several hold.
var precedence = [...]int{exitInterrupted, exitUsage, exitLocked, exitFailed, exitGate, exitPlan, exitIncomplete, exitFindings}

// worst returns the first of the given codes in the order of precedence.
func worst(codes ...int) int {
	for _, code := range precedence {
		if slices.Contains(codes, code) {
			return code
		}
	}
	return exitOK
}

// usageError is a mistake on the command line.
type usageError struct{ error }

// exitCode maps an error to the code that scripts see.
func exitCode(err error) int {
	var (
		wrong     *config.Error
		connector *scanners.ConfigError
		gate      *job.GateError
		locked    *runstore.LockedError
		usage     usageError
		plan      planError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &plan):
		return exitPlan
	case errors.Is(err, job.ErrIncomplete):
		return exitIncomplete
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &wrong), errors.As(err, &connector), errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &locked):
		return exitLocked
	case errors.As(err, &gate):
		return exitGate
	default:
		return exitFailed
	}
}
