package stages

import "fmt"

var registry = map[string]Decoder{}

// late has the stages that a child would not know before its main.
var late = map[string]bool{}

type namedStage struct {
	name string
	Stage
}

func build(steps []Step) ([]namedStage, error) {
	var built []namedStage
	for _, step := range steps {
		decode, ok := registry[step.Stage]
		if !ok {
			return nil, fmt.Errorf("stage %q is not registered", step.Stage)
		}
		stage, err := decode(step.Args)
		if err != nil {
			return nil, err
		}
		built = append(built, namedStage{step.Stage, stage})
	}
	return built, nil
}
