package scanners

// Typed turns a connector's constructor, which takes its own configuration struct, into the form that [Kind] holds. The
// struct starts as its zero value; open checks it and sets defaults.
func Typed[C any, R Record](open func(C, Env) (Source[R], error)) func(Decode, Env) (Source[R], error) {
	return func(decode Decode, env Env) (Source[R], error) {
		var config C
		if err := decode(&config); err != nil {
			return nil, err
		}
		return open(config, env)
	}
}
