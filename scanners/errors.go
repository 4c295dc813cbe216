package scanners

// ConfigError is a fault of the configuration that a connector finds only when it opens or reads its system, such as a
// mapped column that the file does not have. The run ends with the exit code for configuration errors.
type ConfigError struct{ Err error }

// Error gives the text of the wrapped error.
func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap gives the wrapped error.
func (e *ConfigError) Unwrap() error { return e.Err }
