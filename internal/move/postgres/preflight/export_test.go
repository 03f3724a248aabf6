package preflight

import "example.com/landfall/internal/move/postgres/preflight/facts"

// Judge judges facts without a server.
func Judge(s, t *facts.Facts, o Options) ([]Finding, error) {
	j, err := newJudge(s, t, o)
	if err != nil {
		return nil, err
	}
	return j.all(), nil
}

// JudgeProbed is Judge after a probe from the target that was refused.
func JudgeProbed(s, t *facts.Facts, refused string) ([]Finding, error) {
	j, err := newJudge(s, t, Options{})
	if err != nil {
		return nil, err
	}
	j.probed = []probe{{Target, refused}}
	return j.all(), nil
}

// Effects lists what a move of judged facts writes.
func Effects(s, t *facts.Facts, o Options) ([]Effect, error) {
	j, err := newJudge(s, t, o)
	if err != nil {
		return nil, err
	}
	j.all()
	return j.effects(), nil
}

// EstimateOf adds up the facts of a source.
func EstimateOf(s *facts.Facts, o Options, samples []facts.Sample) (Estimate, error) {
	j, err := newJudge(s, nil, o)
	if err != nil {
		return Estimate{}, err
	}
	return j.estimate(samples), nil
}

// JudgeWithoutPrograms is Judge on a machine that has no pg_dump for the source.
func JudgeWithoutPrograms(s, t *facts.Facts, why string) ([]Finding, error) {
	j, err := newJudge(s, t, Options{})
	if err != nil {
		return nil, err
	}
	j.unread = why
	return j.all(), nil
}
